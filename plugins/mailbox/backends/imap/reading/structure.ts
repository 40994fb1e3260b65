// What BODYSTRUCTURE tells of a message as the tree of parts that `mime` works with.
import { Buffer } from "node:buffer";
import { isIdentity, type Part, readPart, settle, type Told } from "../../../mime/mod.ts";
import { utf8OrWindows1252 } from "../../../mime/charset.ts";
import { bytes, list as listOf, type Token, word } from "../connections/raw.ts";

/** The header fields of a message that say something about its structure, or show it. */
export const shownFields = [
  "DATE",
  "SUBJECT",
  "FROM",
  "SENDER",
  "REPLY-TO",
  "TO",
  "CC",
  "BCC",
  "MESSAGE-ID",
  "IN-REPLY-TO",
  "REFERENCES",
  "IMPORTANCE",
  "PRIORITY",
  "X-PRIORITY",
  "X-MSMAIL-PRIORITY",
  "CONTENT-TYPE",
  "CONTENT-TRANSFER-ENCODING",
  "CONTENT-DISPOSITION",
  "CONTENT-ID",
  "CONTENT-LOCATION",
] as const;

/** Parts beyond these are left out, as for a message that is scanned. */
const PARTS_LIMIT = 2000;

/**
 * The parts of a message, numbered. Nobody knows where they lie in its bytes, so that places are
 * made up: parts without parts follow each other, each as long as the server says.
 *
 * `header` has the fields {@link shownFields} of the message as they are, which a server may have
 * understood otherwise. Those of its parts are put together again from what the server understood.
 * `size` is that of the message.
 */
export function readStructure(
  structure: Token,
  header: Uint8Array,
  size: number,
): Part {
  const layout = { at: 0, parts: 0 };
  const told = readNode(structure, layout, header);
  // Cyrus says of a multipart without parts that it is an empty text.
  const own = told.children.length === 0 && told.end === 0 ? ownPart(header, true, 0) : undefined;
  const root = own ?? told;
  if (own || (root.children.length === 1 && isMadeUp(listOf(listOf(structure)[0])))) {
    // It is shown as the text that it is.
    root.children.length = 0;
    root.end = size;
  }
  settle(root, "");
  return root;
}

/** What servers have for a multipart without parts, because RFC 3501 has nothing for it. */
function isMadeUp(list: Node): boolean {
  const [name, charset, ...more] = listOf(list[2]).map((token) => textOf(token).toLowerCase());
  const silent = name === undefined ||
    (name === "charset" && charset === "us-ascii" && more.length === 0);
  // A part that is empty says more of itself.
  return typeOf(list) === "text/plain" && sizeOf(list) === 0 && silent &&
    [list[3], list[4], ...extensionsOf(list)].every((token) => word(token) === undefined) &&
    listOf(extensionsOf(list)[0]).length === 0;
}

/** How IMAP calls what is in a leaf. */
export function sectionOf(root: Part, part: Part): string {
  return part === root ? "TEXT" : part.number;
}

type Node = readonly Token[];

const textOf = (token: Token | undefined) => word(token) ?? "";

function readNode(
  node: Token,
  layout: { at: number; parts: number },
  header?: Uint8Array,
): Part {
  const list: Node = listOf(node);
  const first = list.findIndex((token) => !Array.isArray(token));
  const children = first < 0 ? list : list.slice(0, first);
  const start = layout.at;
  if (children.length === 0) {
    const size = sizeOf(list);
    layout.at += size;
    const multipart = /^\s*multipart/i.test(textOf(list[0]));
    const part = ownPart(header, multipart, start) ?? partOf(leafFields(list), header, start);
    return { ...part, end: start + size, told: toldOf(list) };
  }
  const part = ownPart(header, true, start) ??
    partOf(multipartFields(list, children.length), header, start);
  for (const child of children) {
    if (++layout.parts <= PARTS_LIMIT) part.children.push(readNode(child, layout));
  }
  part.end = layout.at;
  return part;
}

