// The format of golden conversations, and the names in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { el, show } from "../../plugins/eas/wbxml/mod.ts";
import type { Version } from "../../plugins/eas/versions.ts";
import { parse, parseDocument, render } from "./conversation.ts";
import { Names } from "./names.ts";

const text = `# What it shows.
versions: 14.0-16.0
config: eas.strict = true
client: WindowsMail 0123ABC Outlook/16.0 (16.0.1; Microsoft Outlook)

~ FolderSync

> Sync&X=1 (14.1)
X-MS-PolicyKey: 1
<AirSync:Sync>
  <AirSync:Wait> "5"

< 200
(no body)

# A comment belongs to the request below it.

* read {item:x}

> Ping
! deliver lunch.eml

< 14.0: 503
retry-after: 30

< 14.1 16.0: 200
(no body)
`;

test("a file is read into steps, and written as it was", () => {
  const conversation = parse(text);
  assert.deepEqual(conversation.versions, ["14.0", "14.1", "16.0"]);
  assert.deepEqual(conversation.config, ["eas.strict = true"]);
  assert.deepEqual(conversation.client, {
    deviceType: "WindowsMail",
    deviceId: "0123ABC",
    userAgent: "Outlook/16.0 (16.0.1; Microsoft Outlook)",
  });
  const [hidden, sync, ping] = conversation.steps;
  assert.equal(hidden?.silent, true);
  assert.equal(sync?.command, "Sync");
  assert.equal(sync?.more, "&X=1");
  assert.deepEqual(sync?.versions, ["14.1"]);
  assert.deepEqual(sync?.headers, [["X-MS-PolicyKey", "1"]]);
  assert.deepEqual(sync?.body, el("AirSync:Sync", el("AirSync:Wait", 5)));
  assert.deepEqual(ping?.before, ["read {item:x}"]);
  assert.deepEqual(ping?.meanwhile, ["deliver lunch.eml"]);
  assert.equal(ping?.body, undefined);
  const answers: Map<Version, string>[] = [
    new Map([["14.1", "200\nnot shown"]]),
    new Map([["14.1", "200\n(no body)"]]),
    new Map([["14.0", "503\nretry-after: 30"], ["14.1", "200\n(no body)"], [
      "16.0",
      "200\n(no body)",
    ]]),
  ];
  assert.equal(render(conversation, answers), text);
});

test("an answer that differs makes a different file", () => {
  const conversation = parse(text);
  const answers: Map<Version, string>[] = [
    new Map(),
    new Map([["14.1", "500"]]),
    new Map([["14.0", "200"]]),
  ];
  assert.notEqual(render(conversation, answers), text);
});

test("documents are read as show() writes them", () => {
  const document = el(
    "AirSync:Sync",
    el("AirSync:Status", 1),
    el("AirSync:MoreAvailable"),
    el("AirSync:Commands", el("AirSync:Add", el("AirSync:ServerId", 'a "b"\r\nc'))),
    el("Email2:ConversationId", new Uint8Array([0, 255])),
  );
  assert.deepEqual(parseDocument(show(document, { bodies: true }).split("\n")), document);
  const bytes = parseDocument(['<ComposeMail:Mime> bytes "é"']);
  assert.deepEqual(bytes.value, new Uint8Array([0xc3, 0xa9]));
});

test("what cannot be read is refused", () => {
  for (
    const wrong of [
      "> Sync (12.2)",
      "> Sync now",
      '> Sync\n<AirSync:Sync>\n    <AirSync:Wait> "5"',
      "> Sync\n<AirSync:Sync>\n<AirSync:Wait>",
      "> Sync\nnonsense",
      "> Sync\n<AirSync:Sync> 5 5",
      "versions: 13.0\n\n> Sync",
      "client: WindowsMail\n\n> Sync",
    ]
  ) assert.throws(() => parse(wrong), SyntaxError, wrong);
});

test("ids get names that speak, once, and come back", () => {
  const names = new Names();
  const folder = (id: string, name: string) =>
    el(
      "FolderHierarchy:Add",
      el("FolderHierarchy:ServerId", id),
      el("FolderHierarchy:ParentId", 0),
      el("FolderHierarchy:DisplayName", name),
      el("FolderHierarchy:Type", "f7"),
    );
  const changes = el(
    "FolderHierarchy:FolderSync",
    el("FolderHierarchy:SyncKey", "k-93"),
    folder("f7", "Inbox"),
    folder("f8", "Inbox"),
  );
  assert.equal(
    show(names.named(changes)),
    `<FolderHierarchy:FolderSync>
  <FolderHierarchy:SyncKey> "{key:1}"
  <FolderHierarchy:Add>
    <FolderHierarchy:ServerId> "{folder:Inbox}"
    <FolderHierarchy:ParentId> "0"
    <FolderHierarchy:DisplayName> "Inbox"
    <FolderHierarchy:Type> "f7"
  <FolderHierarchy:Add>
    <FolderHierarchy:ServerId> "{folder:Inbox#2}"
    <FolderHierarchy:ParentId> "0"
    <FolderHierarchy:DisplayName> "Inbox"
    <FolderHierarchy:Type> "f7"`,
  );
  const request = el("AirSync:Collection", el("AirSync:CollectionId", "{folder:Inbox}"));
  assert.deepEqual(
    names.resolved(request),
    el("AirSync:Collection", el("AirSync:CollectionId", "f7")),
  );
  assert.throws(() => names.resolve("{folder:Nowhere}"), RangeError);
  assert.equal(names.resolve("{ not a name }"), "{ not a name }");
});
