// Mails as elements.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { el } from "../wbxml/element.ts";
import { ann, broken, sample, shown } from "./_sample.ts";
import { emailFields } from "./email.ts";

type Parameters1 = Parameters<typeof sample>;
const body = el("AirSyncBase:Body", el("AirSyncBase:Type", 1), el("AirSyncBase:Preview", "At"));
const fields = (item = sample(), version: Parameters<typeof emailFields>[2] = "14.1") =>
  emailFields(item, [body], version, ann).map(shown);
const field = (name: string, mail: Parameters1[0], marks: Parameters1[1] = {}, version = "16.1") =>
  fields(sample(mail, marks), version as "16.1").find((text) => text.match(/^\w+/)![0] === name);

test("a plain mail in 14.1, element by element", () => {
  assert.deepEqual(fields(), [
    'To="Ann Ames" <ann@example.org>',
    'From="Ben Bell" <ben@example.com>',
    "Subject=Lunch",
    "DateReceived=2026-03-01T12:30:00.000Z",
    "DisplayTo=Ann Ames",
    "ThreadTopic=Lunch",
    "Importance=1",
    "Read=0",
    "Body(Type=1 Preview=At)",
    "MessageClass=IPM.Note",
    "InternetCPID=65001",
    "Flag",
    "ContentClass=urn:content-classes:message",
    "NativeBodyType=1",
    "ConversationId=#00112233445566778899aabbccddeeff",
    "ConversationIndex=#0011223344",
    "Categories",
  ]);
});

test("each version gets what it knows", () => {
  const names = (version: Parameters<typeof emailFields>[2]) =>
    fields(sample(), version).map((text) => text.match(/^\w+/)![0]);
  const since14 = ["ConversationId", "ConversationIndex", "Categories"];
  const old = names("12.1");
  for (const name of [...since14, "IsDraft"]) assert.ok(!old.includes(name), name);
  assert.ok(fields(sample(), "12.1").includes("Body(Type=1)"), "no Preview in 12.1");
  assert.deepEqual(names("14.0").filter((name) => !old.includes(name)), since14);
  assert.deepEqual(names("16.0").filter((name) => !names("14.0").includes(name)), ["IsDraft"]);
  assert.deepEqual(names("12.0"), old);
  const since12 = ["Body", "Flag", "ContentClass", "NativeBodyType"];
  assert.deepEqual(old.filter((name) => !names("2.5").includes(name)), since12);
});

test("absent headers are left out, never sent empty", () => {
  const item = sample({ subject: "", from: [], to: [], threadTopic: "" });
  const names = fields(item).map((text) => text.match(/^\w+/)![0]);
  for (const name of ["Subject", "From", "To", "Cc", "ReplyTo", "DisplayTo", "ThreadTopic"]) {
    assert.ok(!names.includes(name), name);
  }
});

test("addresses are quoted as they must be", () => {
  const cc = [
    { name: 'Doe, "JJ"', address: "j@example.com" },
    { name: "", address: "k@example.com" },
    { name: "Jörg\r\nX: y", address: "l@example.com" },
  ];
  assert.equal(
    field("Cc", { cc }),
    'Cc="Doe, \\"JJ\\"" <j@example.com>, k@example.com, "Jörg X: y" <l@example.com>',
  );
  assert.equal(
    field("ReplyTo", { replyTo: cc.slice(1, 2).concat(cc.slice(1, 2)) }),
    "ReplyTo=k@example.com;k@example.com",
  );
});

test("a sender without a name is shown by the address", () => {
  const from = [{ name: "", address: "ben@example.com" }];
  assert.equal(field("From", { from }), 'From="ben@example.com" <ben@example.com>');
});

test("a To that is too long ends between two addresses", () => {
  const to = Array.from({ length: 2000 }, (_, i) => ({ name: "", address: `u${i}@example.com` }));
  const text = field("To", { to })!.slice(3);
  assert.ok(text.length <= 32768 && text.length > 32000);
  assert.match(text, /, u\d+@example\.com$/);
});

