import assert from "node:assert/strict";
import { test } from "node:test";
import { chunks } from "../../tests/kit_mailbox.ts";
import { Refused } from "./api.ts";
import { type Bytes, collect, concat, limited, pieces, tee } from "./bytes.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("limited() lets the last allowed byte through and stops at the next", async () => {
  assert.equal((await collect(limited(chunks("x".repeat(100), 7), 100))).length, 100);
  await assert.rejects(
    collect(limited(chunks("x".repeat(101), 7), 100)),
    (error) => error instanceof Refused && error.reason === "tooLarge",
  );
});

test("pieces() cuts every stream into pieces of the same size", async () => {
  for (const chunk of [1, 9, 10, 11, 25, 100]) {
    const found: number[] = [];
    for await (const piece of pieces(chunks("x".repeat(45), chunk), 10)) found.push(piece.length);
    assert.deepEqual(found, [10, 10, 10, 10, 5]);
  }
});

test("tee() reads once for all, in step", async () => {
  let read = 0;
  async function* source(): Bytes {
    for await (const chunk of chunks("abcdef", 1)) {
      read++;
      yield chunk;
    }
  }
  const [a, b] = tee(source(), 2);
  const first = a!.next();
  await Promise.resolve();
  assert.equal(read, 0);
  assert.equal(text((await b!.next()).value!), "a");
  assert.equal(text((await first).value!), "a");
  const rest = await Promise.all([collect(a!), collect(b!)]);
  assert.deepEqual(rest.map(text), ["bcdef", "bcdef"]);
  assert.equal(read, 6);
});

test("tee() goes on without a reader that leaves, and closes the source after the last", async () => {
  let closed = false;
  async function* source(): Bytes {
    try {
      yield* chunks("abc", 1);
    } finally {
      closed = true;
    }
  }
  const [a, b] = tee(source(), 2);
  await Promise.all([a!.next(), b!.next()]);
  const waiting = b!.next();
  await a!.return!();
  assert.equal(text((await waiting).value!), "b");
  assert.equal(closed, false);
  await b!.return!();
  assert.ok(closed);
});

test("tee() tells every reader of a failure", async () => {
  async function* source(): Bytes {
    yield* chunks("a");
    throw new Error("cut");
  }
  const outcomes = await Promise.allSettled(tee(source(), 3).map(collect));
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
});

test("concat() takes arrays and streams in order", async () => {
  const whole = await collect(concat(new TextEncoder().encode("a"), chunks("bc", 1)));
  assert.equal(text(whole), "abc");
});
