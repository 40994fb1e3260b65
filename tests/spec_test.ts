// Every reference to a specification is in the index, and the index is in the README.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sectionOf, spec } from "../plugins/eas/spec.ts";
import { sources } from "./sources.ts";

const reference = /\bMS-[A-Z]+\s\d+(?:\.\d+)*/g;

test("every section that code refers to falls under a row of the index", async () => {
  const lost: string[] = [];
  let seen = 0;
  for (const { path, text } of await sources()) {
    if (path === "plugins/eas/spec.ts" || path === "tests/spec_test.ts") continue;
    text.split("\n").forEach((line, index) => {
      for (const [found] of line.matchAll(reference)) {
        seen++;
        if (!sectionOf(found)) lost.push(`${path}:${index + 1}: ${found}`);
      }
    });
  }
  assert.deepEqual(lost, []);
  assert.ok(seen > 50, "references were found");
});

test("references are written in the one form that tools find", async () => {
  const odd: string[] = [];
  for (const { path, text } of await sources()) {
    text.split("\n").forEach((line, index) => {
      if (/\[MS-[A-Z]+\]|MS-AS[A-Z]+ (section|§)/.test(line)) odd.push(`${path}:${index + 1}`);
    });
  }
  assert.deepEqual(odd.filter((place) => !place.startsWith("tests/spec_test.ts")), []);
});

test("the index is well-formed: each section once, in order, gaps said in words", () => {
  const sections = spec.map(({ section }) => section);
  assert.equal(new Set(sections).size, sections.length);
  for (const { section, title, support, missing } of spec) {
    assert.match(section, /^MS-[A-Z]+ \d+(\.\d+)*$/);
    assert.ok(title);
    assert.equal(support === "yes", missing === undefined, section);
  }
  for (const [index, section] of sections.entries()) {
    const [name, number] = section.split(" ") as [string, string];
    const [before, other] = (sections[index - 1] ?? " ").split(" ") as [string, string];
    if (name !== before) continue;
    assert.ok(compare(other, number) < 0, `${section} comes after ${before} ${other}`);
  }
});

function compare(a: string, b: string): number {
  const [x, y] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? -1) - (y[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

test("sectionOf() finds the nearest row above", () => {
  assert.equal(sectionOf("MS-ASCMD 2.2.1.21")?.title, "Sync");
  assert.equal(sectionOf("MS-ASCMD 2.2.1.21.1.2")?.title, "Sync");
  assert.equal(sectionOf("MS-ASCMD 2.2.3.27.5")?.section, "MS-ASCMD 2.2.3");
  assert.equal(sectionOf("MS-ASCMD 2.2.1.2")?.title, "Find");
  assert.equal(sectionOf("MS-ASCMD 4"), undefined);
  assert.equal(sectionOf("MS-NOTHING 2.2"), undefined);
});
