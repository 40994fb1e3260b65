// Settings/Oof: what is set is what Get says, in the form that the device wants; what is wrong is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { altered, documentOf, type EasApp, easApp, shown } from "../../../../tests/kit_eas.ts";
import type { Mailbox, Replies } from "../../../mailbox/api.ts";
import { el, type Element, type Tag } from "../../api.ts";

const tags = {
  internal: "Settings:AppliesToInternal",
  known: "Settings:AppliesToExternalKnown",
  unknown: "Settings:AppliesToExternalUnknown",
} as const;
const get = (format?: string) =>
  el("Settings:Oof", el("Settings:Get", format ? el("Settings:BodyType", format) : undefined));
const set = (...parts: (Element | undefined)[]) => el("Settings:Oof", el("Settings:Set", ...parts));
const state = (value: string) => el("Settings:OofState", value);
const from = (value: string) => el("Settings:StartTime", value);
const till = (value: string) => el("Settings:EndTime", value);

function message(audience: Tag, enabled: string | undefined, text?: string, format = "Text") {
  return el(
    "Settings:OofMessage",
    el(audience),
    enabled === undefined ? undefined : el("Settings:Enabled", enabled),
    ...(text === undefined
      ? []
      : [el("Settings:ReplyMessage", text), el("Settings:BodyType", format)]),
  );
}

async function oof(app: EasApp, part: Element): Promise<Element> {
  const answer = await documentOf(
    await app.ask("Settings", { body: el("Settings:Settings", part) }),
  );
  assert.equal(answer.textOf("Settings:Status"), "1");
  return answer.child("Settings:Oof")!;
}
const statusOf = async (app: EasApp, part: Element) =>
  (await oof(app, part)).textOf("Settings:Status");

test("at first Oof is off, and there is a message for each audience", async () => {
  const app = await easApp();
  const empty = (tag: string) =>
    `    Settings:OofMessage
      ${tag}
      Settings:Enabled 0
`;
  assert.equal(
    shown(await oof(app, get("Text"))),
    `Settings:Oof
  Settings:Status 1
  Settings:Get
    Settings:OofState 0
${Object.values(tags).map(empty).join("")}`,
  );
  await app.stop();
});

test("what was set is what Get says: state, times, three audiences", async () => {
  const app = await easApp();
  const times = [from("2026-03-02T08:00:00.000Z"), till("2026-03-09T18:00:00.000Z")];
  const status = await statusOf(
    app,
    set(
      state("2"),
      ...times,
      message(tags.internal, "1", "Call me"),
      message(tags.known, "1", "Write to Bert\nor wait"),
      message(tags.unknown, "0", "Away"),
    ),
  );
  assert.equal(status, "1");
  assert.equal(
    shown(await oof(app, get("Text"))),
    `Settings:Oof
  Settings:Status 1
  Settings:Get
    Settings:OofState 2
    Settings:StartTime 2026-03-02T08:00:00.000Z
    Settings:EndTime 2026-03-09T18:00:00.000Z
    Settings:OofMessage
      Settings:AppliesToInternal
      Settings:Enabled 1
      Settings:ReplyMessage Call me
      Settings:BodyType Text
    Settings:OofMessage
      Settings:AppliesToExternalKnown
      Settings:Enabled 1
      Settings:ReplyMessage Write to Bert\r\nor wait
      Settings:BodyType Text
    Settings:OofMessage
      Settings:AppliesToExternalUnknown
      Settings:Enabled 0
      Settings:ReplyMessage Away
      Settings:BodyType Text
`,
  );
  await app.stop();
});

test("Get brings the kind of text that it asks for", async () => {
  const app = await easApp();
  const html = "<html><body><p>Gone <b>fishing</b> &amp; happy</p></body></html>";
  await oof(
    app,
    set(message(tags.internal, "1", html, "HTML"), message(tags.unknown, "1", "1 < 2")),
  );
  const texts = async (format?: string) =>
    (await oof(app, get(format))).child("Settings:Get")!.all("Settings:OofMessage").map((one) => [
      one.textOf("Settings:BodyType"),
      one.textOf("Settings:ReplyMessage"),
    ]);
  const asText = [["Text", "Gone fishing & happy"], [undefined, undefined], ["Text", "1 < 2"]];
  assert.deepEqual(await texts("Text"), asText);
  assert.deepEqual(await texts(), asText, "a phone that does not say gets text");
  const asHtml = await texts("html");
  assert.deepEqual(asHtml[0], ["HTML", html]);
  assert.match(String(asHtml[2]), /^HTML,<html><body>1 &lt; 2<\/body><\/html>$/);
  await app.stop();
});

