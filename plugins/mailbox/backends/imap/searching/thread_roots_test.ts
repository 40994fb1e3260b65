// Conversations that were read lately.
import assert from "node:assert/strict";
import { test } from "node:test";
import { threadRoots } from "./thread_roots.ts";

test("threadRoots() remembers so many conversations that were read last, and not all there are", () => {
  const roots = threadRoots(10);
  for (let n = 0; n < 100; n++) {
    roots.set(`thread ${n}`, `<${n}@example.net>`);
    for (let last = Math.max(0, n - 9); last <= n; last++) {
      assert.equal(roots.get(`thread ${last}`), `<${last}@example.net>`);
    }
    if (n >= 20) assert.equal(roots.get(`thread ${n - 20}`), undefined);
  }
});

test("threadRoots() keeps a conversation that is read again and again", () => {
  const roots = threadRoots(10);
  for (let n = 0; n < 100; n++) {
    roots.set(`thread ${n}`, `<${n}@example.net>`);
    if (n % 5 === 0) roots.set("long", "<long@example.net>");
    assert.equal(roots.get("long"), "<long@example.net>");
  }
});
