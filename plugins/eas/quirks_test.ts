// The table of quirks: each has a source, is shown by a conversation of such a client, and is listed.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tests/sources.ts";
import { parse } from "../../tests/wire/conversation.ts";
import { clients, type Traits } from "./clients.ts";
import { hasQuirk, type Quirk, quirks } from "./quirks.ts";

const nobody: Traits = { id: "PHONE1", type: "", userAgent: "", model: "", os: "" };
const rows: [string, Quirk][] = Object.entries(quirks);
const wire = join(root, "tests", "wire");

test("every quirk says whom it is about, what is done, and who has seen it", () => {
  for (const [name, { client, behaviour, remedy, source }] of rows) {
    for (const text of [client, behaviour, remedy, source]) assert.ok(text.length > 2, name);
  }
});

test("every quirk is shown by a conversation; where it is one client's, by one that is recognised", async () => {
  for (const [name, { conversation, recognise }] of rows) {
    const text = await readFile(join(wire, `${conversation}.txt`), "utf8");
    assert.match(text, /^# /, name);
    const { client } = parse(text);
    if (!conversation.startsWith("quirk_")) continue;
    assert.ok(client, `${conversation} says whose it is`);
    const { deviceId: id, deviceType: type, userAgent } = client;
    assert.ok(recognise({ ...nobody, id, type, userAgent }), `${name} is that client's`);
  }
});

test("every conversation about a quirk has its row", async () => {
  const files = (await readdir(wire)).filter((name) => name.startsWith("quirk_")).sort();
  const named = rows.map(([, { conversation }]) => `${conversation}.txt`)
    .filter((name) => name.startsWith("quirk_")).sort();
  assert.deepEqual(files, named);
});

test("the README lists every quirk", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  for (const [name, { conversation, behaviour }] of rows) {
    assert.ok(readme.includes(`tests/wire/${conversation}.txt`), name);
    assert.ok(readme.includes(behaviour), name);
  }
});

test("a client that nobody knows has no quirk of its own", () => {
  for (const [name, { recognise, for: whom }] of rows) {
    if (whom === "them") assert.equal(recognise(nobody), false, name);
  }
});

test("clients are known by what they say", () => {
  const known: readonly (readonly [keyof typeof clients, Partial<Traits>, Partial<Traits>])[] = [
    ["apple", { type: "iPad" }, { type: "Phone" }],
    ["apple", { userAgent: "Apple-iPhone15C2/2205.100" }, { userAgent: "Pineapple-1" }],
    ["apple", { os: "iOS 26.1" }, { os: "ios2" }],
    ["android", { userAgent: "Android/9-EAS-2.0" }, { userAgent: "Thunderbird" }],
    ["gmail", { userAgent: "Android-Mail/2025.02.16" }, { userAgent: "Android/9" }],
    ["samsung", { model: "SAMSUNG-SM-S911B" }, { model: "SM-S911B" }],
    ["htc", { type: "htconem8" }, { type: "x-htc" }],
    ["nine", { id: "6E696E65aabb" }, { id: "6E696E" }],
    ["outlookForWindows", { type: "WindowsOutlook15" }, { type: "WindowsMail" }],
    ["outlookForWindows", { userAgent: "Outlook/16.0 (16.0.1)" }, { userAgent: "Outlook-iOS" }],
    ["outlookForWindows", { userAgent: "Microsoft.Outlook" }, { userAgent: "Microsoft" }],
    ["outlookForPhones", { type: "Outlook" }, { type: "WindowsOutlook" }],
    ["windowsPhone", { type: "WP8" }, { type: "WPX" }],
    ["windowsPhone", { userAgent: "MSFT-PPC/5.2.5082" }, { userAgent: "MS" }],
    ["tbSync", { type: "TbSync" }, { type: "Thunderbird" }],
  ];
  for (const [kind, such, other] of known) {
    const recognise = clients[kind];
    assert.equal(recognise({ ...nobody, ...such }), true, `${kind}: ${JSON.stringify(such)}`);
    assert.equal(recognise({ ...nobody, ...other }), false, `${kind}: ${JSON.stringify(other)}`);
  }
});

test("only Outlook for Windows keeps what it moved", () => {
  const keeps = (type: string) => hasQuirk({ ...nobody, type }, "keepsMovedItems");
  assert.equal(keeps("WindowsOutlook15"), true);
  for (const type of ["WindowsOutlook", "WindowsMail", "Outlook", "iPhone"]) {
    assert.equal(keeps(type), false, type);
  }
});
