// Finds the parts of a message and where their bytes lie, while the message passes by in pieces.
// Our own, because libraries either hold the message whole or lose count of bytes in broken ones.
import { Buffer } from "node:buffer";
import type { Part } from "./part.ts";
import { readPart } from "./part.ts";

/** What is kept of one header block, and of all of them together; the rest of it is passed over. */
const HEADER_LIMIT = 256 * 1024;
const HEADERS_LIMIT = 4 * 1024 * 1024;
/** Multiparts nested deeper than this are taken as one part, parts beyond this number are left out. */
const DEPTH_LIMIT = 60;
const PARTS_LIMIT = 2000;
/** A delimiter line is never longer: RFC 2046 allows 70 characters, senders take some more. */
const DELIMITER_LIMIT = 2100;

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

/** Scans a message. Memory: the header blocks, and at most one line. It never throws. */
export class StructureScanner {
  /** From the whole message down to the part that is being read. */
  #open: Part[] = [];
  /** For each open part the boundary that it still waits for. */
  #boundaries: (string | undefined)[] = [];
  #parts = 0;
  /** Lines of the header block that is being read; undefined: in a body. */
  #header: Uint8Array[] | undefined = [];
  #headerSize = 0;
  #headersSize = 0;
  /** Bytes that were not looked at yet, and the offset of the first of them. */
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** The two bytes in front of them. */
  #before: [number, number] = [0, 0];
  /** They go on in the middle of a line, so no delimiter starts there. */
  #midLine = false;

  /** Takes the next piece of the message. */
  push(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const data = this.#rest.length ? Buffer.concat([this.#rest, piece]) : piece;
    this.#keep(data, this.#read(data));
  }