/** The part as its own header has it, unless that disagrees with the server: see {@link partOf}. */
function ownPart(
  header: Uint8Array | undefined,
  multipart: boolean,
  start: number,
): Part | undefined {
  const own = header && readPart(header, start, "");
  return own?.type.startsWith("multipart/") === multipart ? own : undefined;
}

/** Where a message's own header and the server disagree on having parts, the server counts them. */
function partOf(fields: Uint8Array, header: Uint8Array | undefined, start: number): Part {
  const told = readPart(fields, start, "");
  if (!header) return told;
  const own = readPart(header, start, "");
  const agrees = own.type.startsWith("multipart/") === told.type.startsWith("multipart/");
  return agrees ? own : { ...told, header: own.header };
}

function sizeOf(list: Node): number {
  const size = Number(textOf(list[6]));
  return Number.isSafeInteger(size) && size > 0 ? size : 0;
}

function multipartFields(list: Node, children: number): Uint8Array {
  return Buffer.concat([
    field("Content-Type", Buffer.from(`multipart/${textOf(list[children])}`), list[children + 1]),
  ]);
}

function leafFields(list: Node): Uint8Array {
  const [disposition, location] = extensionsOf(list);
  const kind = listOf(disposition);
  return Buffer.concat([
    field("Content-Type", Buffer.from(`${textOf(list[0])}/${textOf(list[1])}`), list[2]),
    field("Content-ID", bytes(list[3])),
    field("Content-Transfer-Encoding", bytes(list[5])),
    field("Content-Disposition", bytes(kind[0]), kind[1]),
    field("Content-Location", bytes(location)),
  ]);
}

/** Disposition and location. RFC 3501 7.4.2; some servers leave out the lines of a text. */
function extensionsOf(list: Node): (Token | undefined)[] {
  const type = typeOf(list);
  const short = list.length === 11 && Array.isArray(list[8]) && !Array.isArray(list[9]);
  const own = isMessage(list) ? 3 : type.startsWith("text/") && !short ? 1 : 0;
  return [list[8 + own], list[10 + own]];
}

function typeOf(list: Node): string {
  return `${textOf(list[0])}/${textOf(list[1])}`.toLowerCase();
}

function isMessage(list: Node): boolean {
  return /^message\/(rfc822|global)$/.test(typeOf(list)) && Array.isArray(list[7]);
}

function toldOf(list: Node): Told {
  const envelope = list[7];
  return {
    size: decodedSize(textOf(list[5]).toLowerCase(), sizeOf(list)),
    subject: isMessage(list) ? utf8OrWindows1252(bytes(listOf(envelope)[1])) : undefined,
  };
}

/** By what is usual: base64 in lines of 76 characters, quoted-printable that has little to quote. */
function decodedSize(encoding: string, size: number): number {
  if (isIdentity(encoding)) return size;
  if (encoding === "quoted-printable") return Math.round(size / 1.03);
  if (encoding !== "base64") return Math.round(size * 0.72);
  return Math.floor((size - 2 * Math.max(0, Math.ceil(size / 78) - 1)) * 3 / 4);
}

/** A field of a header; nothing where it has no value. `params` is a list of names and values. */
function field(name: string, value: Uint8Array, params?: Token): Uint8Array {
  if (value.length === 0) return value;
  const list = listOf(params);
  const pieces: Uint8Array[] = [Buffer.from(`${name}: `), oneLine(value)];
  for (let at = 0; at + 1 < list.length; at += 2) {
    pieces.push(Buffer.from(`;\r\n ${textOf(list[at])}=`), quoted(bytes(list[at + 1])));
  }
  return Buffer.concat([...pieces, Buffer.from("\r\n")]);
}

function oneLine(value: Uint8Array): Uint8Array {
  return value.map((byte) => byte === 0x0d || byte === 0x0a ? 0x20 : byte);
}

/** RFC 2231 values are never quoted: their marks stand for themselves only outside of quotes. */
function quoted(value: Uint8Array): Uint8Array {
  const text = Buffer.from(oneLine(value)).toString("latin1");
  if (/^[\w!#$%&'*+.^`{|}~-]+$/.test(text)) return Buffer.from(text, "latin1");
  return Buffer.from(`"${text.replace(/["\\]/g, "\\$&")}"`, "latin1");
}
