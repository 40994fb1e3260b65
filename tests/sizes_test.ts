// The house rule on sizes: files and functions stay short.
import assert from "node:assert/strict";
import { test } from "node:test";
import { functionsOf, median, sources } from "./sources.ts";

const limits = {
  file: { free: 250, most: 400 },
  test: { free: 400, most: 600 },
  function: { free: 40, most: 60 },
};

/** Files that may be longer, and why. */
const exempt: Readonly<Record<string, string>> = {};

const all = await sources();
const isTest = (path: string) => /^tests\/|_test\.ts$|\/_(\w+_)?kit\.ts$/.test(path);

test("no file is longer than the house allows", () => {
  const long: string[] = [];
  for (const { path, text } of all) {
    const lines = text.split("\n").length - 1;
    const { free, most } = isTest(path) ? limits.test : limits.file;
    if (lines > most && !(path in exempt)) long.push(`${path}: ${lines} lines`);
    else if (lines > free) console.log(`a long file: ${path}, ${lines} lines`);
  }
  assert.deepEqual(long, []);
});

test("no function is longer than the house allows", () => {
  const long: string[] = [];
  for (const source of all) {
    for (const { name, line, lines, holdsTests } of functionsOf(source)) {
      const place = `${source.path}:${line} ${name}: ${lines} lines`;
      if (lines > limits.function.most && !holdsTests) long.push(place);
      else if (lines > limits.function.free && !isTest(source.path)) {
        console.log(`a long function: ${place}`);
      }
    }
  }
  assert.deepEqual(long, []);
});

test("exemptions are used and have reasons", () => {
  for (const [path, reason] of Object.entries(exempt)) {
    assert.ok(all.some((source) => source.path === path), `${path} does not exist`);
    assert.ok(reason.length > 10, `${path} has no reason`);
  }
});

test("the medians are those of readable code", () => {
  const product = all.filter(({ path }) => !isTest(path));
  const file = median(product.map(({ text }) => text.split("\n").length - 1));
  const fn = median(product.flatMap((source) => functionsOf(source).map(({ lines }) => lines)));
  const tests = all.filter(({ path }) => isTest(path));
  const count = (list: typeof all) =>
    list.reduce((sum, { text }) => sum + text.split("\n").length - 1, 0);
  const ratio = (count(tests) / count(product)).toFixed(2);
  console.log(`median file ${file} lines, median function ${fn} lines, tests to code ${ratio}`);
  assert.ok(file <= 120, `the median file has ${file} lines`);
  assert.ok(fn <= 12, `the median function has ${fn} lines`);
});