test("what is not set stays: one audience, the state alone, the times with the state", async () => {
  const app = await easApp();
  const box = app.mailbox() as Mailbox & Replies;
  const times = [from("2026-03-02T08:00:00Z"), till("2026-03-09T18:00:00Z")];
  await oof(app, set(state("2"), ...times, message(tags.known, "1", "Away")));
  await oof(app, set(message(tags.known, "0")));
  await oof(app, set(message(tags.internal, "", "In")));
  assert.deepEqual((await box.autoReply()).replies, {
    internal: { enabled: true, content: "In", format: "text" },
    known: { enabled: false, content: "Away", format: "text" },
    unknown: { enabled: false, content: "", format: "text" },
  });
  const before = await box.autoReply();
  assert.equal(await statusOf(app, set(state("2"))), "1", "the times of before");
  assert.deepEqual(await box.autoReply(), before);
  assert.equal(await statusOf(app, set(state("1"), ...times)), "1");
  const { state: kind, start } = await box.autoReply();
  assert.deepEqual([kind, start], ["on", undefined], "times belong to the timed state alone");
  await app.stop();
});

const long = "x".repeat(64 * 1024 + 1);
const wrong: readonly (readonly [string, Element, string])[] = [
  ["neither Get nor Set", el("Settings:Oof"), "2"],
  ["Get and Set", el("Settings:Oof", el("Settings:Get"), el("Settings:Set", state("1"))), "2"],
  ["a state that there is not", set(state("3")), "2"],
  ["a start without an end", set(state("2"), from("2026-03-02T08:00:00Z")), "2"],
  ["an end without a start", set(state("1"), till("2026-03-02T08:00:00Z")), "2"],
  ["what is no time", set(state("2"), from("soon"), till("2026-03-02T08:00:00Z")), "2"],
  [
    "an end before the start",
    set(state("2"), from("2026-03-02T08:00:00Z"), till("2026-03-01T08:00:00Z")),
    "5",
  ],
  ["the timed state without times", set(state("2")), "5"],
  ["a message for nobody", set(el("Settings:OofMessage", el("Settings:Enabled", 1))), "2"],
  [
    "a message for two audiences",
    set(el("Settings:OofMessage", el(tags.internal), el(tags.known))),
    "6",
  ],
  [
    "two messages for one audience",
    set(message(tags.internal, "1", "a"), message(tags.internal, "1", "b")),
    "6",
  ],
  ["Enabled that is neither", set(message(tags.internal, "yes")), "2"],
  ["a kind of text that there is not", set(message(tags.internal, "1", "x", "RTF")), "2"],
  ["Get of such a kind", get("RTF"), "2"],
  ["a text like a book", set(message(tags.internal, "1", long)), "5"],
];
for (const [what, part, status] of wrong) {
  test(`${what} is status ${status}, and changes nothing`, async () => {
    const app = await easApp();
    const box = app.mailbox() as Mailbox & Replies;
    const before = await box.autoReply();
    assert.equal(await statusOf(app, part), status);
    assert.deepEqual(await box.autoReply(), before);
    await app.stop();
  });
}

test("strict: a text says of which kind it is", async () => {
  const app = await easApp({ config: { eas: { strict: true } } });
  assert.equal(await statusOf(app, get()), "2");
  const bare = el("Settings:OofMessage", el(tags.internal), el("Settings:ReplyMessage", "x"));
  assert.equal(await statusOf(app, set(bare)), "2");
  await app.stop();
});

test("a mailbox that cannot answer by itself denies Oof, and a broken one asks to come again", async () => {
  const plain = await easApp({
    wrap: (mailbox) =>
      new Proxy(mailbox, {
        get: (target, name) =>
          /autoReply/i.test(String(name)) ? undefined : Reflect.get(target, name),
      }),
  });
  for (const part of [get("Text"), set(state("1"))]) {
    assert.equal(await statusOf(plain, part), "3");
  }
  await plain.stop();
  const broken = await easApp({
    wrap: (mailbox) =>
      altered(
        mailbox,
        { autoReply: () => Promise.reject(new Error("gone")) } as Partial<Mailbox & Replies>,
      ),
  });
  const answer = await broken.ask("Settings", { body: el("Settings:Settings", get("Text")) });
  assert.equal(answer.headers.get("Retry-After"), "60");
  assert.equal((await documentOf(answer)).textOf("Settings:Status"), "111");
  await broken.stop();
});
