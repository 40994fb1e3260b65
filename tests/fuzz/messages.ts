// Messages as nobody should write them, from a seed: built part by part, or damaged from real ones.
import { Buffer } from "node:buffer";
import type { Random } from "./target.ts";

const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const chance = (random: Random, odds: number) => random() < odds;
const some = (random: Random, most: number) => Math.floor(random() * (most + 1));

const charsets = [
  "utf-8",
  "iso-2022-jp",
  "windows-1252",
  "gb18030",
  "us-ascii",
  "shift_jis",
  "big5",
  "koi8-r",
  "utf-7",
  "utf-16",
  "iso-8859-15",
  "x-unknown",
  "\0",
  "",
  '"utf-8',
  "a".repeat(300),
];
const encodings = ["7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "x", ""];
const types = [
  "text/plain",
  "text/html",
  "text/calendar",
  "text/rtf",
  "application/pdf",
  "image/png",
];
const multiparts = ["mixed", "alternative", "related", "signed", "report", "digest", "x", ""];
const boundaries = ["b", "b b", "=_b", "", "b".repeat(1000), "--", "b\0", "é", "(b)"];

/** One message; the same for the same random numbers. */
export function randomMessage(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const whole = chance(random, 0.5) ? pick(random, corpus) : built(random);
  return chance(random, 0.6) ? damaged(random, whole) : whole;
}

function built(random: Random): Uint8Array {
  const lines = pick(random, ["\r\n", "\r\n", "\n", "\r"]);
  const head = chance(random, 0.05) ? "" : headers(random);
  const text = head + part(random, chance(random, 0.03) ? 200 : 6);
  return latin1(text.replaceAll("\r\n", lines));
}

/** Code units above 255 become UTF-8; those below stay as the bytes that they are. */
function latin1(text: string): Uint8Array {
  return isBytes(text) ? Buffer.from(text, "latin1") : Buffer.from(text, "utf8");
}
// deno-lint-ignore no-control-regex -- bytes of every kind are the point
const isBytes = (text: string) => /^[\x00-\xff]*$/.test(text);

function headers(random: Random): string {
  const all = [
    `From: ${address(random)}`,
    `To: ${Array.from({ length: 1 + some(random, 3) }, () => address(random)).join(", ")}`,
    `Subject: ${words(random)}`,
    `Date: ${pick(random, dates)}`,
    `Message-ID: ${pick(random, ["<a@b>", "<>", "", "<a@b", "a".repeat(2000)])}`,
  ].filter(() => !chance(random, 0.1));
  const odd = [
    () => `X-Null: a\0b`,
    () => `Subject: ${"x".repeat(100_000)}`,
    () => `References: ${"<r@example.org> ".repeat(3000)}`,
    () => `Content-Class: ${words(random)}`,
    () => `Thread-Topic: ${words(random)}`,
    () => `Reply-To: ${address(random)}`,
    () => `Sender: ${address(random)}`,
    () => `Importance: ${pick(random, ["high", "low", "?", ""])}`,
    () => `: no name`,
    () => `no colon`,
    () => ` folded from nothing`,
    () => Array.from({ length: 2000 }, (_, n) => `X-Many-${n}: ${n}`).join("\r\n"),
    () => `To: ${`"${"a".repeat(50)}" <a@b.example>, `.repeat(2000)}`,
    () => `To: ${"(".repeat(5000)}`,
    () => `List-Id: <${"é".repeat(40)}>`,
  ];
  for (let n = some(random, 3); n > 0; n--) all.push(pick(random, odd)());
  return all.map((line) => `${line}\r\n`).join("");
}

const dates = [
  "Sun, 1 Mar 2026 12:00:00 +0000",
  "yesterday",
  "",
  "Sun, 99 Foo 99999 99:99:99 +9999",
  "1 Jan 1900 00:00 GMT",
  "1 Jan 99999999 00:00 GMT",
];

function address(random: Random): string {
  return pick(random, [
    "Ann <ann@example.org>",
    '"Ann \\" B" <ann@example.org>',
    "ann@example.org",
    "=?utf-8?Q?J=C3=BCrgen?= <j@example.org>",
    "=?utf-8?B?w7w=",
    "J\xfcrgen <j@example.org>",
    "undisclosed-recipients:;",
    "<>",
    "",
    "@",
    "a@b@c",
    "group: a@b.example, c@d.example;",
    `${"a".repeat(5000)}@example.org`,
    "<a@b.example",
  ]);
}

function words(random: Random): string {
  return pick(random, [
    "Hello",
    "",
    "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
    "=?gb18030?B?xOO6ww==?=",
    "=?windows-1252?Q?=80uro?=",
    "=?x-unknown?Q?=FF=FE?=",
    "=?utf-8?B?????=",
    "=?utf-8?Q?=?= =?utf-8?Q?=C3?= =?utf-8?Q?=BC?=",
    "\xc3\xbc\xff\xfe",
    "\x1b$BF|K\\\x1b(B",
    "a\tb\x07c",
    "\ud83d\ude00 \ufffd",
    "Re: ".repeat(500),
  ]);
}

/** A part: its header lines, an empty line, its body. */
function part(random: Random, depth: number): string {
  const kind = random();
  if (depth > 0 && kind < 0.35) return multipart(random, depth - 1);
  if (depth > 0 && kind < 0.5) {
    const inner = chance(random, 0.1) ? "" : headers(random) + part(random, depth - 1);
    const coded = chance(random, 0.1) ? "Content-Transfer-Encoding: base64\r\n" : "";
    return `Content-Type: message/rfc822${names(random)}\r\n${coded}\r\n${inner}`;
  }
  return leaf(random);
}

function multipart(random: Random, depth: number): string {
  const boundary = pick(random, boundaries);
  const said = chance(random, 0.1) ? "" : `; boundary=${quoted(random, boundary)}`;
  const used = chance(random, 0.1) ? `${boundary}x` : boundary;
  const count = depth > 50 ? 1 : some(random, 3);
  const parts = Array.from({ length: count }, () => `--${used}\r\n${part(random, depth)}`);
  const end = chance(random, 0.3) ? "" : `--${used}--\r\n`;
  const type = `multipart/${pick(random, multiparts)}`;
  const preamble = chance(random, 0.2) ? "preamble\r\n" : "";
  return `Content-Type: ${type}${said}\r\n\r\n${preamble}${parts.join("\r\n")}\r\n${end}`;
}

const quoted = (random: Random, text: string) =>
  pick(random, [`"${text}"`, text, `"${text}`, `'${text}'`]);

function leaf(random: Random): string {
  const [type, charset, encoding] = [
    pick(random, types),
    pick(random, charsets),
    pick(random, encodings),
  ];
  const lines = [
    `Content-Type: ${type}${charset ? `; charset=${charset}` : ""}${names(random)}`,
    `Content-Transfer-Encoding: ${encoding}`,
    chance(random, 0.3) &&
    `Content-Disposition: ${pick(random, ["attachment", "inline", "x", ""])}${names(random)}`,
    chance(random, 0.2) && `Content-ID: ${pick(random, ["<a@b>", "a", "<>", ""])}`,
  ].filter((line) => line !== false && !chance(random, 0.1));
  return `${lines.join("\r\n")}\r\n\r\n${content(random, encoding)}\r\n`;
}

const names = (random: Random) =>
  pick(random, [
    "",
    "",
    "; name=a.txt",
    '; filename="../../etc/passwd"',
    "; filename*=utf-8''%e2%82%ac%zz",
    "; filename*0*=utf-8''a; filename*1=b",
    `; name="${"n".repeat(3000)}"`,
    "; name==?utf-8?B?w7wucGRm?=",
    "; name=a\0b.eml",
  ]);

function content(random: Random, encoding: string): string {
  const plain = pick(random, [
    "Hello\r\nworld",
    "",
    "\0\0\0",
    "<p>Hi <b>there<table><tr><td>".repeat(1 + some(random, 300)),
    "<div>".repeat(some(random, 3000)),
    "&#x110000;&nbsp;&#0;&lt".repeat(some(random, 50)),
    "\x1b$BF|K\\\x1b(B \x1b$)A",
    "\x80\x81\xfe\xff".repeat(some(random, 200)),
    "x".repeat(200_000),
    ".\r\n--b\r\n--b--\r\n",
    "begin 644 a.txt\r\n#0V%T\r\n`\r\nend",
  ]);
  const text = plain.slice(0, 300_000);
  if (encoding === "base64") {
    const coded = Buffer.from(text, "latin1").toString("base64");
    return chance(random, 0.5) ? coded : coded.replace(/.{5}/g, "$&*\r\n");
  }
  if (encoding === "quoted-printable") return text.replace(/[^ -~]/g, "=").slice(0, 50_000);
  return text;
}

/** Bytes changed, taken out, put in and doubled. */
export function damaged(random: Random, whole: Uint8Array): Uint8Array {
  let bytes = Buffer.from(whole);
  for (let times = 1 + some(random, 5); times > 0; times--) {
    const from = Math.floor(random() * bytes.length);
    const to = Math.min(bytes.length, from + some(random, 80));
    const junk = Buffer.from(
      pick(random, [
        "\0",
        "\r\n\r\n",
        "\r\n--",
        "\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        "\r\nContent-Type: message/rfc822\r\n\r\n",
        "\xff\xfe\xfd",
        "=?utf-8?B?",
      ]),
      "latin1",
    );
    const parts = [
      [bytes.subarray(0, from), bytes.subarray(to)],
      [bytes.subarray(0, from), junk, bytes.subarray(from)],
      [bytes.subarray(0, to), bytes.subarray(from)],
      [bytes.subarray(0, from), junk, bytes.subarray(to)],
      [bytes.subarray(0, Math.max(1, to))],
    ];
    bytes = Buffer.concat(pick(random, parts));
  }
  return new Uint8Array(bytes.subarray(0, 2_000_000));
}
