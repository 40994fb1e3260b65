// The mailbox suite: reading items, texts of a wanted size, and the bytes of parts.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { NotFound } from "../../plugins/mailbox/api.ts";
import { seededRandom } from "../kit.ts";
import type { WithPlace } from "./mailbox.ts";
import {
  account,
  bytes,
  inPieces,
  keptBy,
  message,
  put,
  readAll,
  readOne,
  token,
} from "./mailbox_kit.ts";

export function reading(withPlace: WithPlace): void {
  orders(withPlace);
  texts(withPlace);
  unreadable(withPlace);
  unsayable(withPlace);
}

const picture = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const letter = Buffer.from([
  'From: "Jürgen Groß" <juergen@example.net>',
  "To: user1@example.org, Team: ana@example.org, =?utf-8?Q?Zo=C3=AB?= <zoe@example.org>;",
  "Cc: copy@example.org",
  "Reply-To: office@example.net",
  "Subject: Re: =?iso-8859-1?Q?Kostenvoranschl=E4ge?=",
  "Date: Fri, 27 Feb 2026 16:45:30 -0500",
  "Message-ID: <two@example.net>",
  "In-Reply-To: <one@example.org>",
  "References: <zero@example.org> <one@example.org>",
  "Importance: high",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="outer"',
  "",
  "--outer",
  'Content-Type: multipart/related; boundary="inner"',
  "",
  "--inner",
  "Content-Type: text/html; charset=utf-8",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  '<p>Drei Angebote f=C3=BCr Sie</p><img src=3D"cid:logo@example.net">',
  "--inner",
  "Content-Type: image/png; name=logo.png",
  "Content-ID: <logo@example.net>",
  "Content-Transfer-Encoding: base64",
  "",
  picture.toString("base64"),
  "--inner--",
  "--outer",
  "Content-Type: text/csv; name=offers.csv",
  "Content-Disposition: attachment",
  "",
  "who;price\r\nAcme;120",
  "--outer--",
  "",
].join("\r\n"));

function orders(withPlace: WithPlace): void {
  test("items are read in the order asked, and missing ones are left out", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const made = [];
      for (let n = 0; n < 70; n++) made.push(await put(mailbox, inbox, `no ${n}`));
      const asked = [...made].reverse().map(({ id }) => id);
      const read = await readAll(mailbox, ["nonsense", ...asked, "1:999999"]);
      assert.deepEqual(read.map(({ id }) => id), asked);
      assert.deepEqual(read.map(({ state }) => state), [...made].reverse());
      assert.ok(read.every((item) => item.folder === inbox));
      assert.deepEqual(await readAll(mailbox, []), []);
    }));

  test("an account does not see another one's items and folders", () =>
    withPlace(async ({ mailbox, inbox, backend }) => {
      const made = await put(mailbox, inbox, "private");
      const other = backend.open(account(2));
      await other.folders(undefined);
      assert.deepEqual(await readAll(other, [made.id]), []);
      await assert.rejects(other.part(made.id, ""), NotFound);
      await assert.rejects(other.mark(made.id, { read: true }, token()), NotFound);
      await other.remove(made.id, token());
      assert.equal((await readOne(mailbox, made.id)).state.marks.read, false);
    }));

  test("a mail is read with everything that its header says", () =>
    withPlace(async ({ mailbox, inbox, lines }) => {
      const { id } = await mailbox.create(inbox, { mime: letter }, token());
      const { mail } = await readOne(mailbox, id, { text: 1000, html: 1000 });
      assert.ok(mail);
      assert.equal(mail.subject, "Re: Kostenvoranschläge");
      assert.equal(mail.threadTopic, "Kostenvoranschläge");
      assert.deepEqual(mail.from, [{ name: "Jürgen Groß", address: "juergen@example.net" }]);
      assert.deepEqual(mail.to, [
        { name: "", address: "user1@example.org" },
        { name: "", address: "ana@example.org" },
        { name: "Zoë", address: "zoe@example.org" },
      ]);
      assert.deepEqual(mail.cc.map(({ address }) => address), ["copy@example.org"]);
      assert.deepEqual(mail.replyTo.map(({ address }) => address), ["office@example.net"]);
      assert.deepEqual([mail.sender, mail.bcc], [[], []]);
      assert.equal(mail.sent, Date.UTC(2026, 1, 27, 21, 45, 30));
      assert.equal(mail.messageId, "two@example.net");
      assert.deepEqual(mail.inReplyTo, ["one@example.org"]);
      assert.deepEqual(mail.references, ["zero@example.org", "one@example.org"]);
      assert.equal(mail.importance, "high");
      assert.equal(mail.contentType, "multipart/mixed");
      assert.equal(mail.size, letter.length);
      assert.equal(mail.native, "html");
      assert.equal(mail.preview, "Drei Angebote für Sie");
      assert.match(mail.thread, /^[0-9a-f]{32}$/);
      assert.equal(mail.text, undefined);
      assert.match(mail.html!.content, /^<p>Drei Angebote für Sie<\/p><img src="cid:logo@exam/);
      assert.deepEqual(
        mail.attachments.map(({ part, name, type, inline, contentId, size }) => ({
          part,
          name,
          type,
          inline,
          contentId,
          size,
        })),
        [
          {
            part: "1.2",
            name: "logo.png",
            type: "image/png",
            inline: true,
            contentId: "logo@example.net",
            // Without its bytes nobody knows how base64 ends.
            size: lines ? 18 : picture.length,
          },
          {
            part: "2",
            name: "offers.csv",
            type: "text/csv",
            inline: false,
            contentId: undefined,
            size: 19,
          },
        ],
      );
    }));
}

