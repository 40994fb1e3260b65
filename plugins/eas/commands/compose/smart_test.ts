// SmartReply and SmartForward: what goes out, what is noted on the original, what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { altered, documentOf, type EasApp, easApp } from "../../../../tests/kit_eas.ts";
import { type Item, NotFound, Refused } from "../../../mailbox/api.ts";
import { el, type Element } from "../../api.ts";
import { whole } from "../../letter/build.ts";
import { readLetter } from "../../letter/letter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const written = [
  "To: Ben Bell <ben@example.com>",
  "Subject: Re: Lunch",
  "X-Phone: kept",
  "",
  "Gladly.",
  "",
].join("\r\n");
const plain = [
  "From: Ben Bell <ben@example.com>",
  "To: anna@example.org, Cleo <cleo@example.com>",
  "Subject: Lunch",
  "Date: Sun, 1 Mar 2026 09:00:00 +0000",
  "Message-ID: <lunch@example.com>",
  "References: <root@example.com>",
  "",
  "Lunch at noon?",
  "",
].join("\r\n");
const page = [
  "From: Ben Bell <ben@example.com>",
  "To: anna@example.org",
  "Subject: Pictures",
  "Message-ID: <page@example.com>",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=m",
  "",
  "--m",
  "Content-Type: multipart/related; boundary=r",
  "",
  "--r",
  "Content-Type: text/html; charset=iso-8859-1",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  '<p>Sch=F6n: <img src=3D"cid:sun@x"></p>',
  "--r",
  "Content-Type: image/png; name=sun.png",
  "Content-ID: <sun@x>",
  "Content-Transfer-Encoding: base64",
  "",
  "c3Vu",
  "--r--",
  "--m",
  "Content-Type: application/pdf; name=menu.pdf",
  "Content-Disposition: attachment; filename=menu.pdf",
  "Content-Transfer-Encoding: base64",
  "",
  "bWVudQ==",
  "--m--",
  "",
].join("\r\n");

interface Place {
  readonly app: EasApp;
  readonly inbox: string;
  add(mime: string): Promise<string>;
  itemOf(id: string): Promise<Item>;
}

async function place(options: Parameters<typeof easApp>[0] = {}): Promise<Place> {
  const app = await easApp(options);
  const box = app.mailbox();
  const { changes } = await box.folders(undefined);
  const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
  let count = 0;
  return {
    app,
    inbox,
    add: async (mime) => (await box.create(inbox, { mime: bytes(mime) }, `add ${++count}`)).id,
    async itemOf(id) {
      for await (const item of box.read([id], {})) return item;
      throw new Error(`no item ${id}`);
    },
  };
}

type Name = "SmartReply" | "SmartForward";
const source = (folder: string, item: string) =>
  el("ComposeMail:Source", el("ComposeMail:FolderId", folder), el("ComposeMail:ItemId", item));
let ids = 0;
function smart(name: Name, from: Element | undefined, mime = written, ...more: Element[]): Element {
  return el(
    `ComposeMail:${name}`,
    el("ComposeMail:ClientId", `client ${++ids}`),
    from,
    ...more,
    el("ComposeMail:Mime", bytes(mime)),
  );
}

/** The Status of an answer, "" where the command succeeded. */
async function statusOf(app: EasApp, name: Name, body: Element, version = "16.1") {
  const response = await app.ask(name, { version, body });
  assert.equal(response.status, 200);
  if (response.headers.get("Content-Length") === "0") return "";
  return (await documentOf(response)).textOf("ComposeMail:Status");
}
const sentText = (app: EasApp) => app.sent.at(-1)!.text;
const letterOf = (app: EasApp) => readLetter(bytes(sentText(app)));
const contents = async (app: EasApp) =>
  Promise.all(
    (await letterOf(app)).enclosures.map(async ({ name, inline, open }) =>
      `${name}${inline ? " inline" : ""}: ${new TextDecoder().decode(await whole(open()))}`
    ),
  );

