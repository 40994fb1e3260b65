// What is generated and committed is what would be generated now.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { generated } from "../scripts/generated.ts";
import { root } from "./sources.ts";

for (const [path, text] of await generated()) {
  test(`${path} is what \`deno task readme\` writes`, async () => {
    assert.equal(await readFile(join(root, path), "utf8"), text);
  });
}