function texts(withPlace: WithPlace): void {
  const both = (plain: string, html: string) =>
    Buffer.from([
      "Subject: two forms",
      'Content-Type: multipart/alternative; boundary="ab"',
      "",
      "--ab",
      "Content-Type: text/plain; charset=utf-8",
      "",
      plain,
      "--ab",
      "Content-Type: text/html; charset=utf-8",
      "",
      html,
      "--ab--",
      "",
    ].join("\r\n"));

  test("only wanted texts are brought, and a hint may save the other one", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const mime = both("plain words", "<p>rich words</p>");
      const { id } = await mailbox.create(inbox, { mime }, token());
      const none = await readOne(mailbox, id);
      assert.deepEqual([none.mail!.text, none.mail!.html], [undefined, undefined]);
      const plain = await readOne(mailbox, id, { text: 100 });
      assert.equal(plain.mail!.text!.content, "plain words");
      assert.equal(plain.mail!.html, undefined);
      const rich = await readOne(mailbox, id, { text: 100, html: 100, enough: "native" });
      assert.equal(rich.mail!.html!.content, "<p>rich words</p>");
      const enough = await readOne(mailbox, id, { text: 100, html: 100, enough: "text" });
      assert.equal(enough.mail!.text!.content, "plain words");
    }));

  test("a text is cut to the bytes wanted, between characters, and says so", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const plain = "aé€😀".repeat(500); // 1 + 2 + 3 + 4 bytes
      const { id } = await mailbox.create(inbox, { mime: both(plain, "<p>x</p>") }, token());
      const lengths = [[0, 0], [1, 1], [2, 1], [3, 3], [5, 3], [6, 6], [9, 6], [10, 10], [17, 16]];
      for (const [wanted, brought] of lengths) {
        const { content, size, truncated } = (await readOne(mailbox, id, { text: wanted! })).mail!
          .text!;
        assert.equal(Buffer.byteLength(content), brought, `of ${wanted} bytes`);
        assert.ok(plain.startsWith(content));
        assert.deepEqual([size, truncated], [5000, true]);
      }
      for (const wanted of [5000, 5001, 1e9]) {
        const text = (await readOne(mailbox, id, { text: wanted })).mail!.text;
        assert.deepEqual(text, { content: plain, size: 5000, truncated: false });
      }
    }));

  test("texts of megabytes come whole where they are wanted whole", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const line = "A long report, row by row: söme figures and many words about them. ";
      for (const rows of [1000, 40_000]) {
        const text = Array.from({ length: rows }, (_, n) => `${n} ${line}`).join("\r\n");
        const size = Buffer.byteLength(text);
        const mime = both(text, `<pre>${text}</pre>`);
        const { id } = await mailbox.create(inbox, { mime: inPieces(mime, [65_536]) }, token());
        const whole = (await readOne(mailbox, id, { text: size, html: 1e9 })).mail!;
        assert.ok(whole.text!.content === text, `${rows} rows`);
        assert.deepEqual([whole.text!.size, whole.text!.truncated], [size, false]);
        assert.ok(whole.html!.content === `<pre>${text}</pre>`);
        for (const wanted of [500, 30_000, 60_000]) {
          const cut = (await readOne(mailbox, id, { text: wanted })).mail!.text!;
          assert.ok(text.startsWith(cut.content) && cut.truncated);
          assert.ok(wanted - Buffer.byteLength(cut.content) < 4);
        }
      }
    }));
}

function unreadable(withPlace: WithPlace): void {
  test("whatever is stored can be read, and its bytes are still there", () =>
    withPlace(async ({ mailbox, inbox, ...store }) => {
      const random = seededRandom(7);
      const noise = Uint8Array.from({ length: 3000 }, () => Math.floor(random() * 256));
      const broken = [
        ...(store.lines ? [] : [""]),
        "\r\n",
        "no header at all",
        "Subject: only a header",
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n\r\n--x",
        "Content-Type: multipart/mixed\r\n\r\n--\r\n\r\n--\r\n",
        "Subject: bare\nContent-Type: text/plain\n\nline feeds\nonly\0 and a NUL",
      ].map((text) => Buffer.from(text));
      for (const made of [...broken, noise]) {
        const mime = keptBy(store, made);
        const { id } = await mailbox.create(inbox, { mime: Uint8Array.from(mime) }, token());
        const item = await readOne(mailbox, id, { text: 100, html: 100 });
        assert.ok(item.mail || item.problem);
        assert.deepEqual(await bytes(mailbox, id, ""), Uint8Array.from(mime));
      }
    }));
}

