// Real kinds of mail, from tests/corpus: what a person sees of each, and that no damage stops reading.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../../tests/kit.ts";
import { leaves, scanBytes } from "./structure.ts";
import { type ReadMail, readMail } from "./mod.ts";

const folder = fileURLToPath(new URL("../../../tests/corpus/", import.meta.url));
const corpus = new Map(
  readdirSync(folder).filter((name) => name.endsWith(".eml"))
    .map((name) => [name.slice(0, -4), readFileSync(join(folder, name))]),
);

function read(mime: Uint8Array, limit = 1e6): Promise<ReadMail> {
  const slice = (start: number, end: number) => Promise.resolve(mime.subarray(start, end));
  return readMail(scanBytes(mime), mime.length, limit, slice);
}

interface Seen {
  readonly subject: string;
  readonly from: string;
  readonly preview: string;
  readonly native?: "text" | "html";
  readonly text?: RegExp;
  readonly html?: RegExp;
  /** `part name type`, and `inline` or `embedded`. */
  readonly attachments?: readonly string[];
  readonly more?: (mail: ReadMail) => void;
}

const png = "image/png";
const pdf = "application/pdf";

const wanted: Readonly<Record<string, Seen>> = {
  webmail_reply: {
    subject: "Re: Umzug nächste Woche – wer hat ein Auto?",
    from: "Zoë Brandt <zoe.brandt@example.net>",
    preview: "Ich hätte am Samstag Zeit und der Kombi passt auch in die Einfahrt. Grüße, Zoë",
    native: "html",
    text: /^Ich hätte .*Grüße, Zoë\r\n\r\nAm So\., 1\. März .*\r\n> Wer kann am Samstag fahren\?/s,
    html: /^<div dir="ltr">.*Einfahrt\.<br>Grüße.*<\/div>\r\n$/s,
    more: ({ facts }) => {
      assert.equal(facts.threadTopic, "Umzug nächste Woche – wer hat ein Auto?");
      assert.deepEqual(facts.to, [{ name: "Lena Müller", address: "lena@example.org" }]);
      assert.deepEqual(facts.cc, [{ name: "Okafor, Chidi", address: "chidi@example.com" }]);
      assert.deepEqual(facts.references, ["8c1f0e@example.org", "CAF7x9@mail.example.net"]);
    },
  },
  newsletter_html: {
    subject: "🌱 Seven things to sow in March",
    from: "The Garden Letter <news@garden.example.com>",
    preview: "Broad beans, spinach and more SEVEN THINGS TO SOW IN MARCH The soil is waking up.",
    native: "html",
    html: /<h1>Seven things/,
    more: ({ facts }) => {
      assert.deepEqual(facts.sender, [{ name: "", address: "bounces@mailer.example.com" }]);
      assert.deepEqual(facts.replyTo, [{ name: "", address: "hello@garden.example.com" }]);
    },
  },
  interleaved: {
    subject: "Photos from the site",
    from: "Ravi Menon <ravi@example.org>",
    preview: "The north wall: and the plan, as agreed — tell me if the door should move.",
    text: /^The north wall:\r\nand the plan, as agreed — tell me if the door should move\.$/,
    attachments: [
      `2 north.png ${png}`,
      `4 Plan of the north wall, second version, with the door moved to the left.pdf ${pdf}`,
    ],
  },
  iso_2022_jp: {
    subject: "会議の予定について",
    from: "山田 花子 <hanako@example.jp>",
    preview: "来週の会議の件で連絡します。 よろしくお願いいたします。",
    text: /^来週の会議の件で連絡します。\r\nよろしくお願いいたします。\r\n$/,
    more: ({ facts }) => {
      assert.equal(facts.importance, "high");
      assert.equal(facts.sent, Date.UTC(2026, 2, 5, 1));
    },
  },
  gb18030: {
    subject: "答复: 报价单",
    from: "李伟 <liwei@example.cn>",
    preview: "您好，报价单请见附件。谢谢！",
    native: "html",
    html: /^<div>您好，报价单请见附件。谢谢！<\/div>$/,
    attachments: ["2 报价单.xlsx application/octet-stream"],
    more: ({ facts }) => assert.equal(facts.threadTopic, "报价单"),
  },
  raw_8bit_headers: {
    subject: "Счёт за февраль",
    from: "Иван Петров <ivan@example.ru>",
    preview: "Добрый день! Счёт во вложении.",
    text: /^Добрый день!/,
    more: ({ facts }) => assert.equal(facts.sent, Date.UTC(2026, 2, 6, 9)),
  },
  latin1_headers: {
    subject: "Reunión mañana",
    from: "José Peña <jose@example.es>",
    preview: "Será a las nueve, en el salón pequeño.",
    text: /^Será a las nueve/,
    more: ({ facts }) => assert.equal(facts.sent, Date.UTC(2026, 2, 6, 23, 5)),
  },
  cron_bare_lf: {
    subject: "Cron <root@host7> /usr/local/sbin/backup",
    from: "root <>",
    preview: 'rsync: link_stat "/srv/old" failed: No such file or directory (2) sent 1,204 bytes',
    text: /^rsync: .*\(2\)\r\nsent 1,204 bytes\r\n$/,
    more: ({ facts }) => assert.equal(facts.sent, undefined),
  },
  invitation: {
    subject: "Quarterly review",
    from: "Chidi Okafor <chidi@example.com>",
    preview: "You are invited: Quarterly review, Tuesday 10:00.",
    native: "html",
    text: /^You are invited: Quarterly review, Tuesday 10:00\.$/,
    html: /<b>Quarterly review<\/b>/,
    attachments: ["2 invite.ics application/ics"],
    more: ({ places }) => {
      const calendar = places.parts.find(({ type }) => type === "text/calendar");
      assert.equal(calendar!.number, "1.3", "the invitation itself can be read as a part");
    },
  },
  bounce: {
    subject: "Undelivered Mail Returned to Sender",
    from: "Mail Delivery System <MAILER-DAEMON@mx.example.org>",
    preview: "I could not deliver your message: the mailbox of <tom@example.net> is full.",
    text: /mailbox of <tom@example\.net> is full/,
    attachments: [
      "2 details.txt message/delivery-status",
      "3 Gruß aus München.eml message/rfc822 embedded",
    ],
    more: ({ facts }) => {
      assert.equal(facts.contentType, "multipart/report");
      assert.deepEqual(facts.contentTypeParameters, { "report-type": "delivery-status" });
    },
  },
  signed: {
    subject: "Contract",
    from: "Lena <lena@example.org>",
    preview: "Please find the contract attached. It is valid from today.",
    text: /^Please find the contract attached\. It is valid from today\.$/,
    attachments: [
      `1.2 contract.pdf ${pdf}`,
      "2 smime.p7s application/pkcs7-signature",
    ],
    more: ({ facts }) => {
      assert.equal(facts.contentType, "multipart/signed");
      assert.equal(facts.contentTypeParameters["protocol"], "application/pkcs7-signature");
      assert.equal(facts.contentTypeParameters["micalg"], "sha-256");
    },
  },
  encrypted: {
    subject: "Salary",
    from: "Lena <lena@example.org>",
    preview: "",
    attachments: ["1 smime.p7m application/pkcs7-mime"],
    more: ({ facts }) => {
      assert.equal(facts.contentType, "application/pkcs7-mime");
      assert.equal(facts.contentTypeParameters["smime-type"], "enveloped-data");
      assert.equal(facts.attachments[0]!.size, 768);
    },
  },
  winmail: {
    subject: "Figures",
    from: "Old Office <office@example.com>",
    preview: "The figures for März are attached.",
    text: /^The figures for März are attached\.\r\n$/,
    attachments: ["2 winmail.dat application/ms-tnef"],
    more: ({ facts }) => {
      assert.equal(facts.importance, "low");
      assert.equal(facts.sent, Date.UTC(2026, 2, 9, 16, 30));
    },
  },
  forwarded: {
    subject: "Fwd: two things",
    from: "Zoe <zoe.brandt@example.net>",
    preview: "Siehe unten – und der Text als Datei.",
    text: /^Siehe unten – und der Text als Datei\.$/,
    attachments: [
      "2 Rechnung M=?utf-8?Q?=C3=A4?=rz.eml message/rfc822 embedded".replace(
        "=?utf-8?Q?=C3=A4?=",
        "ä",
      ),
      "3 Zahlungserinnerung.eml message/rfc822 embedded",
      "4 notizen für später.txt text/plain",
    ],
  },
  related_logo: {
    subject: "Your order 1182",
    from: " <shop@example.com>",
    preview: "Thank you for your order.",
    native: "html",
    html: /Thank you for your order/,
    attachments: [`2 image-2.png ${png} inline`, "3 pixel.gif image/gif"],
    more: ({ facts }) => {
      const [logo, pixel] = facts.attachments;
      assert.equal(logo!.contentId, "logo@shop");
      assert.equal(pixel!.contentLocation, "https://shop.example.com/pixel.gif");
    },
  },
  spam_broken: {
    subject: "Congratulations =?x-none?Q?broken",
    from: "Prize ÿ Office <>",
    preview: "--abc Content-Type: text/plain; charset=x-nonsense Content-Transfer-Encoding: " +
      "quoted-printble You have won éverything --abc Content-Type: text/html <b>no blank line in " +
      "front --abc",
    text: /You have {2}won éverything/,
    more: ({ facts }) => {
      assert.equal(facts.sent, undefined);
      assert.deepEqual(facts.to, []);
    },
  },
};

