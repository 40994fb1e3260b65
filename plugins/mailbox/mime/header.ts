// Reads header blocks: names and unfolded values, and the fields with parameters (RFC 5322, 2045, 2231).
import { Buffer, isUtf8 } from "node:buffer";
import libmime from "libmime";
import { utf8OrWindows1252 } from "./charset.ts";

/** A header block. Values are unfolded and not decoded; where a field is repeated, the first counts. */
export interface Header {
  /** The first field of that name (lower case), or undefined. */
  get(name: string): string | undefined;
  /** Every field of that name (lower case), in order. */
  all(name: string): readonly string[];
}

/** A value with parameters: `text/plain; charset=utf-8`. Names in lower case, values decoded. */
export interface Structured {
  readonly value: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Reads a header block. Whatever is no field is passed over; it never throws. */
export function parseHeader(block: Uint8Array): Header {
  const fields = libmime.decodeHeaders(textOf(block), { skipPrototypeKeys: true });
  // What every object has by itself is no list.
  const listOf = (name: string) => Array.isArray(fields[name]) ? fields[name] : undefined;
  return { all: (name) => listOf(name) ?? [], get: (name) => listOf(name)?.[0] };
}

/** Programs on a message's way add fields of their own: each is in a charset of its own. */
function textOf(block: Uint8Array): string {
  if (isUtf8(block)) return utf8OrWindows1252(block);
  const fields = Buffer.from(block).toString("latin1").split(/(?<=\n)(?![ \t])/);
  return fields.map((field) => utf8OrWindows1252(Buffer.from(field, "latin1"))).join("");
}

/** Reads a field with parameters; undefined reads as empty. */
export function parseStructured(field: string | undefined): Structured {
  if (!field) return { value: "", params: {} };
  const { value, params, decodedParams } = libmime.parseHeaderValue(field, { stripComments: true });
  const decoded = Object.entries(params).map(([name, text]): [string, string] => [
    name,
    decodedParams.includes(name) ? text : decodeWords(text),
  ]);
  return { value: value.toLowerCase().trim(), params: Object.fromEntries(decoded) };
}

/** Decodes the encoded words of a text (RFC 2047); what does not decode stays as it is. */
export function decodeWords(text: string): string {
  return text.includes("=?") ? libmime.decodeWords(text) : text;
}