test("importance, categories and what was done with it", () => {
  assert.equal(field("Importance", { importance: "high" }), "Importance=2");
  assert.equal(field("Importance", { importance: "low" }), "Importance=0");
  assert.equal(
    field("Categories", {}, { keywords: ["Work", " ", "Work"] }),
    "Categories(Category=Work)",
  );
  const verb = { kind: "replyAll", at: Date.UTC(2026, 0, 1) } as const;
  assert.equal(field("LastVerbExecuted", {}, { verb }), "LastVerbExecuted=2");
  assert.equal(
    field("LastVerbExecutionTime", {}, { verb }),
    "LastVerbExecutionTime=2026-01-01T00:00:00.000Z",
  );
  assert.equal(field("LastVerbExecuted", {}, { forwarded: true }), "LastVerbExecuted=3");
  assert.equal(field("LastVerbExecuted", {}), undefined);
});

test("blind copies are shown to the sender, and known to who got one", () => {
  const me = [{ name: "", address: "Info@Example.org" }];
  assert.equal(field("Bcc", { bcc: me }), undefined);
  assert.equal(field("ReceivedAsBcc", { bcc: me }), "ReceivedAsBcc=1");
  assert.equal(field("ReceivedAsBcc", {}), undefined);
  const sent = { from: me, bcc: [{ name: "", address: "x@example.com" }] };
  assert.equal(field("Bcc", sent), "Bcc=x@example.com");
  assert.equal(field("ReceivedAsBcc", sent), undefined);
  assert.equal(field("Bcc", sent, {}, "14.1"), undefined);
  assert.equal(field("IsDraft", {}, { draft: true }), "IsDraft=1");
});

test("the real sender is named where it is another one", () => {
  const sender = [{ name: "List", address: "list@example.com" }];
  assert.equal(field("Sender", { sender }), 'Sender="List" <list@example.com>');
  assert.equal(field("Sender", { sender: [{ name: "", address: "BEN@example.com" }] }), undefined);
});

test("the conversation index of a message begins those of its replies", () => {
  const index = (messageId: string, references: string[], inReplyTo: string[] = []) => {
    const item = sample({ messageId, references, inReplyTo });
    const element = emailFields(item, [], "16.1", ann)
      .find(({ tag }) => tag === "Email2:ConversationIndex")!;
    return Buffer.from(element.bytes).toString("hex");
  };
  const root = index("root", []);
  const reply = index("reply", ["root"]);
  const answer = index("answer", ["root", "reply"]);
  assert.equal(root.length, 10);
  assert.equal(reply.length, 20);
  assert.equal(answer.length, 30);
  assert.ok(reply.startsWith(root));
  assert.ok(answer.startsWith(reply));
  assert.notEqual(index("other", ["root"]), reply);
  assert.equal(index("reply", [], ["root"]), reply, "In-Reply-To will do");
  assert.equal(index("reply", ["root", "root", "reply"]), reply, "what repeats is nothing new");
  const many = Array.from({ length: 5000 }, (_, i) => `r${i}`);
  assert.equal(index("deep", many).length, 10 + 50 * 10);
});

test("texts are clean: no control characters, no line breaks in a subject", () => {
  assert.equal(field("Subject", { subject: " a\0\r\n b\ud800 " }), "Subject=a b\ufffd");
});

test("an item that cannot be read is a mail that can be opened", () => {
  assert.deepEqual(fields(broken).map((text) => text.split("=")[0]!.split("(")[0]), [
    "Subject",
    "DateReceived",
    "Importance",
    "Read",
    "Attachments",
    "Body",
    "MessageClass",
    "InternetCPID",
    "Flag",
    "ContentClass",
    "NativeBodyType",
    "ConversationId",
    "ConversationIndex",
    "Categories",
  ]);
});
