// What is committed belongs to everybody: no path of one machine, no host of one network.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { filesIn, root } from "./sources.ts";

/** Tracked files; all of them where this is no checkout. */
async function tracked(): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)("git", ["ls-files", "-z"], { cwd: root });
    return stdout.split("\0").filter(Boolean);
  } catch {
    const own = /^(node_modules|dist|data|\.git)\//;
    return (await filesIn(root)).map((path) => path.slice(root.length + 1))
      .filter((path) => !own.test(path));
  }
}

// In pieces, so that this file passes its own test.
const prohibited = [
  ["/wo", "rk/"],
  ["/tmp/", "b(in|rief)\\b"],
  ["/ho", "me/[a-z]+/"],
  ["/Us", "ers/[a-z]+/"],
  ["https?://[\\w.-]*\\b(regi", "stry|artifactory|nexus)\\b"],
].map((pieces) => new RegExp(pieces.join(""), "i"));

test("no tracked file names a machine's path or a package host", async () => {
  const found: string[] = [];
  for (const path of await tracked()) {
    const text = await readFile(join(root, path), "utf8").catch(() => "");
    if (text.includes("\0")) continue;
    text.split("\n").forEach((line, index) => {
      if (prohibited.some((word) => word.test(line))) found.push(`${path}:${index + 1}: ${line}`);
    });
  }
  assert.deepEqual(found, []);
});

test("the documents that people look for have the parts that they look for", async () => {
  const wanted: Record<string, readonly RegExp[]> = {
    "README.md": [
      /^# Navette$/m,
      /^## Start$/m,
      /npx -y deno@\d+\.\d+\.\d+ task start/,
      /npx -y deno@\d+\.\d+\.\d+ task test/,
      /proxy_read_timeout/,
      /reverse_proxy/,
      /^## Plugins$/m,
      /^## Where to add things$/m,
      /^## Decisions$/m,
      /^## Licence$/m,
      /Microsoft/,
    ],
    "CONTRIBUTING.md": [/task ok/, /task test/, /House rules/i],
    "CHANGELOG.md": [/^# Changelog$/m, /^## /m],
    "LICENSE": [/MIT License/],
  };
  for (const [path, patterns] of Object.entries(wanted)) {
    const text = await readFile(join(root, path), "utf8");
    for (const pattern of patterns) assert.match(text, pattern, path);
  }
});
