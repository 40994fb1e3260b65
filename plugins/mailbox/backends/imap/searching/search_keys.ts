// A query as keys of IMAP SEARCH (RFC 3501 6.4.4): never fewer messages than it means, often a few more.
import { words } from "../../../search/words.ts";
import type { Query, TextField, TimeRange } from "../../../query.ts";
import { anyText, atom, type Token } from "../connections/raw.ts";

/** Keys that must all hold. True: every message; false: none. */
export type Keys = boolean | readonly Token[];

/** What a query means in one folder. */
export interface Scope {
  /** Whether a condition on the folder holds for all that is in it. */
  holds(condition: Extract<Query, { folder: string } | { class: string }>): boolean;
  /** The Message-ID with which a conversation begins; undefined: nobody knows. */
  root(thread: string): string | undefined;
}

/** The keys of a query. What they find too much, `judge` takes away, where that can be told. */
export function searchKeys(query: Query, scope: Scope): Keys {
  return wide(query, scope, true);
}

/** Keys for everything that a query holds for, or (not `yes`) does not hold for. */
function wide(query: Query, scope: Scope, yes: boolean): Keys {
  if ("not" in query) return wide(query.not, scope, !yes);
  if ("and" in query || "or" in query) {
    const parts = ("and" in query ? query.and : query.or).map((part) => wide(part, scope, yes));
    return "and" in query === yes ? all(parts) : any(parts);
  }
  if ("text" in query) return yes ? withText(query) : withoutText(query);
  if ("received" in query) return inRange(query.received, yes, "SINCE", "BEFORE");
  // Mail without a Date is in no range: servers may think of it what they like.
  if ("sent" in query) return !yes || inRange(query.sent, true, "SENTSINCE", "SENTBEFORE");
  if ("read" in query) return [atom(query.read === yes ? "SEEN" : "UNSEEN")];
  if ("flagged" in query) return [atom(query.flagged === yes ? "FLAGGED" : "UNFLAGGED")];
  if ("attachments" in query) return true;
  if ("thread" in query) return yes ? inThread(scope.root(query.thread)) : true;
  return scope.holds(query) === yes;
}

function all(parts: readonly Keys[]): Keys {
  if (parts.includes(false)) return false;
  const keys = parts.filter((part) => part !== true).flatMap((part) => part as readonly Token[]);
  return keys.length === 0 || keys;
}

function any(parts: readonly Keys[]): Keys {
  if (parts.includes(true)) return true;
  const [first, ...rest] = parts.filter((part) => part !== false);
  if (first === undefined) return false;
  const others = any(rest);
  return others === false ? first : [atom("OR"), first as Token[], others as Token[]];
}

/** The fields that are looked into where none is named; see the backend's `search`. */
const everywhere: readonly TextField[] = ["subject", "from", "to", "cc", "bcc", "body"];

type TextQuery = Extract<Query, { text: string }>;

/** All the words, in one field. Whether they stand in a row, no key can say. */
function withText({ text, in: field }: TextQuery): Keys {
  const pieces = piecesOf(text);
  if (pieces.length === 0) return false;
  if (field === "attachment") return true;
  return any(
    (field ? [field] : everywhere).map((each) =>
      all(pieces.map((piece) => any(spellings(piece).map((word) => inField(each, word)))))
    ),
  );
}

function withoutText({ text, in: field }: TextQuery): Keys {
  // Of headers it can be told afterwards.
  if (piecesOf(text).length === 0 || (field && field !== "body")) return true;
  const written = text.trim();
  return all((field ? [field] : everywhere).map((each) => none(inField(each, written))));
}

const none = (keys: Keys): Keys => typeof keys === "boolean" ? !keys : [atom("NOT"), keys];

function inField(field: TextField, word: string): Keys {
  const key = (name: string) => [atom(name), anyText(word)];
  if (field !== "from") return key(field.toUpperCase());
  return any([key("FROM"), [atom("HEADER"), atom("SENDER"), anyText(word)]]);
}

/** Longer ones are no words of any language: they are compared by their beginning. */
const LONGEST = 40;

/** Runs of letters as they were typed. Single Latin letters are left out where there are words. */
function piecesOf(text: string): string[] {
  const runs = (text.normalize("NFC").match(/[\p{L}\p{N}\p{M}ー々〆]+/gu) ?? [])
    .filter((run) => words(run).length > 0)
    .map((run) => [...run].slice(0, LONGEST).join(""));
  const telling = runs.filter((run) => run.length > 1 || !/[a-z]/i.test(run));
  return [...new Set(telling.length > 0 ? telling : runs)];
}

/** As it was typed, and without accents: servers tell them apart, people often do not write them. */
function spellings(word: string): string[] {
  const plain = words(word).join("");
  return plain === word.toLowerCase() ? [word] : [word, plain];
}

/** Answers name it; one that does not is the first of its conversation. */
function inThread(root: string | undefined): Keys {
  if (root === undefined) return false;
  return any(
    ["MESSAGE-ID", "REFERENCES", "IN-REPLY-TO"].map((name) => [
      atom("HEADER"),
      atom(name),
      anyText(root),
    ]),
  );
}

const DAY = 86_400_000;
/** Not all servers can tell times before 1970 and after 2038 (Dovecot 2.3). */
const [earliest, latest] = [3 * DAY, Date.UTC(2038, 0, 1)];

/** Servers compare days, each in the time zone that it likes. */
function inRange(
  { since = -Infinity, until = Infinity }: TimeRange,
  yes: boolean,
  sinceKey: string,
  beforeKey: string,
): Keys {
  if (since >= until) return !yes;
  if (!yes) return any([before(beforeKey, since), from(sinceKey, until)]);
  return all([from(sinceKey, since), before(beforeKey, until)]);
}

function from(key: string, time: number): Keys {
  if (time < earliest) return true;
  return time < Infinity && [atom(key), atom(day(Math.min(time, latest) - 2 * DAY))];
}

function before(key: string, time: number): Keys {
  if (time === -Infinity) return false;
  return time >= latest || [atom(key), atom(day(Math.max(time, earliest) + 2 * DAY))];
}

function day(time: number): string {
  const [, date, month, year] = new Date(time).toUTCString().split(" ");
  return `${Number(date)}-${month}-${year}`;
}
