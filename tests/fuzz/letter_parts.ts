// The parts that letters are made of: texts, files, pictures, invitations, in every encoding.
import { Buffer } from "node:buffer";
import type { Random } from "./target.ts";

const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const chance = (random: Random, odds: number) => random() < odds;
const some = (random: Random, most: number) => Math.floor(random() * (most + 1));

/** UTF-8, each byte a character. */
export const bytesOf = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** Header lines that describe a content, and it; both in Latin-1, each character a byte. */
export interface Entity {
  readonly fields: readonly string[];
  readonly body: string;
}

export function made(type: string, body: string, ...more: string[]): Entity {
  return { fields: [`Content-Type: ${type}`, ...more], body };
}

export function text(random: Random): Entity {
  return chance(random, 0.4) ? html(random) : plain(random);
}

/** Texts with what is cut wrongly most easily: characters of several bytes, flowing and long lines. */
function words(random: Random): string {
  const line = () =>
    pick(random, [
      "Hello, this is a line of usual length, as a person would write it.",
      "Grüße aus Köln – „schön“",
      "日本語のテキスト、少し長い行です。",
      "Привет, мир",
      "😀 smile",
      "> quoted before",
      "-- ",
      "",
      " starts with a blank",
      "ends with one ",
      "tab\there",
      "https://example.org/a/very/long/path?with=a&query=string&that=goes&on=and&on",
      "From the beginning of a line",
      ".",
      "On Sunday Ann wrote:",
      "=3D is an equals sign",
      "begin 644 a.txt\r\n#0V%T\r\n`\r\nend",
    ]);
  const count = pick(random, [0, 1, 1, 3, 3, 8, 30, 100, pick(random, [400, 2000])]);
  const whole = Array.from({ length: count }, line).join("\r\n");
  return whole + pick(random, ["\r\n", "\r\n", "", "\r\n\r\n", " "]);
}

/** Encodings that have all of the text's characters, or so their senders think. */
const latin = ["iso-8859-1", "windows-1252", "ISO-8859-15", "us-ascii", ""];
const charsets = [
  "utf-8",
  "UTF-8",
  '"utf-8"',
  "utf8",
  "utf-16le",
  ...latin,
  "x-unknown",
  "gb18030",
];

export function plain(random: Random): Entity {
  return textPart(random, "text/plain", words(random));
}

export function html(random: Random): Entity {
  const meta = chance(random, 0.3) ? '<head><meta charset="windows-1252"></head>' : "";
  const body = words(random).replaceAll("\r\n", "<br>\r\n");
  const pictures = Array.from({ length: some(random, 2) }, (_, at) => `<img src="cid:p${at}@x">`);
  const padding = chance(random, 0.1)
    ? `<style>${".a { color: red }\r\n".repeat(900)}</style>`
    : "";
  return textPart(
    random,
    "text/html",
    `<html>${meta}${padding}<body><p>${body}</p>${pictures.join("")}</body></html>`,
  );
}

function textPart(random: Random, type: string, content: string): Entity {
  if (chance(random, 0.1)) return foreign(random, type);
  const charset = pick(random, charsets);
  const bytes = charset === "utf-16le"
    ? Buffer.from(content, "utf16le")
    : latin.includes(charset) && chance(random, 0.7)
    ? Buffer.from(content.replace(/[^\0-\xff]/g, "?"), "latin1")
    : Buffer.from(content, "utf8");
  const flowed = type === "text/plain" && chance(random, 0.2)
    ? pick(random, ["; format=flowed", "; format=flowed; delsp=yes", "; Format=Flowed"])
    : "";
  const params = `${charset && `; charset=${charset}`}${flowed}`;
  const [encoding, body] = transferred(random, bytes, charset === "utf-16le");
  const fields = [`Content-Type: ${type}${params}`, encoding, ...dispositions(random)];
  // Without any it is plain text.
  const silent = type === "text/plain" && chance(random, 0.05);
  return { fields: (silent ? [encoding] : fields).filter(Boolean), body };
}

/** A word in charsets of several bytes a character. */
const foreigners: readonly (readonly [string, string])[] = [
  ["iso-2022-jp", "\x1b$BF|K\\\x1b(B, "],
  ["shift_jis", "\x93\xfa\x96{, "],
  ["gb18030", "\xc4\xe3\xba\xc3, "],
  ["big5", "\xa7A\xa6n, "],
  ["euc-kr", "\xbe\xc8\xb3\xe7, "],
  ["koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4, "],
  ["utf-7", "Gr+APwA3w-e, "],
  ["utf-32be", "\0\0\x65\xe5\0\0\0,\0\0\0 "],
  ["utf-16", "\xfe\xff\x65\xe5\0,"],
];

