// The code pages: every row is there, once, and goes over the wire and back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, el, encode, type Tag } from "./mod.ts";
import { pages } from "./pages/mod.ts";
import { codeOf, tagOf } from "./tokens.ts";

const rows = pages.flatMap((page) =>
  Object.entries(page.tags).map(([name, row]) => ({
    page: page.number,
    tag: `${page.name}:${name}` as Tag,
    ...row,
  }))
);

describe("the code pages", () => {
  test("are 26, numbered from 0, with 654 tokens", () => {
    assert.deepEqual(pages.map((page) => page.number), Array.from({ length: 26 }, (_, n) => n));
    assert.equal(rows.length, 654);
  });

  test("have every token and every name once, in the range of tags", () => {
    assert.equal(new Set(rows.map(({ page, token }) => page * 256 + token)).size, rows.length);
    assert.equal(new Set(rows.map(({ tag }) => tag)).size, rows.length);
    for (const { token, tag } of rows) assert.ok(token >= 0x05 && token <= 0x3f, tag);
  });

  // Rows that implementations are known to get wrong.
  const known: [page: number, token: number, tag: Tag][] = [
    [0, 0x05, "AirSync:Sync"],
    [0, 0x29, "AirSync:HeartbeatInterval"],
    [1, 0x06, "Contacts:AssistantName"],
    [2, 0x3b, "Email:Status"],
    [4, 0x29, "Calendar:AttendeeStatus"],
    [7, 0x16, "FolderHierarchy:FolderSync"],
    [13, 0x05, "Ping:Ping"],
    [14, 0x10, "Provision:RequireStorageCardEncryption"],
    [17, 0x0b, "AirSyncBase:Data"],
    [20, 0x11, "ItemOperations:Part"],
    [21, 0x10, "ComposeMail:Mime"],
    [21, 0x17, "ComposeMail:ForwardeeName"],
    [24, 0x18, "RightsManagement:RemoveRightsManagementProtection"],
    [25, 0x22, "Find:Picture"],
  ];
  for (const [page, token, tag] of known) {
    test(`have ${tag} at ${page}/${token.toString(16)}`, () => {
      assert.equal(tagOf[(page << 6) | token], tag);
      assert.deepEqual({ ...codeOf.get(tag), opaque: false }, { page, token, opaque: false });
    });
  }

  test("mark as OPAQUE exactly the eight byte arrays of the specification", () => {
    assert.deepEqual(rows.filter((row) => "opaque" in row).map(({ tag }) => tag).sort(), [
      "AirSyncBase:Content",
      "ComposeMail:Mime",
      "Email2:ConversationId",
      "Email2:ConversationIndex",
      "Gal:Data",
      "ItemOperations:ConversationId",
      "ResolveRecipients:Data",
      "Search:ConversationId",
    ]);
  });

  test("survive the wire, row by row: empty, with text, with bytes, inside another page", () => {
    const bytes = Uint8Array.of(0, 1, 0xc3, 0xff);
    for (const { tag, page } of rows) {
      const around = page === 0 ? "Ping:Ping" : "AirSync:Sync";
      const sent = el(around, el(tag), el(tag, "käse"), el(tag, bytes), el(around, el(tag)));
      const [empty, text, opaque, inner] = decode(encode(sent)).children;
      assert.deepEqual(empty, el(tag));
      assert.equal(text?.tag, tag);
      assert.equal(text?.text, "käse");
      assert.deepEqual(opaque, el(tag, bytes));
      assert.deepEqual(inner, el(around, el(tag)));
    }
  });
});