test("an answer goes out with its header, the original below it, and its place in the thread", async () => {
  const { app, inbox, add, itemOf } = await place();
  for (const version of ["14.0", "14.1", "16.0", "16.1"]) {
    const id = await add(plain);
    const saved = el("ComposeMail:SaveInSentItems");
    const body = smart("SmartReply", source(inbox, id), written, saved);
    assert.equal(await statusOf(app, "SmartReply", body, version), "");
    const text = sentText(app);
    assert.match(
      text,
      /^To: Ben Bell <ben@example\.com>\r\nSubject: Re: Lunch\r\nX-Phone: kept\r\n/,
    );
    assert.match(text, /In-Reply-To: <lunch@example\.com>\r\n/);
    assert.match(text, /References: <root@example\.com>\r\n <lunch@example\.com>\r\n/);
    assert.equal(text.match(/^Content-Type:/gm)?.length, 1);
    assert.equal(
      (await letterOf(app)).text?.replaceAll("\r\n", "\n").trimEnd(),
      "Gladly.\n\nOn Sun, 01 Mar 2026 09:00 UTC, Ben Bell <ben@example.com> wrote:\n> Lunch at noon?",
    );
    assert.equal(app.sent.at(-1)!.message.saveInSent, true);
    const { marks } = (await itemOf(id)).state;
    assert.deepEqual(
      [marks.answered, marks.forwarded, marks.verb],
      [true, false, { kind: "reply", at: app.clock.now() }],
    );
  }
  assert.equal(app.sent.length, 4);
  await app.stop();
});

test("up to 12.1 the body is the letter, and the query says the rest", async () => {
  const { app, inbox, add, itemOf } = await place();
  const ask = (name: Name, more: string) =>
    app.ask(name, {
      version: "12.1",
      body: bytes(`Message-ID: <${++ids}@phone>\r\n${written}`),
      contentType: "message/rfc822",
      more,
    });
  const id = await add(plain);
  const reply = await ask("SmartReply", `&CollectionId=${inbox}&ItemId=${id}&SaveInSent=T`);
  assert.equal(reply.status, 200);
  assert.equal(await reply.text(), "");
  assert.match((await letterOf(app)).text!, /^Gladly\.[^]*> Lunch at noon\?/);
  assert.equal(app.sent.at(-1)!.message.saveInSent, true);
  assert.equal((await itemOf(id)).state.marks.verb?.kind, "reply");
  assert.equal((await ask("SmartForward", `&LongId=${id}`)).status, 200);
  assert.equal(app.sent.at(-1)!.message.saveInSent, false);
  assert.equal((await itemOf(id)).state.marks.verb?.kind, "forward");
  assert.equal((await ask("SmartReply", `&CollectionId=${inbox}&ItemId=9:9`)).status, 500);
  assert.equal((await ask("SmartReply", "")).status, 400);
  const occurrence = `&CollectionId=${inbox}&ItemId=${id}&Occurrence=`;
  assert.equal((await ask("SmartReply", `${occurrence}2026-03-01T09:00:00.000Z`)).status, 200);
  assert.equal((await ask("SmartReply", `${occurrence}soon`)).status, 400);
  assert.equal(app.sent.length, 3);
  await app.stop();
});

test("an answer to HTML shows it with its pictures, and leaves the files behind", async () => {
  const { app, inbox, add } = await place();
  await statusOf(app, "SmartReply", smart("SmartReply", source(inbox, await add(page))));
  const { html, text } = await letterOf(app);
  assert.match(html!, /Gladly\.<br>[^]*wrote:[^]*<p>Schön: <img src="cid:sun@x"><\/p>/);
  assert.match(text!, /^Gladly\.[^]*> Schön:/);
  assert.deepEqual(await contents(app), ["sun.png inline: sun"]);
  assert.match(sentText(app), /charset=utf-8/i);
  await app.stop();
});

test("a forwarded message goes with everything that hung on it, and the phone's own files", async () => {
  const { app, inbox, add, itemOf } = await place();
  const id = await add(page);
  const own = [
    "To: dora@example.com",
    "Subject: Fwd: Pictures",
    "Content-Type: multipart/mixed; boundary=own",
    "",
    "--own",
    "Content-Type: text/html; charset=utf-8",
    "",
    "<html><body>Für dich</body></html>",
    "--own",
    "Content-Type: text/plain; name=note.txt",
    "Content-Disposition: attachment; filename=note.txt",
    "",
    "mine",
    "--own--",
    "",
  ].join("\r\n");
  assert.equal(
    await statusOf(app, "SmartForward", smart("SmartForward", source(inbox, id), own)),
    "",
  );
  const { html } = await letterOf(app);
  assert.match(
    html!,
    /^<html><body>Für dich<br>[^]*From: Ben Bell[^]*cid:sun@x[^]*<\/body><\/html>/,
  );
  assert.deepEqual(
    (await contents(app)).map((one) => one.trimEnd()),
    ["sun.png inline: sun", "note.txt: mine", "menu.pdf: menu"],
  );
  assert.doesNotMatch(sentText(app), /^In-Reply-To/m);
  assert.match(sentText(app), /^References: <page@example\.com>/m);
  const { marks } = (await itemOf(id)).state;
  assert.deepEqual([marks.answered, marks.forwarded, marks.verb?.kind], [false, true, "forward"]);
  await app.stop();
});