for (const [name, mime] of corpus) {
  test(`corpus: ${name} is read as a person reads it`, async () => {
    const mail = await read(mime);
    const seen = wanted[name];
    assert.ok(seen, "every message of the corpus says what is seen of it");
    const { facts, text, html } = mail;
    assert.equal(mail.problem, undefined);
    assert.equal(facts.subject, seen.subject);
    assert.equal(`${facts.from[0]?.name} <${facts.from[0]?.address}>`, seen.from);
    assert.ok(facts.preview.startsWith(seen.preview), facts.preview);
    if (seen.preview.length < 200) assert.ok(facts.preview.length - seen.preview.length < 90);
    assert.equal(facts.native, seen.native ?? "text");
    matches(text?.content, seen.text);
    matches(html?.content, seen.html);
    const list = facts.attachments.map(({ part, name, type, inline, embedded }) =>
      `${part} ${name} ${type}${inline ? " inline" : ""}${embedded ? " embedded" : ""}`
    );
    assert.deepEqual(list, seen.attachments ?? []);
    assert.equal(facts.size, mime.length);
    seen.more?.(mail);
  });
}

function matches(content: string | undefined, pattern: RegExp | undefined): void {
  if (!pattern) assert.equal(content, undefined);
  else assert.match(content ?? "", pattern);
}

