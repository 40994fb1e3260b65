// Messages as programs write them, from a seed: every kind of them, some with what goes wrong in practice.
import { Buffer } from "node:buffer";
import {
  attachment,
  bytesOf,
  coded,
  type Entity,
  html,
  invitation,
  lines64,
  made,
  names,
  picture,
  plain,
  text,
} from "./letter_parts.ts";
import type { Random } from "./target.ts";

const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const chance = (random: Random, odds: number) => random() < odds;
const some = (random: Random, most: number) => Math.floor(random() * (most + 1));

/** One letter; the same for the same random numbers. */
export function randomLetter(random: Random): Uint8Array {
  const entity = anything(random, 3);
  const head = [...envelope(random), ...(chance(random, 0.9) ? ["MIME-Version: 1.0"] : [])];
  const fields = chance(random, 0.3) ? [...entity.fields, ...head] : [...head, ...entity.fields];
  return Buffer.from(written({ fields, body: entity.body }), "latin1");
}

function written({ fields, body }: Entity): string {
  return `${fields.map((field) => `${field}\r\n`).join("")}\r\n${body}`;
}

function envelope(random: Random): string[] {
  const all: (string | false)[] = [
    `From: ${person(random)}`,
    `To: ${Array.from({ length: 1 + some(random, 3) }, () => person(random)).join(",\r\n ")}`,
    chance(random, 0.3) && `Cc: ${person(random)}`,
    chance(random, 0.1) && `Sender: ${person(random)}`,
    chance(random, 0.1) && `Reply-To: ${person(random)}`,
    `Subject: ${pick(random, subjects)}`,
    `Date: ${pick(random, dates)}`,
    `Message-ID: <${some(random, 1e9)}@example.org>`,
    chance(random, 0.2) && `In-Reply-To: <${some(random, 9)}@example.org>`,
    chance(random, 0.2) && "References: <1@example.org>\r\n <2@example.org>\r\n\t<3@example.org>",
    chance(random, 0.1) && `Importance: ${pick(random, ["High", "low", "normal"])}`,
    chance(random, 0.1) && `X-Priority: ${pick(random, ["1 (Highest)", "5", "3"])}`,
    chance(random, 0.1) && `X-MSMail-Priority: High`,
    chance(random, 0.2) && `Received: from a by b;\r\n\tSun, 1 Mar 2026 12:00:00 +0000`,
    chance(random, 0.05) && `X-Long: ${"x".repeat(3000)}`,
    chance(random, 0.05) && "Subject: a second one",
    chance(random, 0.05) && "To: second@example.org",
  ];
  return all.filter((line) => line !== false && !chance(random, 0.03)) as string[];
}

const dates = [
  "Sun, 1 Mar 2026 12:00:00 +0000",
  "Sun, 1 Mar 2026 12:00:00 +0000 (UTC)",
  "1 Mar 26 12:00 EST",
  "Sun, 1 Mar 2026 12:00:00",
  "Sun,  1 Mar 2026\r\n 12:00:00 -0330",
  "2026-03-01 12:00:00",
  "soon",
];

function person(random: Random): string {
  return pick(random, [
    "Ann <ann@example.org>",
    '"Doe, Ann \\"A\\"" <ann@example.org>',
    "ann@example.org",
    "ann@example.org (Ann)",
    "=?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <j@example.org>",
    "=?iso-8859-1?Q?J=FCrgen?=\r\n =?iso-8859-1?Q?_M=FCller?= <j@example.org>",
    '"=?utf-8?B?SsO8cmdlbg==?=" <j@example.org>',
    `${bytesOf("Jürgen")} <j@example.org>`,
    "J\xfcrgen <j@example.org>",
    "undisclosed-recipients:;",
    "Friends: a@example.org, b@example.org;",
    "<ann@example.org>",
    "\"'ann@example.org'\" <ann@example.org>",
  ]);
}

const subjects = [
  "Hello",
  "",
  "Re: AW: Hello",
  "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= and more",
  "=?gb18030?B?xOO6ww==?=",
  "=?windows-1252?Q?=80uro?=",
  "=?utf-8?Q?first_half_=C3?=\r\n =?utf-8?Q?=BC_second_half?=",
  bytesOf("Grüße, 日本"),
  "Gr\xfc\xdfe",
  "folded\r\n\tover\r\n  lines",
  "a  b   c ",
  "=?utf-8?Q?broken",
  "(not a comment) <nor an id>",
  `${"long ".repeat(300)}end`,
];

/** Anything that a message can be, so many levels deep. */
function anything(random: Random, depth: number): Entity {
  const roll = random();
  if (depth === 0 || roll < 0.3) return text(random);
  if (roll < 0.34) return attachment(random);
  return pick(random, multiparts)(random, depth - 1);
}

type Maker = (random: Random, depth: number) => Entity;

