// A message's MIME as text for a WBXML string: UTF-8, CRLF, without characters that cannot travel.
import { Readable, type Transform } from "node:stream";
import { type MimeNode, Splitter } from "@zone-eu/mailsplit";
import { byteLength, clean, cutText } from "./text.ts";

/**
 * The bytes of a message as pieces of text, at most `limit` UTF-8 bytes in all. Parts that are not
 * ASCII or UTF-8 already (8-bit and binary ones, and ISO-2022 with its escapes) are sent
 * quoted-printable; everything else stays as it is, so that signatures hold.
 */
export async function* mimeText(
  bytes: AsyncIterable<Uint8Array>,
  limit = Infinity,
): AsyncIterable<string> {
  let left = limit;
  for await (const raw of lines(decoded(portable(bytes)))) {
    const text = clean(raw);
    const piece = cutText(text, left);
    if (piece !== "") yield piece;
    left -= byteLength(piece);
    if (left <= 0 || piece.length < text.length) return;
  }
}

/** The message with its 8-bit parts quoted-printable. */
async function* portable(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const splitter = new Splitter({ ignoreEmbedded: true });
  const source = Readable.from(bytes);
  source.on("error", (error) => splitter.destroy(error));
  source.pipe(splitter);
  let encoder: Transform | undefined;
  try {
    for await (const chunk of splitter) {
      if (chunk.type !== "body" && encoder) yield* rest(encoder);
      if (chunk.type === "node") {
        encoder = travelsBadly(chunk) ? chunk.getEncoder("quoted-printable") : undefined;
        yield chunk.getHeaders();
      } else if (chunk.type === "body" && encoder) {
        encoder.write(chunk.value);
        yield encoder.read() ?? new Uint8Array();
      } else {
        if (chunk.type === "data") encoder = undefined;
        yield chunk.value;
      }
    }
    if (encoder) yield* rest(encoder);
  } finally {
    source.destroy();
    splitter.destroy();
  }
}

async function* rest(encoder: Transform): AsyncIterable<Uint8Array> {
  if (encoder.writableEnded) return;
  encoder.end();
  yield* encoder;
}

/** Whether a part's bytes would not come back from a UTF-8 text as they were. */
function travelsBadly(node: MimeNode): boolean {
  if (node.multipart || node.rfc822) return false;
  if (!["", "7bit", "8bit", "binary"].includes(node.encoding || "")) return false;
  const charset = (node.charset || "").toLowerCase();
  if (node.encoding === "binary" && !node.contentType?.toString().startsWith("text/")) return true;
  // What claims to be ASCII, or nothing, is sent as it is.
  return !["", "us-ascii", "ascii", "utf-8", "utf8"].includes(charset);
}

/** Bytes as text: UTF-8 where it is, each byte as its Latin-1 character where it is not. */
async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let carry = new Uint8Array();
  for await (const chunk of bytes) {
    const joined = carry.length === 0 ? chunk : concat(carry, chunk);
    const end = joined.length - unfinished(joined);
    carry = joined.slice(end);
    const whole = joined.subarray(0, end);
    try {
      yield strict.decode(whole);
    } catch {
      yield mixed(whole);
    }
  }
  if (carry.length > 0) yield mixed(carry);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** How many bytes at the end begin a UTF-8 character that is not complete: 0 to 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return byte >= 0xf0 || back < (byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Text of which some is UTF-8 and some is not: what is not is read as Latin-1. */
function mixed(bytes: Uint8Array): string {
  const lenient = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const pieces: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = sequence(bytes, at);
    const piece = bytes.subarray(at, at + Math.max(1, length));
    try {
      pieces.push(length === 0 ? String.fromCharCode(piece[0]!) : lenient.decode(piece));
      at += piece.length;
    } catch {
      pieces.push(String.fromCharCode(bytes[at++]!));
    }
  }
  return pieces.join("");
}

/** Length of a run of ASCII, or of one UTF-8 sequence that looks complete; 0: neither. */
function sequence(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && bytes[end]! < 0x80) end++;
  if (end > at) return end - at;
  const first = bytes[at]!;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  return at + length <= bytes.length ? length : 0;
}

/** The same text with every line end as CRLF. */
async function* lines(pieces: AsyncIterable<string>): AsyncIterable<string> {
  let carry = "";
  for await (const piece of pieces) {
    const text = carry + piece;
    carry = text.endsWith("\r") ? "\r" : "";
    const whole = carry ? text.slice(0, -1) : text;
    if (whole !== "") yield whole.replace(/\r\n|\r|\n/g, "\r\n");
  }
  if (carry) yield "\r\n";
}