test("where the operator wants it, what is forwarded goes along as a file", async () => {
  const { app, inbox, add } = await place({ config: { eas: { forward: "attached" } } });
  const id = await add(page);
  await statusOf(app, "SmartForward", smart("SmartForward", source(inbox, id)));
  const { text, enclosures } = await letterOf(app);
  assert.equal(text?.trim(), "Gladly.");
  assert.deepEqual(enclosures.map(({ name, type }) => [name, type]), [
    ["Pictures.eml", "message/rfc822"],
  ]);
  assert.match(sentText(app), /Content-Type: message\/rfc822[^]*Subject: Pictures[^]*menu\.pdf/);
  await app.stop();
});

test("what nobody can quote goes along whole when it is forwarded, and is left out of an answer", async () => {
  const { app, inbox, add } = await place();
  const encrypted = "From: ben@example.com\r\nSubject: Secret\r\n" +
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n" +
    "Content-Transfer-Encoding: base64\r\n\r\nc2VjcmV0\r\n";
  const huge = `From: ben@example.com\r\nSubject: Huge\r\n\r\n${"0123456789\r\n".repeat(100_000)}`;
  for (const [mime, name] of [[encrypted, "Secret.eml"], [huge, "Huge.eml"]] as const) {
    const from = source(inbox, await add(mime));
    await statusOf(app, "SmartForward", smart("SmartForward", from));
    assert.deepEqual((await letterOf(app)).enclosures.map((one) => one.name), [name]);
    assert.ok(sentText(app).includes(mime.slice(mime.indexOf("\r\n\r\n"))), "byte for byte");
    await statusOf(app, "SmartReply", smart("SmartReply", from));
    assert.deepEqual((await letterOf(app)).enclosures, []);
  }
  assert.match((await letterOf(app)).text!.slice(-40), /> \d+\s+> \[…\]\s+$/);
  await app.stop();
});

test("a message that is whole goes out as it is, even when the original is gone", async () => {
  const { app, inbox, add, itemOf } = await place();
  const id = await add(page);
  const whole = `${written}\r\n> Pictures\r\n`;
  const replaces = el("ComposeMail:ReplaceMime");
  for (const name of ["SmartReply", "SmartForward"] as const) {
    assert.equal(await statusOf(app, name, smart(name, source(inbox, id), whole, replaces)), "");
    assert.deepEqual((await letterOf(app)).enclosures, []);
    assert.equal(
      sentText(app).split("\r\n\r\n").slice(1).join("\r\n\r\n"),
      "Gladly.\r\n\r\n> Pictures\r\n",
    );
  }
  assert.match(sentText(app), /^References: <page@example\.com>/m);
  const { marks } = (await itemOf(id)).state;
  assert.deepEqual([marks.answered, marks.forwarded, marks.verb?.kind], [true, true, "forward"]);
  await app.mailbox().remove(id, "gone");
  const late = smart("SmartReply", source(inbox, id), whole, replaces);
  assert.equal(await statusOf(app, "SmartReply", late), "");
  assert.equal(sentText(app), whole);
  await app.stop();
});

test("a signed letter is not touched", async () => {
  const { app, inbox, add } = await place();
  const signed = "To: ben@example.com\r\nContent-Type: multipart/signed; boundary=s;\r\n" +
    ' protocol="application/pkcs7-signature"\r\n\r\n--s\r\n\r\nGladly. \r\n--s\r\n' +
    "Content-Type: application/pkcs7-signature\r\n\r\nsig\r\n--s--\r\n";
  await statusOf(app, "SmartReply", smart("SmartReply", source(inbox, await add(plain)), signed));
  assert.equal(
    sentText(app).split(/\r\n\r\n/).slice(1).join("\r\n\r\n"),
    signed.split(/\r\n\r\n/).slice(1).join("\r\n\r\n"),
  );
  assert.match(sentText(app), /^In-Reply-To: <lunch@example\.com>/m);
  await app.stop();
});

