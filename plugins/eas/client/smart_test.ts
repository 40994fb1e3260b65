// The client's answers and forwards: what it sends, and what it makes of a refusal.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientOf, scripted } from "../../../tests/client/scripted.ts";
import { el } from "../wbxml/mod.ts";
import { draftFields } from "./drafts.ts";

const mime = "To: b@example.org\r\n\r\nbody\r\n";
const there = { folder: "5", item: "5:1" };

describe("smartReply() and smartForward()", () => {
  test("send a document from 14.0 on", async () => {
    const server = scripted(() => undefined);
    const client = clientOf(server.fetch, { version: "14.0" });
    await client.smartReply(there, mime, { clientId: "c1" });
    await client.smartForward({ longId: "L" }, mime, { saveInSent: false, replaceMime: true });
    const [reply, forward] = server.seen.map(({ document }) => document!);
    assert.equal(reply!.tag, "ComposeMail:SmartReply");
    assert.equal(reply!.textOf("ComposeMail:ClientId"), "c1");
    const source = reply!.child("ComposeMail:Source")!;
    assert.deepEqual(source.children.map(({ tag, text }) => [tag, text]), [
      ["ComposeMail:FolderId", "5"],
      ["ComposeMail:ItemId", "5:1"],
    ]);
    assert.ok(reply!.child("ComposeMail:SaveInSentItems"));
    assert.equal(reply!.child("ComposeMail:ReplaceMime"), undefined);
    assert.equal(forward!.tag, "ComposeMail:SmartForward");
    assert.equal(forward!.child("ComposeMail:Source")!.textOf("ComposeMail:LongId"), "L");
    assert.equal(forward!.child("ComposeMail:SaveInSentItems"), undefined);
    assert.ok(forward!.child("ComposeMail:ReplaceMime"));
    assert.equal(forward!.textOf("ComposeMail:Mime"), mime);
  });

  test("send the bare message up to 12.1", async () => {
    const server = scripted(() => undefined);
    const client = clientOf(server.fetch, { version: "12.1" });
    await client.smartReply(there, mime);
    await client.smartForward({ longId: "L" }, mime);
    const [reply, forward] = server.seen;
    assert.equal(reply!.headers.get("Content-Type"), "message/rfc822");
    assert.deepEqual(
      ["CollectionId", "ItemId", "SaveInSent"].map((name) => reply!.url.searchParams.get(name)),
      ["5", "5:1", "T"],
    );
    assert.equal(forward!.url.searchParams.get("LongId"), "L");
    assert.equal(new TextDecoder().decode(forward!.bytes), mime);
  });

  test("reject with the status of a failure", async () => {
    const server = scripted(() => el("ComposeMail:SmartReply", el("ComposeMail:Status", 150)));
    await assert.rejects(clientOf(server.fetch).smartReply(there, mime), { status: 150 });
  });
});

test("draftFields() names what is said, and nothing else", () => {
  assert.deepEqual(draftFields({}), []);
  const fields = draftFields({ to: "", subject: "x", html: "<p>", bcc: "s@x.org", remove: ["r"] });
  assert.deepEqual(fields.map(({ tag }) => tag), [
    "Email:To",
    "Email:Subject",
    "AirSyncBase:Body",
    "AirSyncBase:Attachments",
    "Email2:Bcc",
  ]);
  assert.equal(fields[2]!.textOf("AirSyncBase:Type"), "2");
});