/** Some damage that happens to mail on its way, or is done on purpose. */
function damaged(mime: Buffer, random: () => number): Buffer {
  const place = () => Math.floor(random() * mime.length);
  const lines = mime.toString("latin1").split("\n");
  const line = () => Math.floor(random() * lines.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      return mime.subarray(0, place());
    case 1:
      return mime.subarray(place());
    case 2: {
      const copy = Buffer.from(mime);
      for (let n = 0; n < 20; n++) copy[place()] = Math.floor(random() * 256);
      return copy;
    }
    case 3:
      lines.splice(line(), 1 + Math.floor(random() * 3));
      return Buffer.from(lines.join("\n"), "latin1");
    case 4:
      lines.splice(line(), 0, lines[line()]!, lines[line()]!);
      return Buffer.from(lines.join("\n"), "latin1");
    default:
      return Buffer.concat([mime.subarray(0, place()), mime.subarray(place())]);
  }
}

test("a damaged message is read as far as it goes, and nothing of it is out of bounds", async () => {
  const random = seededRandom(99);
  for (const [name, mime] of corpus) {
    for (let round = 0; round < 60; round++) {
      const broken = damaged(damaged(mime, random), random);
      const { facts, text, html, places, problem } = await read(broken, 500);
      const context = `${name} ${broken.toString("base64")}`;
      assert.equal(problem, undefined, context);
      assert.equal(facts.size, broken.length);
      for (const { start, end } of places.parts) {
        assert.ok(start >= 0 && start <= end && end <= broken.length, context);
      }
      for (const each of [text, html]) {
        if (!each) continue;
        const length = Buffer.byteLength(each.content);
        assert.ok(length <= 500 && each.truncated === (length < each.size), context);
        assert.ok(!/\0|[^\r]\n/.test(each.content), context);
      }
      assert.deepEqual(JSON.parse(JSON.stringify({ facts, places })).facts.subject, facts.subject);
      const numbers = leaves(scanBytes(broken)).map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length, context);
    }
  }
});
