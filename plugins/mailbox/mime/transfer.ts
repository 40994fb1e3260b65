// Undoes content transfer encodings, piece by piece: base64, quoted-printable, uuencode, none.
import { Buffer } from "node:buffer";

/** Takes encoded bytes as they come and gives what they stand for. */
export interface Decoder {
  push(bytes: Uint8Array): Uint8Array;
  /** What was held back at the end. */
  end(): Uint8Array;
}

/** A decoder for a Content-Transfer-Encoding; unknown ones are taken as plain bytes. */
export function transferDecoder(encoding: string): Decoder {
  if (encoding === "base64") return new Base64Decoder();
  if (encoding === "quoted-printable") return new QuotedPrintableDecoder();
  if (/^(x-)?uu(encode)?$/.test(encoding)) return new UuDecoder();
  return { push: (bytes) => bytes, end: () => NOTHING };
}

/** Decodes a whole part that is at hand. */
export function decodeTransfer(encoding: string, bytes: Uint8Array): Uint8Array {
  const decoder = transferDecoder(encoding);
  const start = decoder.push(bytes);
  const end = decoder.end();
  return end.length ? Buffer.concat([start, end]) : start;
}

/** Decodes a part as a stream. */
export async function* decodeStream(
  encoding: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const decoder = transferDecoder(encoding);
  for await (const bytes of source) {
    const decoded = decoder.push(bytes);
    if (decoded.length) yield decoded;
  }
  const rest = decoder.end();
  if (rest.length) yield rest;
}

/** Does this encoding leave the bytes as they are? */
export function isIdentity(encoding: string): boolean {
  return !/^(base64|quoted-printable|(x-)?uu(encode)?)$/.test(encoding);
}

const NOTHING = new Uint8Array(0);

/** Passes over what is not base64, and goes on after padding: some senders glue pieces together. */
class Base64Decoder implements Decoder {
  #rest = "";

  push(bytes: Uint8Array): Uint8Array {
    const text = this.#rest + latin1(bytes).replace(/[^A-Za-z0-9+/=]+/g, "");
    const pieces = text.includes("=") ? text.split(/=+/) : [text];
    const last = pieces.pop() ?? "";
    const whole = last.length - last.length % 4;
    this.#rest = last.slice(whole);
    const decoded = [...pieces, last.slice(0, whole)].map((piece) => Buffer.from(piece, "base64"));
    return decoded.length === 1 ? decoded[0]! : Buffer.concat(decoded);
  }

  end(): Uint8Array {
    return Buffer.from(this.#rest, "base64");
  }
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const EQUALS = 0x3d;

/** What follows an equals sign that has been seen. */
type Escape = "none" | "equals" | "hex" | "cr" | "padding";

/** By hand and byte for byte, because a pattern takes quadratic time on long runs of spaces. */
class QuotedPrintableDecoder implements Decoder {
  #escape: Escape = "none";
  #digit = 0;
  /** Spaces that count only if the line goes on behind them. */
  #blanks: number[] = [];
  #out = NOTHING;
  #length = 0;

  push(bytes: Uint8Array): Uint8Array {
    this.#out = new Uint8Array(bytes.length + this.#blanks.length + 4);
    this.#length = 0;
    for (const byte of bytes) this.#take(byte);
    return this.#out.subarray(0, this.#length);
  }

  end(): Uint8Array {
    // Blanks at the end and a last equals sign stand for nothing.
    return this.#escape === "hex" ? Uint8Array.of(EQUALS, this.#digit) : NOTHING;
  }

  #take(byte: number): void {
    switch (this.#escape) {
      case "none":
        return this.#plain(byte);
      case "equals":
        return this.#afterEquals(byte);
      case "hex":
        return this.#secondDigit(byte);
      case "cr":
        this.#escape = "none";
        return byte === LF ? undefined : this.#plain(byte);
      case "padding":
        if (byte === SPACE || byte === TAB) return;
        this.#escape = byte === CR ? "cr" : "none";
        return byte === CR || byte === LF ? undefined : this.#literal(EQUALS, SPACE, byte);
    }
  }

  #plain(byte: number): void {
    if (byte === EQUALS) {
      this.#emitBlanks();
      this.#escape = "equals";
    } else if (byte === SPACE || byte === TAB) {
      this.#blanks.push(byte);
    } else if (byte === LF || byte === CR) {
      this.#blanks = [];
      this.#emit(byte);
    } else {
      this.#emitBlanks();
      this.#emit(byte);
    }
  }

  #afterEquals(byte: number): void {
    this.#escape = "none";
    if (hexDigit(byte) >= 0) {
      this.#escape = "hex";
      this.#digit = byte;
    } else if (byte === CR) this.#escape = "cr";
    else if (byte === SPACE || byte === TAB) this.#escape = "padding";
    else if (byte !== LF) this.#literal(EQUALS, byte);
  }

  #secondDigit(byte: number): void {
    this.#escape = "none";
    const low = hexDigit(byte);
    if (low >= 0) this.#emit(hexDigit(this.#digit) << 4 | low);
    else this.#literal(EQUALS, this.#digit, byte);
  }

  /** An escape that was none: its bytes stand for themselves. The last one is read anew. */
  #literal(...bytes: number[]): void {
    const last = bytes.pop()!;
    for (const byte of bytes) this.#emit(byte);
    this.#plain(last);
  }

  #emitBlanks(): void {
    for (const blank of this.#blanks) this.#emit(blank);
    if (this.#blanks.length) this.#blanks = [];
  }

  #emit(byte: number): void {
    this.#out[this.#length++] = byte;
  }
}

/** Lines of `begin`, data and `end`; as a transfer encoding it is older than MIME and still seen. */
class UuDecoder implements Decoder {
  #rest = "";

  push(bytes: Uint8Array): Uint8Array {
    const lines = (this.#rest + latin1(bytes)).split(/\r?\n/);
    this.#rest = (lines.pop() ?? "").slice(0, 1000);
    return Buffer.concat(lines.map(uuLine));
  }

  end(): Uint8Array {
    return uuLine(this.#rest);
  }
}

function uuLine(line: string): Uint8Array {
  if (!line || /^(begin \d|end$)/.test(line)) return NOTHING;
  const bits = (at: number) => (line.charCodeAt(at) - SPACE) & 0x3f || 0;
  const size = bits(0);
  const out = new Uint8Array(Math.ceil(size / 3) * 3);
  for (let from = 1, to = 0; to < size; from += 4, to += 3) {
    const group = bits(from) << 18 | bits(from + 1) << 12 | bits(from + 2) << 6 | bits(from + 3);
    out.set([group >> 16, group >> 8 & 0xff, group & 0xff], to);
  }
  return out.subarray(0, size);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
