// Makes the text of a message: transfer encoding, charset, format=flowed, and several parts joined.
import { Buffer } from "node:buffer";
import { htmlToText } from "html-to-text";
import libmime from "libmime";
import type { Text } from "../model.ts";
import { decodeText } from "./charset.ts";
import { decodeTransfer } from "./transfer.ts";

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
 * The text of a message in one form, of at most about `limit` UTF-8 bytes, decoded; undefined where
 * it has none in this form. Stretches that are there in the other form only are converted, so that
 * nothing is lost between them. The size is exact where all was read, else an estimate.
 */
export async function assembleText(
  bodies: readonly BodyPlaces[],
  form: "text" | "html",
  limit: number,
  read: ReadBytes,
): Promise<Text | undefined> {
  if (!bodies.some((body) => body[form].length)) return undefined;
  const other = form === "text" ? "html" : "text";
  let content = "";
  let size = 0;
  for (const body of bodies) {
    const own = body[form].length > 0;
    for (const place of own ? body[form] : body[other]) {
      const room = Math.max(0, limit - utf8Length(content));
      const piece = await readText(place, room, read);
      const text = own
        ? piece.content
        : form === "text"
        ? asPlain(piece.content)
        : asHtml(piece.content);
      if (content && form === "text" && !content.endsWith("\n")) content += "\r\n";
      content += text;
      size += Math.max(0, piece.size - utf8Length(piece.content));
    }
  }
  const full = utf8Length(content) + size;
  const cut = cutText(content, limit);
  return { content: cut, size: full, truncated: utf8Length(cut) < full };
}

/** Reads no more of a part than `limit` bytes of text can come from. */
async function readText(place: TextPlace, limit: number, read: ReadBytes) {
  const length = place.end - place.start;
  // Encodings blow text up: quoted-printable threefold, UTF-32 fourfold, and line ends.
  const wanted = Math.min(length, limit * 5 + 1024);
  const decoded = decodeTransfer(place.encoding, await read(place.start, place.start + wanted));
  const text = normalise(decodePlace(decoded, place));
  const size = utf8Length(text);
  if (wanted === length) return { content: text, size };
  return { content: cutText(text, limit), size: Math.round(size * length / wanted) };
}

function decodePlace(bytes: Uint8Array, { charset, kind, flowed }: TextPlace): string {
  const named = charset ?? (kind === "html" ? charsetOfHtml(bytes) : undefined);
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

/** A text as {@link Text} promises it, so that nobody who reads it has to look again. */
function normalise(text: string): string {
  return text.replace(unsayable, "").toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
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
