// Tests of recognising folders: which of those that are there now is which of those that were.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Listed } from "./folder_list.ts";
import { type Known, recognise } from "./recognise.ts";

function was(path: string, validity = "", uidnext = 1, more: Partial<Known> = {}): Known {
  return { path, delimiter: "/", validity, uidnext, mailboxId: "", gone: false, ...more };
}

function is(path: string, validity?: string, uidNext = 1, mailboxId?: string): Listed {
  return {
    path,
    delimiter: "/",
    flags: new Set(),
    ...(validity !== undefined && { numbers: { uidValidity: BigInt(validity), uidNext } }),
    ...(mailboxId !== undefined && { mailboxId }),
  };
}

/** `now = before` for each pair. */
function pairs(known: Known[], found: Listed[]): string[] {
  return [...recognise(known, found)].map(([now, old]) => `${now.path} = ${old.path}`).sort();
}

test("a folder of the same name is the same, also where its UIDVALIDITY is another", () => {
  assert.deepEqual(pairs([was("A", "1"), was("B")], [is("A", "2"), is("B", "7")]), [
    "A = A",
    "B = B",
  ]);
});

test("a renamed folder is known by its UIDVALIDITY, and those below it by theirs", () => {
  const known = [was("A", "1", 5), was("A/b", "2"), was("Other", "3")];
  const found = [is("Z", "1", 9), is("Z/b", "2"), is("Other", "3")];
  assert.deepEqual(pairs(known, found), ["Other = Other", "Z = A", "Z/b = A/b"]);
});

test("UIDs do not fall: a folder with fewer is another one", () => {
  assert.deepEqual(pairs([was("A", "1", 100)], [is("Z", "1", 99)]), []);
});

test("a folder that takes the name of a renamed one is new", () => {
  assert.deepEqual(pairs([was("A", "1", 5)], [is("B", "1", 5), is("A", "2")]), ["B = A"]);
});

test("two that exchanged their names are told apart", () => {
  assert.deepEqual(pairs([was("A", "1"), was("B", "2")], [is("A", "2"), is("B", "1")]), [
    "A = B",
    "B = A",
  ]);
});

test("folders made in the same second share a UIDVALIDITY: then the last or the first part of a name decides", () => {
  const known = [was("A", "1"), was("A/x", "1"), was("A/y", "1"), was("B", "1")];
  const found = [is("Z", "1"), is("Z/x", "1"), is("Z/y", "1"), is("B", "1")];
  assert.deepEqual(pairs(known, found), ["B = B", "Z = A", "Z/x = A/x", "Z/y = A/y"]);
  // Nothing tells them apart: better new ones than wrong ones.
  assert.deepEqual(pairs([was("A/x", "1"), was("B/y", "1")], [is("C/v", "1"), is("D/w", "1")]), []);
});

test("the server's own ids decide before all else", () => {
  const known = [was("A", "1", 5, { mailboxId: "m1" }), was("B", "2", 5, { mailboxId: "m2" })];
  assert.deepEqual(pairs(known, [is("B", "1", 5, "m1"), is("C", "2", 5, "m2")]), [
    "B = A",
    "C = B",
  ]);
  assert.deepEqual(pairs([known[0]!], [is("Z", "1", 5, "m9")]), []);
});

test("a container follows what is in it", () => {
  const known = [was("A"), was("A/b"), was("A/b/c", "3")];
  const found = [is("Z"), is("Z/b"), is("Z/b/c", "3")];
  assert.deepEqual(pairs(known, found), ["Z = A", "Z/b = A/b", "Z/b/c = A/b/c"]);
});

test("a folder that was away is back, but not a new one of its name", () => {
  const gone = [was("A", "1", 5, { gone: true })];
  assert.deepEqual(pairs(gone, [is("A", "1", 6)]), ["A = A"]);
  assert.deepEqual(pairs(gone, [is("A", "2")]), []);
  assert.deepEqual(pairs(gone, [is("A", "1", 1)]), []);
});

test("thousands of folders are recognised at once", () => {
  const known = Array.from({ length: 5000 }, (_, n) => was(`A/${n}`, String(n + 1)));
  const found = Array.from({ length: 5000 }, (_, n) => is(`B/${n}`, String(n + 1)));
  const start = performance.now();
  assert.equal(recognise(known, found).size, 5000);
  assert.ok(performance.now() - start < 2000);
});
