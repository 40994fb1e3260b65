// What may stand in a text: the characters of XML 1.0, as UTF-8.
import type { Stream } from "./element.ts";

// A STR_I ends at a NUL, and clients hand texts to XML parsers that refuse what XML 1.0 forbids. CR
// and LF stay as they are: without CRLF some phones show a mail on one line.
// deno-lint-ignore no-control-regex -- they are what is looked for
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
// deno-lint-ignore no-control-regex -- they are what is looked for
const allForbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+/g;

/** The text without characters that XML 1.0 forbids; the same string where there are none. */
export function legal(text: string): string {
  return forbidden.test(text) ? text.replace(allForbidden, "") : text;
}

/**
 * The pieces of a text as strings of at most `most` characters that are never cut inside a
 * character. Bytes are read as UTF-8; what is none becomes U+FFFD. Empty pieces are left out.
 */
export async function* characters(
  source: Stream | Iterable<string | Uint8Array>,
  most: number,
): AsyncGenerator<string, void> {
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let half = "";
  for await (const piece of source) {
    // A string after bytes ends what the bytes had begun.
    const fresh = typeof piece === "string"
      ? utf8.decode() + piece
      : utf8.decode(piece, { stream: true });
    const text = half + fresh;
    half = endsInHalf(text) ? text.slice(-1) : "";
    yield* slices(half === "" ? text : text.slice(0, -1), most);
  }
  yield* slices(half + utf8.decode(), most);
}

function* slices(text: string, most: number): Generator<string, void> {
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + most, text.length);
    const inside = end < text.length && isHighHalf(text.charCodeAt(end - 1));
    if (inside) end += end - start > 1 ? -1 : 1;
    yield text.slice(start, end);
    start = end;
  }
}

function endsInHalf(text: string): boolean {
  return text.length > 0 && isHighHalf(text.charCodeAt(text.length - 1));
}

function isHighHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
