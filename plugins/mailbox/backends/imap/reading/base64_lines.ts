// Finds places in base64 without reading it: by its lines, where they are all of one length.
import { Buffer } from "node:buffer";

/** How an encoded part is laid out. */
export interface Lines {
  /** Characters in each line but the last, and bytes of its end. */
  readonly length: number;
  readonly eol: number;
  /** How many bytes it stands for. */
  readonly size: number;
}

/** How much of the beginning and of the end has to be seen. */
export const SEEN = 1024;

/**
 * The layout of a part of `total` bytes of which the first and the last {@link SEEN} are at hand;
 * undefined where its lines are not all alike, as far as can be seen: then nobody knows what is where
 * before it was decoded. Lines of another length in the middle would move those at the end.
 */
export function base64Lines(total: number, head: Uint8Array, tail: Uint8Array): Lines | undefined {
  const last = latin1(tail);
  const first = head.length < total ? latin1(head) : latin1(head).replace(/[\r\n]+$/, "");
  const { length, eol } = firstLine(first, total);
  if (length % 4 !== 0 || length === 0 || !isRegular(first, 0, length, eol)) return undefined;
  const end = last.replace(/[\r\n]+$/, "");
  const used = total - (last.length - end.length);
  if (!isRegular(end, total - last.length, length, eol)) return undefined;
  const full = Math.floor(used / (length + eol));
  const rest = used - full * (length + eol);
  const padding = /={0,2}$/.exec(end)![0].length;
  if (rest % 4 !== 0 || rest > length) return undefined;
  return { length, eol, size: (full * length + rest) * 3 / 4 - padding };
}

/** Where to begin so that the byte `from` of what it stands for is `skip` bytes behind it. */
export function placeInLines({ length, eol }: Lines, from: number): { at: number; skip: number } {
  const bytes = length * 3 / 4;
  const line = Math.floor(from / bytes);
  return { at: line * (length + eol), skip: from - line * bytes };
}

/** Without any line end it is all one line. */
function firstLine(text: string, total: number): { length: number; eol: number } {
  const found = /^([^\r\n]*)(\r?\n)/.exec(text);
  if (found) return { length: found[1]!.length, eol: found[2]!.length };
  return { length: total + 3 - (total + 3) % 4, eol: 0 };
}

/** Whether a text that begins `at` bytes into the part has line ends where they belong, only there. */
function isRegular(text: string, at: number, length: number, eol: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const inLine = (at + index) % (length + eol);
    const wanted = inLine < length ? "data" : inLine === length + eol - 1 ? "\n" : "\r";
    const character = text[index]!;
    const isData = /[A-Za-z0-9+/]/.test(character) ||
      // Padding ends it: what is glued to it is read, but not counted.
      (character === "=" && /^={1,2}$/.test(text.slice(index, index + 3)));
    if (wanted === "data" ? !isData : character !== wanted) return false;
  }
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
