// FETCH answers as they are on the wire: `* 12 FETCH (UID 7 FLAGS (\Seen) BODY[1]<0> {5}…)`.
//
// The library's reading of an answer, made for all that IMAP knows, took longer than anything else
// that is done for a message of a first sync: half of the library alone, which reads the same. This
// one knows only FETCH, and leaves what it does not understand to the library.
import type { ImapFlow } from "imapflow";
import type { Line } from "./answer_bytes.ts";
import { parseInternalDate } from "../items/internal_date.ts";
import { bytes, takeAnswers, type Token, word, words } from "./raw.ts";

/** What the server told of one message; what was not asked for is absent. RFC 9051 section 7.5.2 */
export interface Told {
  /** 0 where the server does not say it. */
  readonly uid: number;
  readonly flags?: ReadonlySet<string>;
  /** INTERNALDATE in milliseconds. */
  readonly date?: number;
  readonly size?: number;
  /** RFC 7162: up to 63 bits. */
  readonly modseq?: bigint | undefined;
  /** BODYSTRUCTURE, not read yet. */
  readonly structure?: Token;
  /** Bytes by section and where they begin: `1.2<0>`, `HEADER.FIELDS<0>`, `TEXT`. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
  /** How long the answer was, in bytes: about what it takes to keep it. */
  readonly length: number;
}

/** Of each connection, the end of what asks for FETCH answers now. */
const asking = new WeakMap<ImapFlow, Promise<unknown>>();

/**
 * While `work` runs, `hear` is told of FETCH answers, and nobody else is. Whoever comes meanwhile has
 * to wait: an answer does not say whom it is for.
 */
export function hearingFetch<R>(
  client: ImapFlow,
  hear: (told: Told) => void,
  work: () => Promise<R>,
): Promise<R> {
  const turn = Promise.resolve(asking.get(client)).then(() => listen(client, hear, work));
  asking.set(client, turn.catch(() => {}));
  return turn;
}

async function listen<R>(
  client: ImapFlow,
  hear: (told: Told) => void,
  work: () => Promise<R>,
): Promise<R> {
  const stop = takeAnswers(client, (line) => {
    const answer = readFetch(line);
    if (!answer) return false;
    notice(client, answer);
    hear(answer);
    return true;
  });
  try {
    return await work();
  } finally {
    stop();
  }
}

/**
 * A change since the folder's numbers were told. Servers tell it once, in an answer to whatever is
 * asked next, also where that asks for flags: whoever looks at the folder next has to know of it.
 */
function notice(client: ImapFlow, answer: Told): void {
  const { mailbox } = client;
  const { modseq } = answer;
  if (!mailbox || modseq === undefined || !mailbox.highestModseq) return;
  if (modseq <= mailbox.highestModseq) return;
  mailbox.highestModseq = modseq;
  client.emit("flags", changeOf(client, answer));
}

/** As imapflow tells it. */
export function changeOf({ mailbox }: ImapFlow, { uid, flags }: Told) {
  return { path: mailbox ? mailbox.path : "", seq: 0, uid, flags: new Set(flags) };
}

