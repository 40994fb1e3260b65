// An iteration that was begun elsewhere loses nothing, and its source hears of an early end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { goingOn } from "./going_on.ts";

function counted(most: number) {
  const seen = { asked: 0, ended: 0 };
  async function* numbers() {
    try {
      for (let n = 1; n <= most; n++) {
        seen.asked++;
        yield n;
      }
    } finally {
      seen.ended++;
    }
  }
  return { seen, source: numbers() };
}

test("goingOn() gives the first, and all that follow", async () => {
  const { source } = counted(3);
  assert.deepEqual(await Array.fromAsync(goingOn(source.next(), source)), [1, 2, 3]);
});

test("goingOn() gives nothing where there was no first", async () => {
  const { source } = counted(0);
  assert.deepEqual(await Array.fromAsync(goingOn(source.next(), source)), []);
});

test("whoever stops early stops the source", async () => {
  const { source, seen } = counted(9);
  for await (const n of goingOn(source.next(), source)) if (n === 2) break;
  assert.deepEqual(seen, { asked: 2, ended: 1 });
});

test("an error of the first one comes out", async () => {
  const { source } = counted(1);
  const first = Promise.reject(new Error("broken"));
  await assert.rejects(Array.fromAsync(goingOn<number>(first, source)), /broken/);
});
