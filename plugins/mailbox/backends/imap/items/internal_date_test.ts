// Tests of the arrival of messages as IMAP writes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { internalDate, parseInternalDate } from "./internal_date.ts";

test("an arrival is read in whatever time zone it is written", () => {
  const noon = Date.UTC(2026, 1, 3, 12, 5, 9);
  for (
    const text of [
      "03-Feb-2026 12:05:09 +0000",
      " 3-Feb-2026 12:05:09 +0000",
      "3-feb-2026 12:05:09 -0000",
      "03-Feb-2026 17:35:09 +0530",
      "02-Feb-2026 22:05:09 -1400",
    ]
  ) assert.equal(parseInternalDate(text), noon, text);
});

test("what is no arrival is the beginning of time", () => {
  for (const text of ["", "yesterday", "03-Foo-2026 12:05:09 +0000", "03-Feb-2026 12:05 +0000"]) {
    assert.equal(parseInternalDate(text), 0, text);
  }
});

test("what is written is read again, in whole seconds", () => {
  for (const time of [0, 1_234_567_890_123, Date.UTC(2026, 11, 31, 23, 59, 59)]) {
    assert.equal(parseInternalDate(internalDate(time)), Math.floor(time / 1000) * 1000);
  }
  assert.equal(internalDate(Date.UTC(2026, 1, 3)), " 3-Feb-2026 00:00:00 +0000");
  assert.equal(internalDate(-5), " 1-Jan-1970 00:00:00 +0000");
});