function unsayable(withPlace: WithPlace): void {
  test("texts have CRLF line ends, and nothing that XML cannot carry, however they are cut", () =>
    withPlace(async ({ mailbox, inbox, ...store }) => {
      const made = Buffer.from(
        "Content-Type: text/plain; charset=utf-8\r\n\r\n" +
          "a\0b\x07\nc\x1b\rd\ufffe\r\n".repeat(20),
      );
      const mime = keptBy(store, made);
      const { id } = await mailbox.create(inbox, { mime }, token());
      const { content: whole } = (await readOne(mailbox, id, { text: 1e9 })).mail!.text!;
      assert.equal(whole, "ab\r\nc\r\nd\r\n".repeat(20));
      for (let wanted = 1; wanted <= 20; wanted++) {
        const { content, truncated } = (await readOne(mailbox, id, { text: wanted })).mail!.text!;
        assert.ok(whole.startsWith(content) && !content.endsWith("\r") && truncated);
        assert.ok(content.length >= wanted - 1);
      }
    }));
}

export function parts(withPlace: WithPlace): void {
  test("a message's bytes come back as they arrived, in whatever pieces they came", () =>
    withPlace(async ({ mailbox, inbox, ...store }) => {
      const random = seededRandom(11);
      const noise = Buffer.from(Array.from({ length: 700_000 }, () => Math.floor(random() * 256)));
      const mime = keptBy(store, Buffer.concat([message("binary"), noise]));
      for (const sizes of [[1, 70, 7, 4096, 33], [262_144], [300_001]]) {
        const { id } = await mailbox.create(inbox, { mime: inPieces(mime, sizes) }, token());
        assert.ok(mime.equals(await bytes(mailbox, id, "")), `pieces of ${sizes}`);
        const whole = await mailbox.part(id, "");
        assert.deepEqual([whole.type, whole.size], ["message/rfc822", mime.length]);
        for (
          const range of [{ from: 0, to: 1 }, { from: 262_143, to: 262_146 }, { from: 699_999 }]
        ) {
          const wanted = mime.subarray(range.from, range.to);
          assert.ok(wanted.equals(await bytes(mailbox, id, "", range)), JSON.stringify(range));
        }
        assert.equal((await bytes(mailbox, id, "", { from: mime.length + 5 })).length, 0);
      }
    }));

  test("a part comes decoded, with its type and name, from any place on", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const { id } = await mailbox.create(inbox, { mime: letter }, token());
      const logo = await mailbox.part(id, "1.2");
      assert.deepEqual([logo.type, logo.name], ["image/png", "logo.png"]);
      assert.ok(picture.equals(await bytes(mailbox, id, "1.2")));
      assert.ok(picture.subarray(3, 9).equals(await bytes(mailbox, id, "1.2", { from: 3, to: 9 })));
      assert.ok(picture.subarray(5).equals(await bytes(mailbox, id, "1.2", { from: 5 })));
      assert.equal(Buffer.from(await bytes(mailbox, id, "2")).toString(), "who;price\r\nAcme;120");
      assert.equal((await mailbox.part(id, "2")).size, 19);
      assert.match(Buffer.from(await bytes(mailbox, id, "1.1")).toString(), /für Sie/);
      for (const part of ["3", "1", "1.2.1", "x", "0"]) {
        await assert.rejects(mailbox.part(id, part), NotFound, part);
      }
    }));

  test("a large attachment comes whole", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const random = seededRandom(13);
      const file = Buffer.from(Array.from({ length: 800_000 }, () => Math.floor(random() * 256)));
      const mime = Buffer.from([
        "Subject: a file",
        "Content-Type: multipart/mixed; boundary=zz",
        "",
        "--zz",
        "",
        "see below",
        "--zz",
        "Content-Type: application/zip; name=all.zip",
        "Content-Transfer-Encoding: base64",
        "",
        file.toString("base64").replace(/.{76}/g, "$&\r\n"),
        "--zz--",
        "",
      ].join("\r\n"));
      const { id } = await mailbox.create(inbox, { mime: inPieces(mime, [16_384]) }, token());
      assert.ok(file.equals(await bytes(mailbox, id, "2")));
      const middle = { from: 400_000, to: 500_000 };
      assert.ok(file.subarray(400_000, 500_000).equals(await bytes(mailbox, id, "2", middle)));
      const [attachment] = (await readOne(mailbox, id)).mail!.attachments;
      assert.ok(Math.abs(attachment!.size - file.length) <= file.length * 0.03);
    }));
}