test("an answer to others than the sender is an answer to all", async () => {
  const { app, inbox, add, itemOf } = await place();
  const kinds: unknown[] = [];
  const to = ["ben@example.com", "ben@example.com, CLEO@example.com", "anna@example.org"];
  for (const recipients of to) {
    const id = await add(plain);
    const letter = written.replace("Ben Bell <ben@example.com>", recipients);
    await statusOf(app, "SmartReply", smart("SmartReply", source(inbox, id), letter));
    kinds.push((await itemOf(id)).state.marks.verb?.kind);
  }
  assert.deepEqual(kinds, ["reply", "replyAll", "reply"]);
  await app.stop();
});

test("an answer is sent once: a repeat is 118, also after a crash between sending and marking", async () => {
  let crash = true;
  const { app, inbox, add, itemOf } = await place({
    wrap: (box) =>
      altered(box, {
        mark: async (...given) => {
          if (crash) throw new Error("the power is gone");
          return await box.mark(...given);
        },
      }),
  });
  const id = await add(plain);
  const body = smart("SmartReply", source(inbox, id));
  assert.equal(await statusOf(app, "SmartReply", body), "111");
  crash = false;
  assert.equal(await statusOf(app, "SmartReply", body), "");
  assert.equal((await itemOf(id)).state.marks.answered, true);
  assert.equal(await statusOf(app, "SmartReply", body), "118");
  assert.equal(app.sent.length, 1);
  await app.stop();
});

test("a repeat up to 12.1 is sent once, and the same words below another mail are another answer", async () => {
  const { app, inbox, add } = await place();
  const letter = bytes(`Message-ID: <same@phone>\r\n${written}`);
  const ask = async (id: string) => {
    const more = `&CollectionId=${inbox}&ItemId=${id}`;
    const body = { version: "12.1", body: letter, contentType: "message/rfc822", more };
    assert.equal((await app.ask("SmartReply", body)).status, 200);
  };
  const [one, other] = [await add(plain), await add(page)];
  await ask(one);
  await ask(one);
  await ask(other);
  assert.equal(app.sent.length, 2);
  await app.stop();
});

test("what is wrong with a request is said by its status, and nothing goes out", async () => {
  const { app, inbox, add } = await place();
  const id = await add(plain);
  const from = source(inbox, id);
  const named = (...children: Element[]) => el("ComposeMail:Source", ...children);
  const [folderId, itemId] = [el("ComposeMail:FolderId", inbox), el("ComposeMail:ItemId", id)];
  const longId = el("ComposeMail:LongId", id);
  const cases: readonly [string, Element][] = [
    ["103", smart("SmartReply", undefined)],
    ["105", smart("SmartReply", named(itemId))],
    ["105", smart("SmartReply", named(folderId))],
    ["105", smart("SmartReply", named(folderId, itemId, longId))],
    ["104", smart("SmartReply", named(longId, el("ComposeMail:InstanceId", "noon")))],
    ["107", smart("SmartReply", from, "\r\nno header\r\n")],
    ["119", smart("SmartReply", from, "Subject: to nobody\r\n\r\nx\r\n")],
    ["150", smart("SmartReply", source(inbox, "9:9"))],
    ["150", smart("SmartReply", source("99", id))],
    ["166", smart("SmartReply", from, written, el("ComposeMail:AccountId", "other"))],
    ["168", smart("SmartReply", from, written, el("RightsManagement:TemplateID", "t"))],
    ["103", el("ComposeMail:SmartReply", from, el("ComposeMail:Mime", bytes(written)))],
    ["103", el("ComposeMail:SmartReply", el("ComposeMail:ClientId", "1"), from)],
  ];
  for (const [status, body] of cases) {
    assert.equal(await statusOf(app, "SmartReply", body), status, status);
  }
  assert.deepEqual(app.sent, []);
  const instance = el("ComposeMail:InstanceId", "2026-03-01T09:00:00.000Z");
  assert.equal(await statusOf(app, "SmartReply", smart("SmartReply", named(longId, instance))), "");
  await app.stop();
});

