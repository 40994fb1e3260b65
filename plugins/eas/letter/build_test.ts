// Written letters: read again by the reader that devices' letters go through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { fields, firstValue, splitHead } from "../../mailbox/api.ts";
import { addressField, idsField, textField, whole, written } from "./build.ts";
import type { Enclosure } from "./enclosure.ts";
import { once, readLetter } from "./letter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (name: string, more: Partial<Enclosure> = {}): Enclosure => ({
  name,
  type: "application/pdf",
  contentId: undefined,
  inline: false,
  open: () => once(bytes(`content of ${name}`)),
  ...more,
});
const given = fields(bytes(
  "To: ben@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/html\r\n" +
    "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\nX-Own: kept\r\n",
));
const named = (enclosures: readonly Enclosure[]) =>
  Promise.all(enclosures.map(async ({ name, type, contentId, inline, open }) => {
    return [name, type, contentId, inline, new TextDecoder().decode(await whole(open()))];
  }));

test("a letter keeps the given fields, but for those that tell of its content", async () => {
  const mime = await whole(written(given, { text: "Grüße €", html: undefined, enclosures: [] }));
  const { head } = await splitHead(once(mime), 1000);
  const all = fields(head);
  assert.equal(firstValue(all, "subject"), "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=");
  assert.equal(firstValue(all, "x-own"), "kept");
  assert.match(firstValue(all, "content-type")!, /^text\/plain; charset=utf-8/i);
  assert.deepEqual(
    ["date", "message-id", "from"].filter((name) => firstValue(all, name) !== undefined),
    [],
    "what the sender did not say is not made up here",
  );
  const letter = await readLetter(mime);
  assert.deepEqual([letter.text?.trim(), letter.html, letter.sealed], [
    "Grüße €",
    undefined,
    false,
  ]);
});

test("pictures that the HTML shows are related to it, all others are attached", async () => {
  const shown = file("sun.png", { type: "image/png", contentId: "sun@x", inline: true });
  const hidden = file("moon.png", { type: "image/png", contentId: "moon@x", inline: true });
  const html = '<p>Look: <img src="cid:sun@x"></p>';
  const content = { text: "Look", html, enclosures: [hidden, shown, file("a b.pdf")] };
  const mime = new TextDecoder().decode(await whole(written(given, content)));
  assert.match(
    mime,
    /multipart\/mixed[^]*multipart\/alternative[^]*text\/plain[^]*multipart\/related[^]*text\/html[^]*sun\.png[^]*moon\.png[^]*a b\.pdf/,
  );
  const letter = await readLetter(bytes(mime));
  assert.equal(letter.html?.trim(), html);
  assert.deepEqual(await named(letter.enclosures), [
    ["sun.png", "image/png", "sun@x", true, "content of sun.png"],
    ["moon.png", "image/png", "moon@x", false, "content of moon.png"],
    ["a b.pdf", "application/pdf", undefined, false, "content of a b.pdf"],
  ]);
});

test("a message as a file stays the message that it is; a file without text is no message", async () => {
  const inner = file("Old one.eml", {
    type: "message/rfc822",
    open: () => once(bytes("Subject: Old\r\n\r\nGrüße\r\n")),
  });
  const mime = await whole(written(given, { text: "", html: undefined, enclosures: [inner] }));
  const { enclosures, text } = await readLetter(mime);
  assert.equal(text?.trim(), "");
  const [[name, type, , inline, content] = []] = await named(enclosures);
  assert.deepEqual([name, type, inline], ["Old one.eml", "message/rfc822", false]);
  assert.match(String(content), /^Subject: Old\r?\n\r?\nGrüße\s*$/);
  assert.match(new TextDecoder().decode(mime), /\r\n\r\nSubject: Old\r\n\r\nGrüße\r\n/);
});

test("a failing file fails the letter, and nobody waits for ever", async () => {
  const broken = file("gone.pdf", {
    async *open() {
      yield bytes("begin");
      throw new Error("the file is gone");
    },
  });
  const stream = written(given, { text: "hi", html: undefined, enclosures: [broken] });
  await assert.rejects(whole(stream), /the file is gone/);
});

test("fields carry words of any script, addresses, names without one, and long chains", async () => {
  const head = [
    textField("Subject", "Käse\r\nBcc: evil@example.net"),
    addressField("To", [
      { name: "Žofie, Bell", address: "z@example.com" },
      { name: "Bert", address: "" },
      { name: 'We "two"', address: "" },
    ]),
    idsField("References", ["a@x", "b@x"]),
  ];
  const all = fields(bytes(head.map(({ raw }) => raw).join("")));
  assert.deepEqual(all.map(({ name }) => name), ["subject", "to", "references"]);
  const { text } = await readLetter(bytes(`${head.map(({ raw }) => raw).join("")}\r\nx`));
  assert.equal(text?.trim(), "x");
  assert.equal(firstValue(all, "references"), "<a@x> <b@x>");
  assert.match(firstValue(all, "to")!, /<z@example\.com>, Bert, =\?UTF-8\?Q\?We_=22two=22\?=$/);
});

test("signed and encrypted letters are told apart and left alone; what is none is Status 107", async () => {
  for (
    const type of [
      'multipart/signed; protocol="application/pkcs7-signature"; boundary=b',
      "application/pkcs7-mime; smime-type=enveloped-data",
      "multipart/encrypted; boundary=b",
    ]
  ) {
    const letter = await readLetter(bytes(`To: a@x.org\r\nContent-Type: ${type}\r\n\r\nx`));
    assert.equal(letter.sealed, true, type);
  }
  const deep = Array.from(
    { length: 200 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  ).join("");
  await assert.rejects(readLetter(bytes(deep)), { code: 107 });
});

test("a large file flows through: little more of it is read than was asked for", async () => {
  const mebi = new Uint8Array(1 << 20);
  let read = 0;
  const large = file("large.bin", {
    async *open() {
      for (; read < 64; read++) yield mebi;
    },
  });
  const stream = written(given, { text: "hi", html: undefined, enclosures: [large] });
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    const lead = read * mebi.length - size / 1.37;
    assert.ok(lead < 8 * mebi.length, `${lead} bytes ahead`);
  }
  assert.equal(read, 64);
  assert.ok(size > 64 * mebi.length * 4 / 3);
});

test("who stops reading ends it all: the file is closed, and nothing fails behind anybody's back", async () => {
  let closed = 0;
  const endless = file("endless.bin", {
    async *open() {
      try {
        for (;;) yield new Uint8Array(65536);
      } finally {
        closed++;
      }
    },
  });
  let size = 0;
  for await (
    const chunk of written(given, { text: "hi", html: undefined, enclosures: [endless] })
  ) {
    size += chunk.length;
    if (size > 1 << 20) break;
  }
  for (let turn = 0; turn < 1000 && closed === 0; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  assert.equal(closed, 1);
});
