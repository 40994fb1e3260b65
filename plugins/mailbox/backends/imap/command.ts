// Sends commands of our own to the server: for answers that the library would change or hold.
import type { ImapAttribute, ImapFlow, ImapResponse } from "imapflow";

/** A word of a command: as the library's compiler takes it. */
export type Word =
  | { readonly type: "ATOM" | "STRING" | "SEQUENCE"; readonly value: string }
  | { readonly type: "LITERAL"; readonly value: Uint8Array }
  | Section
  | readonly Word[];

/** `BODY.PEEK[section]<from.length>` */
export interface Section {
  readonly type: "ATOM";
  readonly value: "BODY.PEEK";
  readonly section: readonly Word[];
  readonly partial?: readonly [from: number, length: number];
}

/** What the server says before it answers, by its first word (`FETCH`, `ESEARCH`). */
export type Said = Readonly<Record<string, (response: ImapResponse) => void>>;

/** The library's way to send any command, which its types leave out. */
interface Sender {
  exec(
    command: string,
    words: readonly Word[],
    options: { readonly untagged: Record<string, (response: ImapResponse) => Promise<void>> },
  ): Promise<{ next(): void }>;
}

export const atom = (value: string): Word => ({ type: "ATOM", value });

/** Text that anybody may have typed: quoted, or a literal where it is more than ASCII. */
export function astring(value: string): Word {
  const text = value.replaceAll("\0", "");
  // deno-lint-ignore no-control-regex
  return /^[\x01-\x7f]*$/.test(text) && !/[\r\n]/.test(text)
    ? { type: "STRING", value: text }
    : { type: "LITERAL", value: Buffer.from(text) };
}

/** Message numbers or UIDs as a set: `1,4:9`. They come in any order. */
export function setOf(numbers: readonly number[]): Word {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const value = ranges.map(([from, to]) => from === to ? `${from}` : `${from}:${to}`).join(",");
  return { type: "SEQUENCE", value };
}

/**
 * Runs a command. Throws the library's error where the server refuses it, or cannot answer; what
 * `said` throws is thrown when the command is done.
 */
export async function command(
  client: ImapFlow,
  name: string,
  words: readonly Word[],
  said: Said,
): Promise<void> {
  let failure: { error: unknown } | undefined;
  const untagged = Object.fromEntries(
    Object.entries(said).map(([word, hear]) => [word, (response: ImapResponse) => {
      try {
        if (!failure) hear(response);
      } catch (error) {
        failure = { error };
      }
      return Promise.resolve();
    }]),
  );
  const { next } = await (client as unknown as Sender).exec(name, words, { untagged });
  next();
  if (failure) throw failure.error;
}

/** Whether the server has understood the command and will not do it (NO, BAD). */
export function isRefusal(error: unknown): boolean {
  const status = (error as { responseStatus?: unknown } | undefined)?.responseStatus;
  return status === "NO" || status === "BAD";
}

/** A word of an answer as text. */
export function textOf(attribute: ImapAttribute | undefined): string {
  const value = attribute?.value;
  return value === null || value === undefined ? "" : String(value);
}

/** A word of an answer as the bytes that came. */
export function bytesOf(attribute: ImapAttribute | undefined): Uint8Array {
  const value = attribute?.value;
  return value instanceof Uint8Array ? value : Buffer.from(textOf(attribute));
}
