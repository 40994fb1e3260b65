// A message that an import has found, wherever it lies.
import type { Marks } from "../api.ts";
import type { Bytes } from "../bytes.ts";
import { fields, firstValue } from "../header.ts";

export interface Found {
  /** Where it is, for people: a file, and its number in an mbox. */
  readonly place: string;
  /** Names of folders below the target; empty: the target itself. */
  readonly folder: readonly string[];
  readonly marks: Partial<Marks>;
  /** When it arrived, in milliseconds; undefined: its headers tell. */
  readonly date: number | undefined;
  /** How much of the source it is, in bytes, for the progress. */
  readonly size: number;
  /** Reads it; may be called again. */
  open(): Bytes;
}

/** Something that is there and is not imported. */
export interface Skipped {
  readonly place: string;
  readonly size: number;
  /** `deleted`: its mail program had deleted it. Otherwise why it cannot be read. */
  readonly skipped: string;
}

/** When a message arrived, by its headers: the newest `Received`, else `Date`. */
export function dateOf(head: Uint8Array): number | undefined {
  const all = fields(head);
  const received = firstValue(all, "received")?.split(";").at(-1);
  for (const text of [received, firstValue(all, "date")]) {
    const time = Date.parse((text ?? "").replace(/\([^()]*\)/g, "").trim());
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

/** Whether this begins like a message: with a header field. */
export function looksLikeMail(head: Uint8Array): boolean {
  return fields(head)[0]?.name !== "" && fields(head).length > 0;
}

/** Mail programs on Unix keep bare line feeds; mail itself has CRLF. The first line end decides. */
export async function* withCrlf(source: Bytes): Bytes {
  let bare: boolean | undefined;
  let last = 0;
  for await (const chunk of source) {
    if (bare === undefined) {
      const at = chunk.indexOf(10);
      if (at >= 0) bare = (at > 0 ? chunk[at - 1] : last) !== 13;
    }
    yield bare ? crlf(chunk, last) : chunk;
    last = chunk.at(-1) ?? last;
  }
}

/** Puts a carriage return before every bare line feed; `last` is the byte before the chunk. */
function crlf(chunk: Uint8Array, last: number): Uint8Array {
  let lines = 0;
  for (const byte of chunk) if (byte === 10) lines++;
  const out = new Uint8Array(chunk.length + lines);
  let to = 0;
  let before = last;
  for (const byte of chunk) {
    if (byte === 10 && before !== 13) out[to++] = 13;
    out[to++] = byte;
    before = byte;
  }
  return out.subarray(0, to);
}