test("an original that vanishes while it is read fails that message, and no later one", async () => {
  const { app, inbox, add } = await place({
    wrap: (box) => altered(box, { part: () => Promise.reject(new NotFound("Cannot find it")) }),
  });
  const from = source(inbox, await add(page));
  assert.equal(await statusOf(app, "SmartForward", smart("SmartForward", from)), "150");
  assert.equal(
    await statusOf(app, "SmartReply", smart("SmartReply", source(inbox, await add(plain)))),
    "",
  );
  assert.equal(app.sent.length, 1);
  await app.stop();
});

test("a reply that nobody takes is 121, anything else 120, unless the reason has a status", async () => {
  const refuse = (reason: Refused["reason"]) => () =>
    Promise.reject(new Refused(reason, "Cannot send: no"));
  for (const [reason, reply, forward] of [["other", "121", "120"], ["recipient", "116", "116"]]) {
    const { app, inbox, add } = await place({ send: refuse(reason as Refused["reason"]) });
    const from = source(inbox, await add(plain));
    assert.equal(await statusOf(app, "SmartReply", smart("SmartReply", from)), reply);
    assert.equal(await statusOf(app, "SmartForward", smart("SmartForward", from)), forward);
    await app.stop();
  }
});

test("a mail is forwarded to people whom the device just names, since 16.0", async () => {
  const { app, inbox, add, itemOf } = await place();
  const id = await add(plain);
  const forwardees = (...emails: string[]) =>
    el(
      "ComposeMail:Forwardees",
      ...emails.map((email) =>
        el(
          "ComposeMail:Forwardee",
          el("ComposeMail:ForwardeeEmail", email),
          el("ComposeMail:ForwardeeName", "Žofie"),
        )
      ),
    );
  const body = (type: number, data: string) =>
    el("AirSyncBase:Body", el("AirSyncBase:Type", type), el("AirSyncBase:Data", data));
  const ask = (...more: Element[]) =>
    el(
      "ComposeMail:SmartForward",
      el("ComposeMail:ClientId", `note ${++ids}`),
      source(inbox, id),
      ...more,
    );
  const good = ask(forwardees("z@example.com", "y@example.com"), body(1, "Für euch"));
  assert.equal(await statusOf(app, "SmartForward", good, "16.0"), "");
  assert.match(
    sentText(app),
    /^To: .*<z@example\.com>,\r\n .*<y@example\.com>\r\nSubject: Fwd: Lunch\r\n/,
  );
  assert.match((await letterOf(app)).text!, /^Für euch\s+-+ Forwarded[^]*Lunch at noon\?/);
  assert.equal(app.sent[0]!.message.saveInSent, true);
  assert.equal((await itemOf(id)).state.marks.verb?.kind, "forward");
  assert.equal(await statusOf(app, "SmartForward", good, "16.0"), "118");
  const html = ask(forwardees("z@example.com"), body(2, "<p>Hi</p>"));
  assert.equal(await statusOf(app, "SmartForward", html), "");
  assert.match((await letterOf(app)).html!, /^<p>Hi<\/p>\s*<br>[^]*Lunch at noon\?/);
  const mime = el("ComposeMail:Mime", bytes(written));
  const wrong: readonly [string, Element][] = [
    ["178", ask(forwardees("z@example.com"), mime)],
    ["178", ask(body(1, "x"), mime)],
    ["178", ask(forwardees("z@example.com"), el("ComposeMail:SaveInSentItems"))],
    ["178", ask(forwardees("z@example.com"), el("ComposeMail:ReplaceMime"))],
    ["179", ask(forwardees("nobody"))],
    ["179", ask(forwardees("z@example.com"), body(4, "x"))],
    ["119", ask(body(1, "x"))],
    ["119", ask(forwardees())],
    ["103", ask()],
  ];
  for (const [status, document] of wrong) {
    assert.equal(await statusOf(app, "SmartForward", document), status, status);
  }
  assert.equal(
    await statusOf(app, "SmartForward", ask(forwardees("z@example.com")), "14.1"),
    "103",
  );
  assert.equal(app.sent.length, 2);
  await app.stop();
});
