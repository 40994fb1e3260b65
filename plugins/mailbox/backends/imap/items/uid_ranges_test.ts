// Tests of sets of UIDs as ranges, and of how IMAP writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { uidSet } from "./facts.ts";
import { UidRanges } from "./uid_ranges.ts";

test("a set is read and written as IMAP does", () => {
  assert.equal(UidRanges.of([1, 2, 3, 7, 9, 10]).toString(), "1:3,7,9:10");
  assert.equal(UidRanges.parse("9:10,7,1:3").toString(), "1:3,7,9:10");
  assert.equal(UidRanges.parse("3:1,2:5").toString(), "1:5");
  assert.equal(UidRanges.parse("").toString(), "");
  assert.deepEqual([...UidRanges.parse("1:3,7")], [1, 2, 3, 7]);
  assert.equal(uidSet([4, 5, 6, 8, 10, 11]), "4:6,8,10:11");
  assert.equal(uidSet([]), "");
});

test("what is in a set, how much, and in which place", () => {
  const set = UidRanges.parse("5:7,10,20:4294967295");
  const asked = [4, 5, 7, 8, 10, 11, 19, 20, 4294967295];
  assert.deepEqual(asked.filter((uid) => set.has(uid)), [5, 7, 10, 20, 4294967295]);
  assert.deepEqual([0, 2, 3, 4].map((place) => set.at(place)), [5, 7, 10, 20]);
  const few = UidRanges.parse("5:7,10");
  assert.deepEqual([few.size, few.at(4)], [4, undefined]);
  assert.equal(new UidRanges().has(1), false);
});

test("nonsense of a server is no UID", () => {
  assert.equal(UidRanges.parse("x,1:y,3").toString(), "3");
});
