import assert from "node:assert/strict";
import { test } from "node:test";
import { chunks } from "../../tests/kit_mailbox.ts";
import { collect } from "./bytes.ts";
import { addressesIn, fields, firstValue, newField, splitHead, toHead } from "./header.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

for (
  const [what, message, head] of [
    ["CRLF", "A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore", "A: 1\r\nB: 2\r\n\r\n"],
    ["bare LF", "A: 1\nB: 2\n\nbody\n\nmore", "A: 1\nB: 2\n\n"],
    ["no headers", "\r\nbody\r\n\r\n", "\r\n"],
    ["no body", "A: 1\r\n", "A: 1\r\n"],
    ["an empty message", "", ""],
  ] as const
) {
  test(`splitHead() cuts at the first empty line, however the bytes come: ${what}`, async () => {
    for (const size of [1, 2, 3, 5, 1000]) {
      const split = await splitHead(chunks(message, size), 1000);
      assert.equal(text(split.head), head);
      assert.equal(text(await collect(split.body)), message.slice(head.length));
      assert.ok(split.complete);
    }
  });
}

test("splitHead() gives up at its limit and loses nothing", async () => {
  const split = await splitHead(chunks("X: " + "a".repeat(500), 10), 100);
  assert.equal(split.complete, false);
  assert.equal(split.head.length, 100);
  assert.equal((await collect(split.body)).length, 403);
});

test("splitHead() closes the source when the body is dropped", async () => {
  let closed = false;
  async function* source() {
    try {
      yield* chunks("A: 1\r\n\r\nbody", 4);
    } finally {
      closed = true;
    }
  }
  const { body } = await splitHead(source(), 100);
  for await (const _ of body) break;
  assert.ok(closed);
});

test("fields() and toHead() keep every byte, folded and 8-bit lines included", () => {
  const head = Uint8Array.from(
    "A: 1\r\n\t2\r\nSubject: caf\xc3\xa9 \xff\r\nnonsense\r\n\r\n",
    (character) => character.charCodeAt(0),
  );
  const all = fields(head);
  assert.deepEqual(all.map(({ name }) => name), ["a", "subject", ""]);
  assert.deepEqual(toHead(all), head);
  assert.equal(firstValue(all, "a"), "1\t2");
  assert.equal(firstValue(all, "subject"), "café \ufffd");
});

test("toHead() ends a header that had no empty line", () => {
  const all = [newField("Date", "today"), ...fields(new TextEncoder().encode("A: 1"))];
  assert.equal(text(toHead(all)), "Date: today\r\nA: 1\r\n\r\n");
});

test("addressesIn() reads lists, groups, comments and names", () => {
  const head = 'To: Ann <a@x.test>, "B, C" <b@x.test>,\r\n Team: c@x.test, d@x.test;\r\n' +
    "Cc: undisclosed-recipients:;\r\nBcc: e@x.test (Eve)\r\n\r\n";
  const all = fields(new TextEncoder().encode(head));
  assert.deepEqual(
    addressesIn(all, "to", "cc", "bcc").map(({ address }) => address),
    ["a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"],
  );
});
