import assert from "node:assert/strict";
import { test } from "node:test";
import { account } from "../../../tests/kit_mailbox.ts";
import { submit, withoutBcc } from "./submission.ts";

const anna = account(1, "anna@example.test", { name: "Anna", aliases: ["info@example.test"] });
const now = Date.UTC(2026, 2, 1, 12);

function headOf(text: string, from = "anna@example.test", to: string[] = []) {
  const head = new TextEncoder().encode(text);
  const submission = submit(head, anna, { from, to }, "t", now);
  return { ...submission, text: new TextDecoder().decode(submission.head) };
}

const rest = "Date: Sun, 01 Mar 2026 11:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n\r\n";

test("submit() leaves a complete header as it is, byte for byte", () => {
  const text = "From: info@example.test\r\nSubject:  odd   spacing\r\n\tfolded\r\n" + rest;
  assert.equal(headOf(text).text, text);
});

test("submit() writes the account's name in place of foreign, double or absent From", () => {
  for (
    const from of [
      "From: Ben <ben@example.test>\r\n",
      "From: anna@example.test\r\nFrom: ben@example.test\r\n",
      "From: anna@example.test, ben@example.test\r\n",
      "From: \r\n",
      "",
    ]
  ) {
    assert.equal(headOf(from + rest).text, 'From: "Anna" <anna@example.test>\r\n' + rest, from);
  }
});

test("submit() uses the alias that the envelope names, and drops a foreign Sender", () => {
  const { text } = headOf(
    "Sender: ben@example.test\r\nFrom: x@y.test\r\n" + rest,
    "info@example.test",
  );
  assert.equal(text, 'From: "Anna" <info@example.test>\r\n' + rest);
});

test("submit() reads recipients from To, Cc and Bcc once each, or takes those of the envelope", () => {
  const lists = "To: A <a@x.test>, A@X.test\r\nCc: b@x.test\r\nBcc: c@x.test, broken@\r\n";
  const all = headOf("From: anna@example.test\r\n" + lists + rest);
  assert.deepEqual(all.recipients, ["A@x.test", "b@x.test", "c@x.test"]);
  assert.deepEqual(all.malformed, ["broken@"]);
  const given = headOf(lists + rest, "anna@example.test", ["d@x.test"]);
  assert.deepEqual(given.recipients, ["d@x.test"]);
});

test("withoutBcc() removes every Bcc, folded ones too, and nothing else", () => {
  const head = "To: a@x.test\r\nBcc: b@x.test,\r\n c@x.test\r\nBCC: d@x.test\r\nX-Bcc: e\r\n\r\n";
  const left = new TextDecoder().decode(withoutBcc(new TextEncoder().encode(head)));
  assert.equal(left, "To: a@x.test\r\nX-Bcc: e\r\n\r\n");
});
