// Turns bytes into Unicode, also where the charset is unknown, wrong or not given at all.
import { Buffer, isAscii } from "node:buffer";
import charsets from "libmime/lib/charset.js";

/** Charsets that senders write when they do not know what they send. */
const SAYS_NOTHING =
  /^(|us-ascii|ascii|utf-?8|unknown|unknown-8bit|x-unknown|default|binary|8bit)$/;

/**
 * Decodes text. Where `charset` is absent, unknown or only a default: UTF-8 if the bytes are that, or
 * mostly, else windows-1252. Never throws.
 */
export function decodeText(bytes: Uint8Array, charset: string | undefined): string {
  const label = (charset ?? "").trim().toLowerCase();
  const decoded = SAYS_NOTHING.test(label) ? asAscii(bytes) : decodeAs(bytes, label);
  if (decoded !== undefined) return decoded;
  // Declared UTF-8 with a damaged byte stays UTF-8: the rest of the text is right.
  if (/^utf-?8$/.test(label)) return new TextDecoder().decode(bytes);
  return utf8OrWindows1252(bytes);
}

/**
 * UTF-8 where the bytes are valid (a character cut off at their end is dropped), or damaged in fewer
 * places than there are other characters beyond ASCII: text in windows-1252 has next to none that
 * could be read so. Else windows-1252.
 */
export function utf8OrWindows1252(bytes: Uint8Array): string {
  const ascii = asAscii(bytes);
  if (ascii !== undefined) return ascii;
  const text = new TextDecoder().decode(bytes, { stream: true });
  const damaged = count(text, /\ufffd/g);
  if (damaged === 0 || damaged < count(text, /[^\0-\x7f\ufffd]/gu)) return text;
  return new TextDecoder("windows-1252").decode(bytes);
}

function count(text: string, pattern: RegExp): number {
  let found = 0;
  for (const _ of text.matchAll(pattern)) found++;
  return found;
}

/** Most is ASCII, and told sooner than decoded. undefined: it is something else. */
function asAscii(bytes: Uint8Array): string | undefined {
  if (!isAscii(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** undefined: nobody knows this charset. */
function decodeAs(bytes: Uint8Array, label: string): string | undefined {
  // RFC 2781: the order mark decides; Web decoders take utf-16 as little-endian whatever it says.
  if (label === "utf-16" && bytes[0] === 0xfe && bytes[1] === 0xff) label = "utf-16be";
  for (const name of [label, charsets.normalizeCharset(label).toLowerCase()]) {
    try {
      return new TextDecoder(name).decode(bytes);
    } catch {
      // Not one of the Web's encodings.
    }
  }
  // The old ones that the Web has dropped: code pages 437 and 850, UTF-32, and their like.
  const { supported } = charsets.createDecodeStream(label);
  if (!supported) return undefined;
  return charsets.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), label);
}
