// The parts of a message as IMAP tells them: BODYSTRUCTURE, ENVELOPE, and the text of a section.
import { written } from "./words.ts";

/** A part of a message; the message itself is one. All texts hold one byte per character. */
export interface Part {
  /** With the empty line at its end. */
  readonly header: string;
  readonly body: string;
  /** Such as `text/plain`, in lower case. */
  readonly type: string;
  readonly params: readonly (readonly [string, string])[];
  /** The parts of a multipart, or the message in a message/rfc822. */
  readonly children: readonly Part[];
}

/** Reads a message or a part. */
export function readPart(text: string, assumed = "text/plain"): Part {
  const [, header = "", body = ""] = /^((?:[^\r\n]+\r?\n)*\r?\n?)([^]*)$/.exec(text)!;
  const value = field(header, "content-type") ?? assumed;
  const [type, params] = readParams(value);
  const known = /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type.toLowerCase() : "text/plain";
  return { header, body, type: known, params, children: childrenOf(known, params, body) };
}

function childrenOf(type: string, params: Part["params"], body: string): Part[] {
  if (type === "message/rfc822") return [readPart(body)];
  const boundary = params.find(([name]) => name === "boundary")?.[1];
  if (!type.startsWith("multipart/") || !boundary) return [];
  const escaped = boundary.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const delimiter = new RegExp(`(?:^|\\r?\\n)--${escaped}(--)?[ \\t]*(?=\\r?\\n|$)`, "g");
  const marks = [...body.matchAll(delimiter)];
  const end = marks.findIndex(([, closes]) => closes);
  const assumed = type === "multipart/digest" ? "message/rfc822" : "text/plain";
  return marks.slice(0, end < 0 ? undefined : end).map((mark, index) => {
    const inner = body.slice(mark.index + mark[0].length, marks[index + 1]?.index);
    return readPart(inner.replace(/^\r?\n/, ""), assumed);
  });
}

function readParams(value: string): [string, [string, string][]] {
  const params = [...value.matchAll(/;\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)]
    .map(([, name, quoted, bare]): [string, string] => [
      name!.toLowerCase(),
      quoted?.replace(/\\(.)/g, "$1") ?? bare!,
    ]);
  return [/^[^;]*/.exec(value)![0].trim(), params];
}

/** The value of the first field of that name, unfolded. */
export function field(header: string, name: string): string | undefined {
  const found = new RegExp(`^${name}:[ \\t]*((?:.*)(?:\\r?\\n[ \\t].*)*)`, "im").exec(header);
  return found?.[1]?.replace(/\r?\n(?=[ \t])/g, "").trim();
}

/** BODYSTRUCTURE, or BODY without the extension data. */
export function bodyStructure(part: Part, extended: boolean): string {
  const [type, subtype] = part.type.toUpperCase().split("/") as [string, string];
  const disposition = field(part.header, "content-disposition");
  const [kind, about] = readParams(disposition ?? "");
  const shown = disposition ? `(${written(kind)} ${paramList(about)})` : "NIL";
  const location = written(field(part.header, "content-location"));
  if (type === "MULTIPART" && part.children.length > 0) {
    const inner = part.children.map((child) => bodyStructure(child, extended)).join("");
    const more = extended ? ` ${paramList(part.params)} ${shown} NIL ${location}` : "";
    return `(${inner} ${written(subtype)}${more})`;
  }
  const lines = String(part.body.split("\n").length - 1);
  const plain = type === "TEXT" && part.params.length === 0;
  const facts = [
    written(type),
    written(subtype),
    paramList(plain ? [["charset", "us-ascii"]] : part.params),
    written(field(part.header, "content-id")),
    written(field(part.header, "content-description")),
    written(field(part.header, "content-transfer-encoding") ?? "7BIT"),
    String(part.body.length),
  ];
  const [inside] = part.children;
  if (inside) facts.push(envelope(inside.header), bodyStructure(inside, extended), lines);
  else if (type === "TEXT") facts.push(lines);
  if (extended) facts.push("NIL", shown, "NIL", location);
  return `(${facts.join(" ")})`;
}

const paramList = (params: Part["params"]): string =>
  params.length === 0 ? "NIL" : `(${params.flat().map(written).join(" ")})`;

/** ENVELOPE */
export function envelope(header: string): string {
  const from = addresses(field(header, "from"));
  const or = (name: string) => addresses(field(header, name), from);
  return `(${
    [
      written(field(header, "date")),
      written(field(header, "subject")),
      from,
      or("sender"),
      or("reply-to"),
      addresses(field(header, "to")),
      addresses(field(header, "cc")),
      addresses(field(header, "bcc")),
      written(field(header, "in-reply-to")),
      written(field(header, "message-id")),
    ].join(" ")
  })`;
}

function addresses(value: string | undefined, absent = "NIL"): string {
  const each = value?.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  const known = each.map((one) => {
    const [, before, between] = /^(.*?)<([^>]*)>/.exec(one) ?? [];
    const [, bare = "", comment = ""] = /^([^(]*)(?:\((.*)\))?/.exec(one.trim())!;
    // Dovecot says so too where there is none.
    const [local, domain = "MISSING_DOMAIN"] = (between ?? bare).trim().split("@");
    const name = (before ?? comment).trim().replace(/^"(.*)"$/, "$1").replace(/\\(.)/g, "$1");
    return `(${written(name || undefined)} NIL ${written(local)} ${written(domain)})`;
  });
  return known.length === 0 ? absent : `(${known.join("")})`;
}

/** The text of a section such as `1.2`, `HEADER.FIELDS (TO CC)`, `2.MIME`; undefined: there is none. */
export function section(message: Part, what: string): string | undefined {
  const [, numbers = "", rest = ""] = /^((?:\d+(?:\.|$))*)(.*)$/.exec(what)!;
  let part: Part | undefined = message;
  const path = numbers.split(".").filter(Boolean).map(Number);
  path.forEach((number, level) => {
    // A message within goes on with its own parts; what is no multipart has one part, itself.
    const holder: Part = level > 0 && part?.type === "message/rfc822" ? part.children[0]! : part!;
    if (!part) return;
    const multipart = holder.type.startsWith("multipart/") && holder.children.length > 0;
    part = multipart ? holder.children[number - 1] : number === 1 ? holder : undefined;
  });
  if (!part) return undefined;
  if (rest === "") return path.length === 0 ? part.header + part.body : part.body;
  if (rest.toUpperCase() === "MIME") return part.header;
  const inner = path.length === 0 ? part : part.children[0] ?? part;
  return textOf(inner, rest);
}

function textOf(part: Part, what: string): string | undefined {
  const [name, ...names] = what.replace(/[()]/g, "").split(" ").filter(Boolean);
  if (/^TEXT$/i.test(name!)) return part.body;
  if (/^HEADER$/i.test(name!)) return part.header;
  const wanted = new Set(names.map((name) => name.replace(/^"|"$/g, "").toLowerCase()));
  const without = /^HEADER\.FIELDS\.NOT$/i.test(name!);
  if (!without && !/^HEADER\.FIELDS$/i.test(name!)) return undefined;
  const fields = part.header.match(/^[^\s:]+:.*(?:\r?\n[ \t].*)*\r?\n/gm) ?? [];
  const chosen = fields.filter((text) =>
    wanted.has(/^[^:]*/.exec(text)![0].toLowerCase()) !== without
  );
  return `${chosen.join("")}\r\n`;
}
