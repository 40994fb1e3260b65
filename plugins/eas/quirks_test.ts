// The table of quirks: each is told apart, has a source, and is shown by a conversation.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tests/sources.ts";
import { hasQuirk, type Quirk, quirks, type Traits } from "./quirks.ts";

const nobody: Traits = { id: "PHONE1", type: "", userAgent: "", model: "", os: "" };
const rows: [string, Quirk][] = Object.entries(quirks);

test("every quirk says whom it is about, what is done, and who has seen it", async () => {
  for (const [name, { client, behaviour, remedy, source, conversation }] of rows) {
    for (const text of [client, behaviour, remedy, source]) assert.ok(text.length > 5, name);
    const path = join(root, "tests", "wire", `${conversation}.txt`);
    assert.match(await readFile(path, "utf8"), /^# /, name);
  }
});

test("a client that nobody knows has no quirk", () => {
  for (const [name, { recognise }] of rows) assert.equal(recognise(nobody), false, name);
});

test("only Outlook for Windows keeps what it moved", () => {
  const keeps = (type: string) => hasQuirk({ ...nobody, type }, "keepsMovedItems");
  assert.equal(keeps("WindowsOutlook15"), true);
  for (const type of ["WindowsOutlook", "WindowsMail", "Outlook", "iPhone"]) {
    assert.equal(keeps(type), false, type);
  }
});
