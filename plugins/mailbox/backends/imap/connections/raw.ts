// Commands that imapflow has no method for, and answers that it tells nobody of.
import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import type { ImapFlow } from "imapflow";
import { AnswerBytes, type Line } from "./answer_bytes.ts";

/** A word of a command or of an answer: an atom, a string, bytes (a literal), or (NIL) nothing. */
export interface Word {
  readonly type: string;
  readonly value?: string | Uint8Array;
  /** What stands in brackets behind it; a response code where there is nothing before them. */
  readonly section?: readonly Token[];
  /** Behind those: from which byte on, and in commands how many. */
  readonly partial?: readonly number[];
}
/** What is read of FETCH answers (`fetch_answers.ts`) has no words, but texts and bytes. */
export type Token = Word | string | Uint8Array | null | readonly Token[];

/** An answer of the server, in its words behind the name. */
export interface Answer {
  /** The name, or the number before it. */
  readonly command: string;
  readonly attributes?: readonly Token[];
  /** Of SEARCH, in place of those. */
  readonly numbers?: readonly number[];
}

/** What imapflow does not show in its types: as of 2.10.2, the version that deno.json names. */
export interface Inside {
  exec(
    command: string,
    attributes: readonly Token[],
    options: {
      untagged: Readonly<Record<string, (answer: Answer) => Promise<void>>>;
      /** In place of sending the next literal when the server asks for it; waited for. */
      onPlusTag?: () => Promise<void>;
    },
  ): Promise<{ readonly response: Answer; next(): void }>;
  readonly folders: Map<string, { readonly path: string; readonly delimiter?: string }>;
  readonly untaggedHandlers: Record<string, ((answer: Answer) => Promise<void>) | null>;
  readonly sectionHandlers: Record<string, (section: readonly Token[]) => Promise<void>>;
  readonly writeSocket: Writable;
  writeBytesCounter: number;
  /** What the server sends goes through here, decrypted. */
  readonly streamer: {
    readBytesCounter: number;
    _transform(chunk: Uint8Array, encoding: string, next: (error?: Error) => void): void;
  };
}

export const inside = (client: ImapFlow) => client as unknown as Inside;

export const atom = (value: string): Word => ({ type: "ATOM", value });
/** Message numbers or UIDs: `1:*`. */
export const sequence = (value: string): Word => ({ type: "SEQUENCE", value });
export const text = (value: string): Word => ({ type: "STRING", value });

/** What anybody may have typed: quoted, or a literal where quotes cannot hold it. */
export function anyText(typed: string): Word {
  const value = typed.replaceAll("\0", "");
  // deno-lint-ignore no-control-regex
  return /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/.test(value)
    ? text(value)
    : { type: "LITERAL", value: Buffer.from(value) };
}

/**
 * Runs a command; `hear` is told of the untagged answers that it names, and nobody else is. Throws
 * imapflow's error for NO and BAD. Not for a connection that idles.
 */
export async function command(
  client: ImapFlow,
  name: string,
  words: readonly Token[] = [],
  hear: Readonly<Record<string, (words: readonly Token[], answer: Answer) => void>> = {},
): Promise<Answer> {
  const untagged = Object.fromEntries(
    Object.entries(hear).map(([name, tell]) => [
      name,
      (answer: Answer) => Promise.resolve(tell(answer.attributes ?? [], answer)),
    ]),
  );
  const { response, next } = await inside(client).exec(name, words, { untagged });
  next();
  return response;
}

/** Tells `hear` of each untagged answer of this name that no command takes for itself. */
export function onUntagged(
  client: ImapFlow,
  name: string,
  hear: (words: readonly Token[]) => void,
): void {
  inside(client).untaggedHandlers[name] = (answer) =>
    Promise.resolve(hear(answer.attributes ?? []));
}

/** Shows each answer to `take` first; imapflow sees those that it leaves. Returns what ends it. */
export function takeAnswers(client: ImapFlow, take: (line: Line) => boolean): () => void {
  const { streamer } = inside(client);
  const read = streamer._transform;
  const answers = new AnswerBytes();
  const pass = (pieces: readonly Uint8Array[], next: (error?: Error) => void) => {
    if (pieces.length === 0) return next();
    const bytes = Buffer.concat(pieces);
    streamer.readBytesCounter -= bytes.length;
    read.call(streamer, bytes, "buffer", next);
  };
  streamer._transform = (chunk, _, next) => {
    streamer.readBytesCounter += chunk.length;
    let left: Uint8Array[];
    try {
      left = answers.push(chunk, take);
    } catch (error) {
      return next(error as Error);
    }
    pass(left, next);
  };
  return () => {
    streamer._transform = read;
    pass(answers.rest(), () => {});
  };
}

/** Tells `hear` of each response code of this name, whatever answer carries it. */
export function onCode(
  client: ImapFlow,
  name: string,
  hear: (words: readonly Token[]) => void,
): void {
  inside(client).sectionHandlers[name] = (words) => Promise.resolve(hear(words));
}

/** Spares imapflow the LIST with which it looks for a folder before it opens one. */
export function knowFolder(client: ImapFlow, path: string): void {
  const { folders } = inside(client);
  folders.clear();
  folders.set(path, { path });
}

/** Closes the open folder and removes nothing; a server that cannot do so loses the connection. */
export async function leaveFolder(client: ImapFlow): Promise<void> {
  if (!client.capabilities.has("UNSELECT")) return client.close();
  await command(client, "UNSELECT");
  client.mailbox = false;
  client.state = client.states.AUTHENTICATED;
}

/** The text of a word; undefined for NIL and lists. */
export function word(token: Token | undefined): string | undefined {
  const value = valueOf(token);
  // A name that comes as a literal is bytes.
  return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
}

/** The bytes of a word as they came; none for NIL and lists. */
export function bytes(token: Token | undefined): Uint8Array {
  const value = valueOf(token);
  return value instanceof Uint8Array ? value : Buffer.from(value ?? "");
}

function valueOf(token: Token | undefined): string | Uint8Array | undefined {
  if (typeof token === "string" || token instanceof Uint8Array) return token;
  return !token || isList(token) ? undefined : token.value;
}

/** The tokens of a list; none for anything else. */
export function list(token: Token | undefined): readonly Token[] {
  return token && isList(token) ? token : [];
}

/** The texts of a list. */
export function words(token: Token | undefined): string[] {
  return list(token).map(word).filter((value) => value !== undefined);
}

/** `NAME value NAME value …` by name in capitals. */
export function pairs(token: Token | undefined): Map<string, Token> {
  const tokens = list(token);
  const found = new Map<string, Token>();
  for (let at = 0; at + 1 < tokens.length; at += 2) {
    const name = word(tokens[at]);
    if (name !== undefined) found.set(name.toUpperCase(), tokens[at + 1]!);
  }
  return found;
}

function isWord(token: Token | undefined): token is Word {
  return typeof token === "object" && token !== null && "type" in token;
}

function isList(token: Token): token is readonly Token[] {
  return Array.isArray(token);
}

/** The response code of an answer, in capitals: `[OVERQUOTA] …`. */
export function codeOf(answer: unknown): string | undefined {
  const first = (answer as Answer | undefined)?.attributes?.[0];
  if (!isWord(first) || first.value) return undefined;
  return word(first.section?.[0])?.toUpperCase();
}
