// Answers in several parts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { splitMultipart } from "./multipart.ts";

const two = Uint8Array.from(
  [2, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 2, 3, 8, 9],
);

describe("splitMultipart()", () => {
  test("gives the parts that the table names, also of a view", () => {
    const parts = [Uint8Array.of(1, 2, 3), Uint8Array.of(8, 9)];
    assert.deepEqual(splitMultipart(two), parts);
    const outer = Uint8Array.of(7, ...two);
    assert.deepEqual(splitMultipart(outer.subarray(1)), parts);
  });

  test("refuses a table that does not fit", () => {
    for (const length of [0, 3, 4, 19, 24]) {
      assert.throws(() => splitMultipart(two.subarray(0, length)), SyntaxError, `${length}`);
    }
    assert.throws(() => splitMultipart(two.with(4, 19)), SyntaxError);
    assert.throws(() => splitMultipart(two.with(3, 0xff)), SyntaxError);
  });
});