  /** The whole message as a part, numbered; after the last piece. */
  end(): Part {
    const { length } = this.#rest;
    const lastLine = this.#rest;
    const end = this.#offset + length;
    if (length && !this.#midLine && this.#delimiter(lastLine, 0, length)) {
      this.#rest = Buffer.alloc(0);
    } else if (this.#header && length) this.#keepHeader(lastLine);
    if (this.#header) this.#endHeader(end);
    for (const part of this.#open) part.end = Math.max(part.start, end);
    const root = this.#open[0]!;
    settle(root, "");
    return root;
  }

  /** Reads all complete lines that matter; returns how far it came. */
  #read(data: Buffer): number {
    let at = 0;
    while (at < data.length) {
      const next = this.#header ? this.#headerLine(data, at) : this.#body(data, at);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  #keep(data: Buffer, from: number): void {
    this.#before = [
      byteBefore(data, from, 2, this.#before),
      byteBefore(data, from, 1, this.#before),
    ];
    this.#offset += from;
    // A copy, so that a short rest does not hold a long piece in memory.
    this.#rest = Buffer.from(data.subarray(from));
  }

  #headerLine(data: Buffer, at: number): number {
    const lf = data.indexOf(LF, at);
    if (lf < 0 && data.length - at <= DELIMITER_LIMIT) return at;
    const end = lf < 0 ? data.length : lf + 1;
    const whole = !this.#midLine;
    this.#midLine = lf < 0;
    if (whole && this.#delimiter(data, at, end)) return end;
    if (whole && (end - at === 1 || (end - at === 2 && data[at] === CR))) {
      this.#endHeader(this.#offset + end);
    } else this.#keepHeader(data.subarray(at, end));
    return end;
  }

  /** Passes over body bytes up to the next line that could be a delimiter. */
  #body(data: Buffer, at: number): number {
    if (!this.#boundaries.some((boundary) => boundary !== undefined)) {
      this.#midLine = data.at(-1) !== LF;
      return data.length;
    }
    if (!this.#midLine && data[at] === DASH) {
      if (at + 1 === data.length) return at;
      if (data[at + 1] === DASH) return this.#dashedLine(data, at);
    }
    const next = data.indexOf("\n--", at);
    if (next >= 0) {
      this.#midLine = false;
      return next + 1;
    }
    const lastLine = data.lastIndexOf(LF) + 1;
    const line = Math.max(lastLine, at);
    const atStart = lastLine > at || !this.#midLine;
    // Nothing, or one dash, may become a delimiter with the next piece.
    const undecided = line === data.length || (line + 1 === data.length && data[line] === DASH);
    this.#midLine = !(atStart && undecided);
    return this.#midLine ? data.length : line;
  }

  #dashedLine(data: Buffer, at: number): number {
    const lf = data.indexOf(LF, at);
    if (lf < 0) {
      if (data.length - at <= DELIMITER_LIMIT) return at;
      this.#midLine = true;
      return data.length;
    }
    if (!this.#delimiter(data, at, lf + 1)) this.#midLine = false;
    return lf + 1;
  }

  /** If the line is a delimiter of an open multipart, ends and opens parts accordingly. */
  #delimiter(data: Buffer, from: number, to: number): boolean {
    if (to - from > DELIMITER_LIMIT || data[from] !== DASH || data[from + 1] !== DASH) return false;
    const line = data.toString("latin1", from + 2, to).trimEnd();
    for (let level = this.#open.length - 1; level >= 0; level--) {
      const boundary = this.#boundaries[level];
      if (boundary === undefined) continue;
      if (line !== boundary && line !== `${boundary}--`) continue;
      const lineEnd = endOfLineBefore(data, from, this.#before);
      this.#closeBelow(level, this.#offset + from, lineEnd);
      if (line === boundary) this.#openPart();
      else this.#boundaries[level] = undefined;
      this.#midLine = false;
      return true;
    }
    return false;
  }

  /** Ends all parts inside the multipart at `level`; the line end before `at` is not theirs. */
  #closeBelow(level: number, at: number, lineEnd: number): void {
    if (this.#header) this.#endHeader(at);
    for (const part of this.#open.splice(level + 1)) part.end = Math.max(part.start, at - lineEnd);
    this.#boundaries.length = level + 1;
    this.#header = undefined;
  }

  #openPart(): void {
    this.#header = [];
    this.#headerSize = 0;
  }

  #keepHeader(line: Uint8Array): void {
    if (this.#headerSize >= HEADER_LIMIT || this.#headersSize >= HEADERS_LIMIT) return;
    this.#headerSize += line.length;
    this.#headersSize += line.length;
    this.#header!.push(Uint8Array.from(line.subarray(0, HEADER_LIMIT)));
  }

  #endHeader(start: number): void {
    const parent = this.#open.at(-1);
    const part = readPart(Buffer.concat(this.#header!), start, parent?.type ?? "");
    this.#header = undefined;
    if (parent && ++this.#parts <= PARTS_LIMIT) parent.children.push(part);
    const boundary = part.type.startsWith("multipart/") && this.#open.length < DEPTH_LIMIT
      // Headers are read as Unicode and delimiters as bytes: only ASCII can agree.
      ? part.params["boundary"]?.trimEnd()
      : undefined;
    this.#open.push(part);
    this.#boundaries.push(boundary || undefined);
  }
}

/** Numbers the parts; a multipart without parts is shown as the text that it is. */
export function settle(part: Part, number: string): void {
  const multipart = part.type.startsWith("multipart/");
  if (multipart && !part.children.length) part.type = "text/plain";
  part.number = number || (part.children.length ? "" : "1");
  part.children.forEach((child, at) => settle(child, number ? `${number}.${at + 1}` : `${at + 1}`));
}

/** The byte `back` places in front of `at`, which may lie in front of `data`. */
function byteBefore(data: Buffer, at: number, back: 1 | 2, before: readonly [number, number]) {
  const place = at - back;
  return place >= 0 ? data[place]! : before[2 + place] ?? 0;
}

function endOfLineBefore(data: Buffer, at: number, before: readonly [number, number]): 0 | 1 | 2 {
  if (byteBefore(data, at, 1, before) !== LF) return 0;
  return byteBefore(data, at, 2, before) === CR ? 2 : 1;
}

/** Every part that has no parts in it, in order. */
export function leaves(part: Part): Part[] {
  return part.children.length ? part.children.flatMap(leaves) : [part];
}

/** Scans a message that is at hand. */
export function scanBytes(bytes: Uint8Array): Part {
  const scanner = new StructureScanner();
  scanner.push(bytes);
  return scanner.end();
}
