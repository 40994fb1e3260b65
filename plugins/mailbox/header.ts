// The header block of a message: cut off from the stream, read by field, edited without touching the rest.
import addressparser from "nodemailer/lib/addressparser";
import type { Address } from "./api.ts";
import { type Bytes, join } from "./bytes.ts";

/** A message cut at the empty line. */
export interface Split {
  /** The header block with the empty line that ends it, as it arrived. */
  readonly head: Uint8Array;
  /** Everything after it. */
  readonly body: Bytes;
  /** False: no empty line came within the limit; `head` is what was read till then. */
  readonly complete: boolean;
}

/** Reads the header block, at most about `limit` bytes of it, and leaves the rest in the stream. */
export async function splitHead(mime: Bytes, limit: number): Promise<Split> {
  const iterator = mime[Symbol.asyncIterator]();
  let buffer = new Uint8Array(0);
  while (buffer.length < limit) {
    const next = await iterator.next();
    if (next.done) return { head: buffer, body: rest(new Uint8Array(0), iterator), complete: true };
    const from = Math.max(0, buffer.length - 3);
    buffer = new Uint8Array(join([buffer, next.value]));
    const end = endOfHead(buffer, from);
    if (end !== undefined) {
      const body = rest(buffer.subarray(end), iterator);
      return { head: buffer.subarray(0, end), body, complete: true };
    }
  }
  return { head: buffer, body: rest(new Uint8Array(0), iterator), complete: false };
}

/** Where the body begins: after the first empty line, with or without carriage returns. */
function endOfHead(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (at === 0 || (at === 1 && bytes[0] === 13)) return at + 1;
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

async function* rest(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): Bytes {
  try {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** One field of a header block. */
export interface Field {
  /** In lower case; empty for a line that is no field. */
  readonly name: string;
  /** Its lines as they are, with their ends; one character per byte. */
  readonly raw: string;
}

/** Cuts a header block into its fields; the empty line at its end is left out. */
export function fields(head: Uint8Array): Field[] {
  const found: Field[] = [];
  for (const line of latin1(head).split(/(?<=\n)/)) {
    const last = found.at(-1);
    if (/^\r?\n$/.test(line)) continue;
    if (/^[ \t]/.test(line) && last) {
      found[found.length - 1] = { name: last.name, raw: last.raw + line };
    } else {
      const name = /^([!-9;-~]+)[ \t]*:/.exec(line)?.[1] ?? "";
      found.push({ name: name.toLowerCase(), raw: line });
    }
  }
  return found;
}

/** A field's value on one line, read as UTF-8; encoded words stay as they are. */
export function valueOf(field: Field): string {
  const value = field.raw.slice(field.raw.indexOf(":") + 1);
  return new TextDecoder().decode(fromLatin1(value)).replace(/\r?\n(?=[ \t])/g, "").trim();
}

/** The value of the first field of that name. */
export function firstValue(all: readonly Field[], name: string): string | undefined {
  const field = all.find((candidate) => candidate.name === name);
  return field && valueOf(field);
}

/** Every address in the fields of these names, groups resolved. */
export function addressesIn(all: readonly Field[], ...names: string[]): Address[] {
  return all.filter(({ name }) => names.includes(name))
    .flatMap((field) => addressparser(valueOf(field), { flatten: true }))
    .filter(({ address }) => address);
}

/** Puts fields together to a header block with the empty line at its end. */
export function toHead(all: readonly Field[]): Uint8Array {
  const eol = all.some(({ raw }) => raw.endsWith("\n") && !raw.endsWith("\r\n")) ? "\n" : "\r\n";
  const lines = all.map(({ raw }) => raw.endsWith("\n") ? raw : raw + eol);
  return fromLatin1(lines.join("") + eol);
}

/** A field of our own; `value` is ASCII, folded by the caller where it is long. */
export function newField(name: string, value: string): Field {
  return { name: name.toLowerCase(), raw: `${name}: ${value}\r\n` };
}

/** A date as headers carry it (RFC 5322 §3.3). */
export function headerDate(time: number): string {
  return new Date(time).toUTCString().replace("GMT", "+0000");
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

function fromLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