function foreign(random: Random, type: string): Entity {
  const [charset, word] = pick(random, foreigners);
  const line = `${word.repeat(10)}${charset.startsWith("utf-") ? "" : "\r\n"}`;
  const content = line.repeat(some(random, pick(random, [3, 30, 300])));
  const binary = content.includes("\0");
  const [encoding, body] = transferred(random, Buffer.from(content, "latin1"), binary);
  const fields = [`Content-Type: ${type}; charset=${charset}`, encoding].filter(Boolean);
  return { fields, body };
}

const dispositions = (random: Random) =>
  chance(random, 0.15)
    ? ["Content-Disposition: inline"]
    : chance(random, 0.05)
    ? named(random)
    : [];

function named(random: Random): string[] {
  return names(random).fields as string[];
}

function transferred(random: Random, bytes: Uint8Array, binary: boolean): [string, string] {
  const field = (encoding: string) =>
    `${pick(random, ["Content-Transfer-Encoding", "content-transfer-encoding"])}: ${encoding}`;
  const text = Buffer.from(bytes).toString("latin1");
  const roll = binary ? 0 : random();
  if (roll < 0.3) {
    return [field(pick(random, ["base64", "BASE64", "Base64 "])), damaged64(random, lines64(text))];
  }
  if (roll < 0.6) {
    return [
      field(pick(random, ["quoted-printable", "Quoted-Printable"])),
      damagedQp(random, qp(text)),
    ];
  }
  // Without an encoding there is no way to write what must not stand in a message.
  const legal = text.replaceAll("\0", "");
  return [roll < 0.7 ? "" : field(pick(random, ["7bit", "8bit", "8BIT", "binary"])), legal];
}

export function lines64(text: string): string {
  return Buffer.from(text, "latin1").toString("base64").replace(/.{76}(?=.)/g, "$&\r\n");
}

function damaged64(random: Random, lines: string): string {
  const roll = random();
  const at = some(random, lines.length);
  if (roll < 0.03) return `${lines.slice(0, at)}*!${lines.slice(at)}`;
  if (roll < 0.06) return lines.slice(0, at);
  if (roll < 0.09) return `${lines}\r\nVGFpbA==`;
  if (roll < 0.12) return lines.replaceAll("\r\n", "");
  if (roll < 0.15) return `${lines}\r\n\r\n-- \r\nA list's footer\r\n`;
  return lines;
}

