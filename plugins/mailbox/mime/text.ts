// Makes the text of a message: transfer encoding, charset, format=flowed, and several parts joined.
import { Buffer } from "node:buffer";
import { htmlToText } from "html-to-text";
import libmime from "libmime";
import type { Text } from "../model.ts";
import { decodeText } from "./charset.ts";
import { decodeTransfer, isIdentity, transferDecoder } from "./transfer.ts";

/** The bytes from `start` to `end` (exclusive) of the message. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

/** Where a text lies in the message, and how to read it. */
export interface TextPlace {
  readonly kind: "text" | "html";
  readonly start: number;
  readonly end: number;
  readonly encoding: string;
  readonly charset?: string;
  readonly flowed?: "flowed" | "delsp";
}

/** A stretch of text: as plain text, as HTML, or as both. */
export interface BodyPlaces {
  readonly text: readonly TextPlace[];
  readonly html: readonly TextPlace[];
}

/**
 * How many of a part's bytes are read at first for a text of `limit` UTF-8 bytes. More are read
 * where they turn out to be too few.
 */
export type FirstRead = (place: TextPlace, limit: number) => number;

/** Where bytes cost little: encodings blow text up, quoted-printable threefold, and line ends do. */
const plenty: FirstRead = (_place, limit) => limit * 5 + 1024;

/** Where they come from far: what such a text needs in most mails, and a short part whole. */
export const sparing: FirstRead = ({ encoding, charset = "" }, limit) => {
  const characters = /^(utf|ucs)-?(16|2)/i.test(charset) ? 2 : /^utf-?32/i.test(charset) ? 4 : 1;
  const transfer = encoding === "quoted-printable" ? 1.2 : isIdentity(encoding) ? 1 : 1.4;
  return Math.max(2048, Math.ceil(limit * characters * transfer) + 64);
};

/**
 * The text of a message in one form, of at most about `limit` UTF-8 bytes, decoded; undefined where
 * it has none in this form. Stretches that are there in the other form only are converted, so that
 * nothing is lost between them. The size is exact where all was read, else an estimate.
 */
export async function assembleText(
  bodies: readonly BodyPlaces[],
  form: "text" | "html",
  limit: number,
  read: ReadBytes,
  first: FirstRead = plenty,
): Promise<Text | undefined> {
  if (!bodies.some((body) => body[form].length)) return undefined;
  const other = form === "text" ? "html" : "text";
  let content = "";
  /** Bytes of it, and of what is not in it. */
  let [length, left] = [0, 0];
  for (const body of bodies) {
    const own = body[form].length > 0;
    for (const place of own ? body[form] : body[other]) {
      const room = Math.max(0, limit - length);
      const piece = await (own ? readText : readOther)(place, room, read, first);
      if (left > 0) {
        // Nothing is shown behind what was left out.
        left += piece.size;
        continue;
      }
      if (content && form === "text" && !content.endsWith("\n")) {
        content += "\r\n";
        length += 2;
      }
      content += piece.content;
      const bytes = utf8Length(piece.content);
      length += bytes;
      left += Math.max(0, piece.size - bytes);
    }
  }
  const full = length + left;
  const cut = cutText(content, limit);
  const kept = cut.length === content.length ? length : utf8Length(cut);
  return { content: cut, size: full, truncated: kept < full };
}

/** A text, or the beginning of one, with the size of all of it. */
interface Piece {
  readonly content: string;
  readonly size: number;
}

/** What a text of so many bytes is made from at first, where it is made from HTML. */
export function asHtmlBytes(limit: number): number {
  return limit * 4 + 4096;
}

/** Styles in front of the first words of an HTML text: newsletters have as much. */
const HTML_HEAD = 64 * 1024;
/** How much of the end of what was made from a part of a text may be otherwise in the whole. */
const RAGGED = 64;

/** Reads a text that is there in the other form only. */
async function readOther(
  place: TextPlace,
  limit: number,
  read: ReadBytes,
  first: FirstRead,
): Promise<Piece> {
  if (place.kind === "text") {
    const { content, size } = await readText(place, limit, read, first);
    const html = asHtml(content);
    return { content: html, size: size - utf8Length(content) + utf8Length(html) };
  }
  const most = limit * MOST + HTML_HEAD;
  for (let wanted = Math.min(most, asHtmlBytes(limit));; wanted = Math.min(most, wanted * 4)) {
    const { content, size } = await readText(place, wanted, read, first);
    const bytes = utf8Length(content);
    if (bytes >= size) return sizedPiece(asPlain(content));
    // What looks like a tag at its end is none yet.
    const text = sizedPiece(asPlain(content.replace(/<[^<>]*$/, "")));
    if (text.size < limit + RAGGED && wanted < most) continue;
    const estimate = Math.round(text.size * size / Math.max(1, bytes));
    const kept = cutText(text.content, limit);
    return { content: kept, size: Math.max(estimate, utf8Length(kept) + 1) };
  }
}

