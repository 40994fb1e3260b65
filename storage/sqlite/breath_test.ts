// Reads one after the other, and the event loop between them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { breath } from "./breath.ts";

/** A breath, and work that takes as long as it says. */
function worker(): { readonly work: (ms: number) => Promise<void> | undefined } {
  let time = 0;
  const breathe = breath(() => time);
  return {
    work(ms) {
      const turn = breathe();
      const toil = () => void (time += ms);
      return turn ? turn.then(toil) : toil();
    },
  };
}

test("breath() lets go on who works for a moment only", () => {
  const { work } = worker();
  for (let n = 0; n < 40; n++) assert.equal(work(0.1), undefined);
});

test("breath() lets the event loop go round when work takes long", async () => {
  const { work } = worker();
  let turns = 0;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  for (let n = 0; n < 10; n++) await work(5);
  clearImmediate(counting);
  assert.ok(turns >= 9, `${turns} turns`);
});

test("breath() serves a crowd in its order", async () => {
  const { work } = worker();
  const done: number[] = [];
  await Promise.all(Array.from({ length: 10 }, async (_, n) => {
    for (let part = 0; part < 3; part++) {
      const turn = work(3);
      if (turn) await turn;
    }
    done.push(n);
  }));
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