function qp(text: string): string {
  const coded = text.replace(
    /[^\t\r\n -<>-~]|=/g,
    (character) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return coded.split("\r\n").map((line) =>
    line.replace(/(.{60,73}[^=]{2})(?=.)/g, "$1=\r\n").replace(
      /[ \t]$/,
      (blank) => blank === " " ? "=20" : "=09",
    )
  ).join("\r\n");
}

function damagedQp(random: Random, coded: string): string {
  const roll = random();
  const at = some(random, coded.length);
  if (roll < 0.03) return `${coded.slice(0, at)}=XY${coded.slice(at)}`;
  if (roll < 0.06) return `${coded.slice(0, at)}=`;
  if (roll < 0.09) return coded.replaceAll("=\r\n", "= \r\n").toLowerCase();
  return coded;
}

/** How a part says its name: parameters of its type, and further fields. */
export function names(
  random: Random,
): { readonly type: string; readonly fields: readonly string[] } {
  const disposition = pick(random, ["attachment", "attachment", "inline", "ATTACHMENT"]);
  const field = (params: string) => [`Content-Disposition: ${disposition}${params}`];
  return pick(random, [
    { type: "", fields: [] },
    { type: "; name=a.txt", fields: field("; filename=a.txt") },
    { type: '; name="a b.pdf"', fields: field('; filename="a b.pdf"') },
    { type: "", fields: field("; filename*=utf-8''%e2%82%ac%20rates.pdf") },
    {
      type: "",
      fields: field(
        ";\r\n filename*0*=iso-8859-1'de'Gr%FC;\r\n filename*1*=%DFe;\r\n filename*2=.pdf",
      ),
    },
    { type: "", fields: field('; filename*0="a long name"; filename*1=" that goes on.pdf"') },
    { type: '; name="=?utf-8?B?R3LDvMOfZS5wZGY=?="', fields: field("") },
    { type: '; name="=?iso-8859-1?Q?Gr=FC?=\r\n =?iso-8859-1?Q?=DFe.pdf?="', fields: field("") },
    { type: "", fields: field(`; filename="${bytesOf("Grüße.pdf")}"`) },
    { type: "", fields: field('; filename="Gr\xfc\xdfe.pdf"') },
    { type: "", fields: field('; filename="a \\"quoted\\" name.pdf"') },
    { type: "", fields: field('; filename="C:\\\\dir\\\\file.doc"') },
    { type: "", fields: field('; filename="dir/file.doc"; size=12') },
    { type: '; name=""', fields: field('; filename=""') },
    { type: "; name=type.txt", fields: field("; filename=disposition.txt") },
    { type: "; name=plain.txt; name*=utf-8''r%C3%A4.txt", fields: field("") },
    { type: "", fields: field("; filename=plain.txt; filename*=utf-8''r%C3%A4.txt") },
    { type: "", fields: field("; filename=name with blanks.pdf") },
    { type: "", fields: field("; filename=100%.pdf") },
    { type: "", fields: field(`; filename="${"n".repeat(300)}.pdf"`) },
    { type: "", fields: field("") },
  ]);
}

const types = [
  "application/pdf",
  "application/octet-stream",
  "image/png",
  "text/plain",
  "text/csv; charset=utf-8",
  "text/html",
  "APPLICATION/ZIP",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "audio/mpeg",
  "text/x-vcard; charset=utf-8",
];

export function coded(random: Random, type: string, name: string): Entity {
  const [encoding, body] = data(random);
  return made(
    `${type}; name="${name}"`,
    body,
    encoding,
    `Content-Disposition: attachment; filename="${name}"`,
  );
}

export function attachment(random: Random): Entity {
  const { type, fields } = names(random);
  const [encoding, body] = data(random);
  const id = chance(random, 0.1) ? ["Content-ID: <p0@x>"] : [];
  return made(pick(random, types) + type, body, encoding, ...fields, ...id);
}

function data(random: Random): [string, string] {
  const size = pick(random, [0, 1, 2, 10, 57, 58, 1000, 5000, 70_000]);
  const bytes = Buffer.from(Array.from({ length: size }, () => random() * 256));
  const roll = random();
  if (roll < 0.1) {
    const text = bytes.toString("latin1").replace(/[^ -~]/g, "\r\n");
    return [pick(random, ["Content-Transfer-Encoding: 7bit", "X-Nothing: 1"]), text];
  }
  if (roll < 0.14) return ["Content-Transfer-Encoding: x-uuencode", uuencoded(bytes)];
  if (roll < 0.2) {
    return ["Content-Transfer-Encoding: quoted-printable", qp(bytes.toString("latin1"))];
  }
  return [
    "Content-Transfer-Encoding: base64",
    damaged64(random, lines64(bytes.toString("latin1"))),
  ];
}

function uuencoded(bytes: Uint8Array): string {
  const lines = ["begin 644 a.bin"];
  for (let at = 0; at < bytes.length; at += 45) {
    const line = bytes.subarray(at, at + 45);
    let coded = String.fromCharCode(32 + line.length);
    for (let from = 0; from < line.length; from += 3) {
      const group = (line[from]! << 16) | ((line[from + 1] ?? 0) << 8) | (line[from + 2] ?? 0);
      for (const shift of [18, 12, 6, 0]) {
        coded += String.fromCharCode(((group >> shift) & 63) + 32).replace(" ", "`");
      }
    }
    lines.push(coded);
  }
  return [...lines, "`", "end", ""].join("\r\n");
}

export function picture(random: Random, at: number): Entity {
  const [encoding, body] = data(random);
  const disposition = pick(random, ["inline", "attachment", "inline; filename=p.png", ""]);
  const fields = [
    encoding,
    chance(random, 0.8) && `Content-ID: <p${at}@x>`,
    disposition && `Content-Disposition: ${disposition}`,
    chance(random, 0.1) && "Content-Location: http://example.org/\r\n p.png",
  ].filter((field) => typeof field === "string" && field !== "") as string[];
  return made(`image/png${chance(random, 0.5) ? "; name=p.png" : ""}`, body, ...fields);
}

export function invitation(random: Random): Entity {
  const method = pick(random, ["REQUEST", "CANCEL", "REPLY", "PUBLISH"]);
  const said = chance(random, 0.85) ? `; method=${method}` : "";
  const event = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:x",
    `METHOD:${method}`,
    "BEGIN:VEVENT",
    "UID:1@example.org",
    "DTSTAMP:20260301T120000Z",
    "DTSTART:20260302T120000Z",
    "DTEND:20260302T130000Z",
    "SUMMARY:Grüße",
    "ORGANIZER:mailto:ann@example.org",
    `ATTENDEE;PARTSTAT=${pick(random, ["ACCEPTED", "DECLINED", "TENTATIVE"])}:mailto:b@example.org`,
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");
  const charset = pick(random, ["; charset=utf-8", '; charset="UTF-8"', ""]);
  const [encoding, body] = transferred(random, Buffer.from(event), false);
  const named = chance(random, 0.3) ? names(random).fields : [];
  const fields = [encoding, ...named].filter(Boolean);
  return made(`text/calendar${charset}${said}`, body, ...fields);
}
