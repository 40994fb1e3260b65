// Dates on the wire.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compact, extended, parseDate } from "./dates.ts";

const moment = Date.UTC(2010, 3, 8, 18, 16, 0);

test("extended() writes milliseconds, compact() does not", () => {
  assert.equal(extended(moment), "2010-04-08T18:16:00.000Z");
  assert.equal(compact(moment), "20100408T181600Z");
});

test("parseDate() reads every form that devices send", () => {
  for (
    const text of [
      "2010-04-08T18:16:00.000Z",
      "2010-04-08T18:16:00Z",
      "2010-04-08T18:16:00",
      "2010-04-08T18:16Z",
      "20100408T181600Z",
      "20100408T181600.000Z",
      "2010-04-08T20:16:00+02:00",
      " 2010-04-08T13:46:00.000-0430 ",
    ]
  ) assert.equal(parseDate(text), moment, text);
  assert.equal(parseDate("2010-04-08"), Date.UTC(2010, 3, 8));
  assert.equal(parseDate("2010-04-08T18:16:00.5Z"), moment + 500);
});

test("parseDate() refuses what is no date", () => {
  for (
    const text of [
      "",
      "now",
      "2010-02-30T00:00:00Z",
      "2010-13-01T00:00:00Z",
      "2010-00-10",
      "2010-04-08T25:00:00Z",
      "2010-04-08T18:61:00Z",
      "20100408T181600Z; DROP",
      "1e9",
    ]
  ) assert.equal(parseDate(text), undefined, text);
});