const multiparts: readonly Maker[] = [
  (random, depth) =>
    multipart(random, "mixed", [
      anything(random, depth),
      ...Array.from({ length: some(random, 3) }, () => attachment(random)),
    ]),
  (random, depth) =>
    multipart(random, "mixed", [attachment(random), text(random), anything(random, depth)]),
  (random, depth) => multipart(random, "alternative", forms(random, depth)),
  (random, depth) => multipart(random, "alternative", forms(random, depth)),
  related,
  (random) => multipart(random, "alternative", [plain(random), html(random), invitation(random)]),
  (random, depth) =>
    multipart(random, 'signed; protocol="application/pkcs7-signature"; micalg=sha-256', [
      anything(random, depth),
      coded(random, "application/pkcs7-signature", "smime.p7s"),
    ]),
  report,
  (random, depth) =>
    multipart(
      random,
      "digest",
      Array.from({ length: 1 + some(random, 2) }, () => digested(random, depth)),
    ),
  (random, depth) => multipart(random, "mixed", [text(random), enclosed(random, depth)]),
  (random, depth) => enclosed(random, depth),
  (random, depth) => multipart(random, "parallel", [anything(random, depth), text(random)]),
  (random) => multipart(random, "mixed", []),
  (random) => invitation(random),
  (random) => coded(random, "application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m"),
  (random) =>
    multipart(random, "mixed", [
      plain(random),
      coded(random, "application/ms-tnef", "winmail.dat"),
    ]),
];

function forms(random: Random, depth: number): Entity[] {
  const rich = depth > 0 && chance(random, 0.3) ? related(random, depth - 1) : html(random);
  const all = [plain(random), rich];
  if (chance(random, 0.1)) all.splice(1, 0, made("text/enriched", "<bold>x</bold>"));
  return chance(random, 0.1) ? all.reverse() : all;
}

function related(random: Random, depth: number): Entity {
  const root = depth > 0 && chance(random, 0.2)
    ? multipart(random, "alternative", forms(random, depth - 1))
    : html(random);
  const pictures = Array.from({ length: some(random, 3) }, (_, at) => picture(random, at));
  const start = chance(random, 0.1) ? '; start="<root@x>"' : "";
  const type = chance(random, 0.5) ? '; type="text/html"' : "";
  const first = start ? { ...root, fields: [...root.fields, "Content-ID: <root@x>"] } : root;
  const all = start && chance(random, 0.5) ? [...pictures, first] : [first, ...pictures];
  return multipart(random, `related${start}${type}`, all);
}

function report(random: Random, depth: number): Entity {
  const fields = "Reporting-MTA: dns; a.example\r\n\r\nFinal-Recipient: rfc822; b@example.org\r\n" +
    "Action: failed\r\nStatus: 5.1.1\r\n";
  return multipart(random, "report; report-type=delivery-status", [
    plain(random),
    made("message/delivery-status", fields),
    chance(random, 0.5)
      ? enclosed(random, depth)
      : made("text/rfc822-headers", "Subject: lost\r\nFrom: a@b.example\r\n"),
  ]);
}

const boundaries = ["b", "=_b=_", "----=_Part_1.2", "b'()+_,-./:=?", "b b", "x".repeat(70), "0000"];

function multipart(random: Random, type: string, parts: readonly Entity[]): Entity {
  // Another one at each level, of which some begin like others.
  const boundary = `${pick(random, boundaries)}${some(random, 99999)}`;
  const pieces = parts.map((part) => `--${boundary}${blank(random)}\r\n${written(part)}`);
  const end = chance(random, 0.04) ? "" : `--${boundary}--${blank(random)}`;
  const after = pick(random, ["\r\n", "\r\n", "\r\n", "", "\r\nepilogue\r\n", "\r\n\r\n"]);
  const before = pick(random, ["", "", "", "This is MIME.\r\n", "\r\n"]);
  const [kind, ...params] = type.split(";");
  const said = pick(random, [
    `boundary="${boundary}"`,
    `boundary="${boundary}"`,
    `BOUNDARY="${boundary}"`,
  ]);
  const bare = /^[\w.-]+$/.test(boundary) && chance(random, 0.3) ? `boundary=${boundary}` : said;
  const all = [`multipart/${kind}`, ...params, chance(random, 0.5) ? ` ${bare}` : `\r\n\t${bare}`];
  return {
    fields: [`Content-Type: ${all.join(";")}`],
    body: before + pieces.join("\r\n") + (pieces.length ? "\r\n" : "") + end + after,
  };
}

const blank = (random: Random) => chance(random, 0.02) ? pick(random, [" ", "\t", "  "]) : "";

function digested(random: Random, depth: number): Entity {
  const inner = letterInside(random, depth);
  return { fields: chance(random, 0.6) ? [] : ["Content-Type: message/rfc822"], body: inner };
}

function letterInside(random: Random, depth: number): string {
  const { fields, body } = anything(random, Math.max(0, depth - 1));
  return written({ fields: [...envelope(random), ...fields], body });
}

/** A message in a message. */
function enclosed(random: Random, depth: number): Entity {
  const named = names(random);
  const inner = letterInside(random, depth);
  if (chance(random, 0.05)) {
    return made("message/rfc822", lines64(inner), "Content-Transfer-Encoding: base64");
  }
  return made(`message/rfc822${named.type}`, inner, ...named.fields);
}
