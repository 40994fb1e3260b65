// Core knows nothing of mail or of EAS, not even by a word.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { filesIn, root } from "./sources.ts";

const words = /activesync|\beas\b|wbxml|sync.?key|policy.?key|autodiscover|mailbox|\bimap\b/i;

test("no file in core/ has a word of mail or of EAS", async () => {
  const found: string[] = [];
  const files = await filesIn(join(root, "core"));
  assert.ok(files.length > 10, "core/ was found");
  for (const path of files) {
    const lines = (await readFile(path, "utf8")).split("\n");
    lines.forEach((line, index) => {
      const word = words.exec(line);
      if (word) found.push(`${relative(root, path)}:${index + 1}: ${word[0]}`);
    });
    if (words.test(relative(root, path))) found.push(relative(root, path));
  }
  assert.deepEqual(found, []);
});

test("the list of words would catch what it is for", () => {
  for (const text of ["an EAS server", "SyncKey", "policy_key", "WBXML", "the mailbox", "IMAP"]) {
    assert.match(text, words);
  }
  assert.doesNotMatch("the easiest release", words);
});
