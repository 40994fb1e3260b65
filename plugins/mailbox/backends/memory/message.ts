// One message in memory: its bytes, and what is read from them at arrival.
import { Buffer } from "node:buffer";
import { NotFound } from "../../api.ts";
import type { Mail, PartBytes, Text, Want } from "../../model.ts";
import type { ReadMail } from "../../mime/mod.ts";
import {
  cutText,
  decodeStream,
  isIdentity,
  readMail,
  scanBytes,
  utf8Length,
} from "../../mime/mod.ts";

export interface Message {
  readonly bytes: Uint8Array;
  readonly read: ReadMail;
}

/** Reads a message; whatever it contains, it can be kept. */
export async function parseMessage(bytes: Uint8Array): Promise<Message> {
  const slice = (start: number, end: number) => Promise.resolve(bytes.subarray(start, end));
  return { bytes, read: await readMail(scanBytes(bytes), bytes.length, Infinity, slice) };
}

/** The mail with the texts that are wanted. */
export function mailOf({ read }: Message, thread: string, want: Want): Mail {
  return {
    ...read.facts,
    thread,
    text: want.text === undefined ? undefined : cut(read.text, want.text),
    html: want.html === undefined ? undefined : cut(read.html, want.html),
  };
}

function cut(text: Text | undefined, bytes: number): Text | undefined {
  if (!text) return undefined;
  const content = cutText(text.content, bytes);
  return { content, size: text.size, truncated: utf8Length(content) < text.size };
}

/** A part by its number; `""` is the whole message. Throws NotFound. */
export function partOf(
  { bytes, read }: Message,
  number: string,
  range: { from: number; to?: number },
): PartBytes {
  if (!number) {
    return {
      type: "message/rfc822",
      name: "",
      size: bytes.length,
      bytes: once(bytes.subarray(range.from, range.to)),
    };
  }
  const part = read.places.parts.find((place) => place.number === number);
  if (!part) throw new NotFound(`Cannot read part ${number}: the message has none`);
  const encoded = bytes.subarray(part.start, part.end);
  return {
    type: part.type,
    name: part.name,
    size: isIdentity(part.encoding) ? encoded.length : undefined,
    bytes: ranged(decodeStream(part.encoding, once(encoded)), range),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length) yield bytes;
}

async function* ranged(
  pieces: AsyncIterable<Uint8Array>,
  { from, to }: { from: number; to?: number },
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, from - at), Math.max(0, (to ?? Infinity) - at));
    if (wanted.length) yield wanted;
    at += piece.length;
    if (to !== undefined && at >= to) return;
  }
}

/** All bytes of a stream in one piece of its own. */
export async function readAll(
  mime: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  if (mime instanceof Uint8Array) return Uint8Array.from(mime);
  const pieces: Uint8Array[] = [];
  for await (const piece of mime) pieces.push(Uint8Array.from(piece));
  return Uint8Array.from(Buffer.concat(pieces));
}
