// Cuts what a server sends into its answers, without looking into them.
import { Buffer } from "node:buffer";

/** An answer. Where a literal was, its text has `{n}` and a line break; see RFC 9051 section 4.3. */
export interface Line {
  readonly text: string;
  readonly literals: readonly Uint8Array[];
}

/** A server that says so much in one answer has lost its way, or wants to fill our memory. */
const mostBytes = 128 << 20;

const [lineFeed, carriageReturn, braceOpen, braceClose] = [0x0a, 0x0d, 0x7b, 0x7d];
const [plus, zero, nine] = [0x2b, 0x30, 0x39];

/** Bytes in, answers out. What nobody takes comes out as the bytes that it was. */
export class AnswerBytes {
  /** The beginning of an answer that goes on. */
  #begun: Uint8Array[] = [];
  #size = 0;
  /** As many bytes it must have at least before it can be at its end. */
  #wanted = 0;

  /**
   * Shows each answer that is complete now to `take`; returns the bytes of those that it did not take.
   * Throws RangeError for an answer beyond 128 MiB.
   */
  push(chunk: Uint8Array, take: (line: Line) => boolean): Uint8Array[] {
    const before = this.#size;
    this.#begun.push(chunk);
    this.#size += chunk.length;
    if (this.#size > mostBytes) throw new RangeError("Cannot read on: an answer has no end");
    // Neither a literal nor a line can have come to its end.
    const inLiteral = before + 1 < this.#wanted;
    if (inLiteral ? this.#size < this.#wanted : !chunk.includes(lineFeed)) return [];
    const [data, left] = [whole(this.#begun), [] as Uint8Array[]];
    let at = 0;
    this.#wanted = 0;
    while (at < data.length) {
      const found = answerAt(data, at);
      if (typeof found === "number") {
        this.#wanted = found - at;
        break;
      }
      if (!take(found)) left.push(data.subarray(at, found.end));
      at = found.end;
    }
    this.#begun = at < data.length ? [data.subarray(at)] : [];
    this.#size = data.length - at;
    return left;
  }

  /** What has begun and did not end. */
  rest(): Uint8Array[] {
    return this.#begun;
  }
}

function whole(pieces: readonly Uint8Array[]): Buffer {
  if (pieces.length > 1) return Buffer.concat(pieces);
  const [{ buffer, byteOffset, byteLength }] = pieces as [Uint8Array];
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The answer that begins at `at`; or up to where at least it goes, where that is not there yet. */
function answerAt(data: Buffer, at: number): Line & { readonly end: number } | number {
  const literals: Uint8Array[] = [];
  let text = "";
  for (let from = at;;) {
    const end = data.indexOf(lineFeed, from) + 1;
    if (end === 0) return data.length + 1;
    text += data.toString("utf8", from, end);
    const length = literalLength(data, from, end);
    if (length === undefined) return { text, literals, end };
    from = end + length;
    // At least a line end follows it.
    if (from >= data.length) return from + 1;
    literals.push(data.subarray(end, from));
  }
}

/** The number in `{n}` at the end of a line, if that is its end. */
function literalLength(data: Buffer, from: number, end: number): number | undefined {
  let at = end - 2;
  if (data[at] === carriageReturn) at--;
  if (data[at--] !== braceClose) return undefined;
  if (data[at] === plus) at--;
  let length = 0, digits = 0;
  for (; at > from && data[at]! >= zero && data[at]! <= nine; at--, digits++) {
    length += (data[at]! - zero) * 10 ** digits;
  }
  return data[at] === braceOpen && digits > 0 && digits <= 15 ? length : undefined;
}
