// Portions come in their order, early, and never silently fewer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred, settle } from "../../../../../tests/kit.ts";
import { ahead, handed } from "./portions.ts";

test("handed() gives each portion as soon as it is there", async () => {
  const gate = deferred<void>();
  const portions = handed<number>(async (hand) => {
    hand(1);
    hand(2);
    await gate.promise;
    hand(3);
  });
  assert.equal((await portions.next()).value, 1);
  assert.equal((await portions.next()).value, 2);
  const third = portions.next();
  gate.resolve();
  assert.equal((await third).value, 3);
  assert.equal((await portions.next()).done, true);
});

test("handed() gives what came before an error, and then the error", async () => {
  const portions = handed<number>((hand) => {
    hand(1);
    return Promise.reject(new Error("broken"));
  });
  assert.equal((await portions.next()).value, 1);
  await settle();
  await assert.rejects(portions.next(), /broken/);
});

test("ahead() asks for one more than was taken, and no sooner than the one before came", async () => {
  let asked = 0;
  const gate = deferred<void>();
  async function* source() {
    for (;;) {
      if (++asked === 3) await gate.promise;
      yield asked;
    }
  }
  const numbers = ahead(source());
  assert.equal(asked, 0);
  assert.equal((await numbers.next()).value, 1);
  assert.equal(asked, 2);
  assert.equal((await numbers.next()).value, 2);
  await settle();
  assert.equal(asked, 3);
  gate.resolve();
  assert.equal((await numbers.next()).value, 3);
});

test("ahead() keeps an error of the next one for whoever asks for it", async () => {
  async function* source() {
    yield 1;
    throw new Error("broken");
  }
  const numbers = ahead(source());
  assert.equal((await numbers.next()).value, 1);
  await settle();
  await assert.rejects(numbers.next(), /broken/);
});