/** undefined: it is no FETCH answer, or not as one should be. */
export function readFetch({ text, literals }: Line): Told | undefined {
  const begin = /^\* \d+ FETCH (?=\()/i.exec(text);
  if (!begin) return undefined;
  try {
    return new Reader(text, begin[0].length + 1, literals).answer();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Unreadable extends Error {}

const [space, quote, open, close, less, bracket, backslash, brace, tilde] = Array.from(
  ' "()<[\\{~',
  (each) => each.charCodeAt(0),
);

/** Letters, digits, and `.`, `-` and `_`. */
function isOfName(code: number): boolean {
  const letter = code | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39) ||
    code === 0x2e || code === 0x2d || code === 0x5f;
}

class Reader {
  readonly #text: string;
  #at: number;
  readonly #literals: readonly Uint8Array[];
  #taken = 0;
  /** The next backslash; looked for once, since nearly no answer has one. */
  #backslash = -1;

  constructor(text: string, at: number, literals: readonly Uint8Array[]) {
    this.#text = text;
    this.#at = at;
    this.#literals = literals;
  }

  answer(): Told {
    const sections = new Map<string, Uint8Array>();
    const length = this.#literals.reduce((sum, { length }) => sum + length, this.#text.length);
    const told: { -readonly [Key in keyof Told]: Told[Key] } = { uid: 0, sections, length };
    for (;;) {
      while (this.#code() === space) this.#at++;
      if (this.#code() === close) return told;
      const name = this.#name().toUpperCase();
      if (this.#code() === bracket) {
        sections.set(this.#section(), bytes(this.#value()));
        continue;
      }
      const value = this.#value();
      if (name === "UID") told.uid = Number(word(value)) || 0;
      else if (name === "FLAGS") told.flags = new Set(words(value));
      else if (name === "RFC822.SIZE") told.size = Number(word(value)) || 0;
      else if (name === "INTERNALDATE") told.date = parseInternalDate(word(value) ?? "");
      else if (name === "MODSEQ") told.modseq = modseqIn(words(value)[0]);
      else if (name === "BODYSTRUCTURE") told.structure = value;
    }
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #match(sticky: RegExp): RegExpExecArray {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (!found) throw new Unreadable();
    this.#at += found[0].length;
    return found;
  }

  /** What stands between here and a place behind it, and goes on there. */
  #upTo(end: number): string {
    if (end <= this.#at) throw new Unreadable();
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return text;
  }

  #name(): string {
    let end = this.#at;
    while (isOfName(this.#text.charCodeAt(end))) end++;
    return this.#upTo(end);
  }

  /** `[HEADER.FIELDS (DATE …)]<0>` as `HEADER.FIELDS<0>`. */
  #section(): string {
    const inside = this.#upTo(this.#text.indexOf("]", this.#at) + 1).slice(1, -1);
    const end = inside.indexOf(" ");
    const name = (end < 0 ? inside : inside.slice(0, end)).toUpperCase();
    return this.#code() === less ? name + this.#match(/<\d+>/y)[0] : name;
  }

  /** A word, or a list: without recursion, as deep as whoever wrote the message made it. */
  #value(): Token {
    const lists: Token[][] = [];
    for (;;) {
      let token: Token;
      switch (this.#code()) {
        case space:
          this.#at++;
          continue;
        case open:
          this.#at++;
          lists.push([]);
          continue;
        case close: {
          this.#at++;
          const list = lists.pop();
          if (!list) throw new Unreadable();
          token = list;
          break;
        }
        case quote:
          token = this.#quoted();
          break;
        case brace:
        case tilde:
          token = this.#literal();
          break;
        default:
          token = this.#atom();
      }
      const list = lists.at(-1);
      if (!list) return token;
      list.push(token);
    }
  }

  #atom(): Token {
    const text = this.#text;
    let end = this.#at;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === space || code === close || code === open) break;
    }
    const atom = this.#upTo(end);
    return atom.length === 3 && atom.toUpperCase() === "NIL" ? null : atom;
  }

  #quoted(): string {
    const text = this.#text;
    const begin = this.#at + 1;
    if (this.#backslash < begin) {
      const next = text.indexOf("\\", begin);
      this.#backslash = next < 0 ? Infinity : next;
    }
    let end = text.indexOf('"', begin);
    if (end > this.#backslash) {
      for (end = begin; end < text.length && text.charCodeAt(end) !== quote; end++) {
        if (text.charCodeAt(end) === backslash) end++;
      }
    }
    if (end < 0 || end >= text.length) throw new Unreadable();
    this.#at = end + 1;
    const quoted = text.slice(begin, end);
    return end > this.#backslash ? quoted.replaceAll(/\\([^])/g, "$1") : quoted;
  }

  #literal(): Uint8Array {
    const [, length] = this.#match(/~?\{(\d+)\+?\}\r?\n/y);
    const literal = this.#literals[this.#taken++];
    if (literal?.length !== Number(length)) throw new Unreadable();
    return literal;
  }
}

function modseqIn(text = ""): bigint | undefined {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}
