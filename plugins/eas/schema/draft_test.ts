// What a device says of a draft.
import assert from "node:assert/strict";
import { test } from "node:test";
import { whole } from "../letter/build.ts";
import { el, type Element } from "../wbxml/element.ts";
import { readDraft } from "./draft.ts";
import { BadItem } from "./marks.ts";

const data = (...children: Element[]) => el("AirSync:ApplicationData", ...children);
const body = (...children: Element[]) => data(el("AirSyncBase:Body", ...children));
const type = (number: number) => el("AirSyncBase:Type", number);
const text = (content: string) => el("AirSyncBase:Data", content);

test("nothing said is nothing changed", () => {
  const nothing = { addresses: {}, added: [], removed: [], marks: {} };
  assert.deepEqual(readDraft(undefined), nothing);
  assert.deepEqual(readDraft(data()), nothing);
  const servers = data(el("Email:ThreadTopic", "x"), el("Email2:IsDraft", true));
  assert.deepEqual(readDraft(servers), nothing);
});

test("addresses are separated by commas and semicolons; an empty field has none", () => {
  const { addresses } = readDraft(data(
    el("Email:To", 'a@x.org; "B, C" <b@x.org>,Bert;'),
    el("Email:Cc"),
    el("Email2:Bcc", "s@x.org"),
    el("Email:ReplyTo", "r@x.org"),
    el("Email:From", "Me <me@x.org>"),
  ));
  assert.deepEqual(addresses, {
    To: [
      { name: "", address: "a@x.org" },
      { name: "B, C", address: "b@x.org" },
      { name: "Bert", address: "" },
    ],
    Cc: [],
    Bcc: [{ name: "", address: "s@x.org" }],
    "Reply-To": [{ name: "", address: "r@x.org" }],
    From: [{ name: "Me", address: "me@x.org" }],
  });
});

test("a body is text, HTML or a message; one that the device has in part says nothing", () => {
  assert.deepEqual(readDraft(body(type(1), text("x"))).body, { type: "text", content: "x" });
  assert.deepEqual(readDraft(body(type(2), text("<p>"))).body, { type: "html", content: "<p>" });
  assert.deepEqual(readDraft(body(type(1))).body, { type: "text", content: "" });
  const bytes = new TextEncoder().encode("Subject: x");
  assert.deepEqual(readDraft(body(type(4), text("Subject: x"))).body, { type: "mime", bytes });
  const part = body(type(1), el("AirSyncBase:Truncated", true), text("x"));
  assert.equal(readDraft(part).body, undefined);
  for (const wrong of [body(type(3), text("x")), body(text("x"))]) {
    assert.throws(() => readDraft(wrong), BadItem);
  }
});

test("marks and importance are read, and refused where they are none", () => {
  const { marks, importance, subject } = readDraft(
    data(el("Email:Read", false), el("Email:Importance", 0), el("Email:Subject")),
  );
  assert.deepEqual([marks, importance, subject], [{ read: false }, "low", ""]);
  assert.throws(() => readDraft(data(el("Email:Importance", 3))), BadItem);
  assert.throws(() => readDraft(data(el("Email:Read", 3))), BadItem);
});

test("attachments come and go", async () => {
  const add = (...children: Element[]) => el("AirSyncBase:Add", ...children);
  const list = (...children: Element[]) => data(el("AirSyncBase:Attachments", ...children));
  const id = el("AirSyncBase:ClientId", "f1");
  const content = el("AirSyncBase:Content", Uint8Array.of(1, 2));
  const { added, removed } = readDraft(list(
    el("AirSyncBase:Delete", el("AirSyncBase:FileReference", "ref")),
    add(
      id,
      content,
      el("AirSyncBase:Method", 1),
      el("AirSyncBase:ContentType", "Image/PNG; x=y"),
      el("AirSyncBase:DisplayName", "a.png"),
      el("AirSyncBase:ContentId", "<c@x>"),
      el("AirSyncBase:IsInline", true),
    ),
    add(id, el("AirSyncBase:Content", "AQI="), el("AirSyncBase:Method", 5)),
    add(id, content, el("AirSyncBase:ContentType", "nonsense")),
  ));
  assert.deepEqual(removed, ["ref"]);
  assert.deepEqual(
    added.map(({ name, type, contentId, inline }) => [name, type, contentId, inline]),
    [
      ["a.png", "image/png", "c@x", true],
      ["message.eml", "message/rfc822", undefined, false],
      ["attachment", "application/octet-stream", undefined, false],
    ],
  );
  for (const one of added) assert.deepEqual(await whole(one.open()), Uint8Array.of(1, 2));
  for (const wrong of [add(id), add(content), add(id, content, el("AirSyncBase:Method", 6))]) {
    assert.throws(() => readDraft(list(wrong)), BadItem);
  }
});