function sizedPiece(content: string): Piece {
  return { content, size: utf8Length(content) };
}

/** Nothing needs more bytes for one of text: UTF-32 in quoted-printable, or a great many controls. */
const MOST = 16;
/** The last bytes of a text that goes on may be half of a character. */
const MARGIN = 8;

/** Reads no more of a part than `limit` bytes of text can come from. */
async function readText(
  place: TextPlace,
  limit: number,
  read: ReadBytes,
  first: FirstRead,
): Promise<Piece> {
  const length = place.end - place.start;
  const most = Math.min(length, limit * MOST + 4096);
  for (let wanted = Math.min(most, first(place, limit));;) {
    const encoded = await read(place.start, place.start + wanted);
    // Fewer bytes than asked for are the last ones, whatever was said of the part's length.
    if (wanted === length || encoded.length < wanted) {
      return sizedPiece(normalise(decodePlace(decodeTransfer(place.encoding, encoded), place)));
    }
    // Half of an escape is none: what the decoder holds back goes on behind it.
    const decoded = transferDecoder(place.encoding).push(encoded);
    const bytes = wholeCharacters(decoded);
    const text = normalise(decodePlace(bytes, place));
    const size = utf8Length(text);
    if (size >= limit + MARGIN || wanted === most) {
      const took = Math.max(1, wanted - (decoded.length - bytes.length));
      return { content: cutText(text, limit), size: Math.round(size * length / took) };
    }
    const missing = (limit + 2 * MARGIN) / Math.max(1, size) * 1.1;
    wanted = Math.min(most, Math.ceil(wanted * Math.min(8, Math.max(1.5, missing))));
  }
}

/** Without a line end or a UTF-8 character that is cut in two at the end. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = bytes[end - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (length > back) end -= back;
    break;
  }
  return bytes.subarray(0, bytes[end - 1] === 0x0d ? end - 1 : end);
}

function decodePlace(bytes: Uint8Array, { charset, kind, flowed }: TextPlace): string {
  // US-ASCII is what a header means that says nothing, and what mail servers make of it.
  const silent = !charset || /^(us-)?ascii$/i.test(charset);
  const named = kind === "html" && silent ? charsetOfHtml(bytes) ?? charset : charset;
  const text = decodeText(bytes, named);
  return flowed ? libmime.decodeFlowed(text, flowed === "delsp") : text;
}

/** The charset that an HTML text names in itself. */
function charsetOfHtml(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder("windows-1252").decode(bytes.subarray(0, 2048));
  return /<meta\b[^>]{0,200}?\bcharset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1];
}

// What XML 1.0 cannot carry, so no protocol that is made of it; no reader shows it.
// deno-lint-ignore no-control-regex -- they are what is looked for
const unsayable = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+/g;
/** The same, and line ends that are no CRLF: nearly no text has any of it. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const rough = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\r(?!\n)|(?<!\r)\n/;

/** A text as {@link Text} promises it, so that nobody who reads it has to look again. */
function normalise(text: string): string {
  const smooth = rough.test(text)
    ? text.replace(unsayable, "").replace(/\r\n|\r|\n/g, "\r\n")
    : text;
  return smooth.toWellFormed();
}

/** HTML as plain text. Never throws; reads the first 500,000 characters. */
export function asPlain(html: string): string {
  try {
    return normalise(htmlToText(html, {
      wordwrap: false,
      limits: { maxInputLength: 500_000, maxDepth: 200 },
      selectors: [{ selector: "img", format: "skip" }],
    }));
  } catch {
    return normalise(html.replace(/<[^<>]*>/g, " "));
  }
}

function asHtml(text: string): string {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<pre style="white-space: pre-wrap">${escaped}</pre>\r\n`;
}

/** The beginning of a text of at most `bytes` UTF-8 bytes, cut between characters and CRLFs. */
export function cutText(text: string, bytes: number): string {
  const cut = cutCharacters(text, bytes);
  return cut.endsWith("\r") ? cut.slice(0, -1) : cut;
}

function cutCharacters(text: string, bytes: number): string {
  // Three bytes a UTF-16 unit at most: most texts need no counting.
  if (text.length * 3 <= bytes) return text;
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const pair = unit >= 0xd800 && unit < 0xdc00 && at + 1 < text.length;
    size += pair ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (size > bytes) return text.slice(0, at);
    if (pair) at++;
  }
  return text;
}

/** How many bytes a text has in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
