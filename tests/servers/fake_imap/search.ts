// SEARCH of the fake server: which messages fit the words of a query (RFC 3501 section 6.4.4).
import type { FakeMessage } from "./mailbox.ts";
import { field, readPart } from "./structure.ts";
import { inSet, type Word } from "./words.ts";

/** What a query is asked about: a message with its place among the `uids` of the folder. */
interface Candidate {
  readonly message: FakeMessage;
  readonly number: number;
  readonly uids: readonly number[];
}

type Test = (candidate: Candidate) => boolean;

/** The messages that fit all of `words`; throws where a word is not known. */
export function search(
  words: readonly Word[],
  messages: readonly FakeMessage[],
): FakeMessage[] {
  const rest = [...words];
  const tests: Test[] = [];
  while (rest.length > 0) tests.push(readKey(rest));
  const uids = messages.map(({ uid }) => uid);
  return messages.filter((message, index) =>
    tests.every((fits) => fits({ message, number: index + 1, uids }))
  );
}

const flags: Readonly<Record<string, string>> = {
  SEEN: "\\Seen",
  ANSWERED: "\\Answered",
  FLAGGED: "\\Flagged",
  DELETED: "\\Deleted",
  DRAFT: "\\Draft",
};

const has = (name: string): Test => ({ message }) =>
  [...message.flags].some((flag) => flag.toLowerCase() === name.toLowerCase());
const not = (test: Test): Test => (candidate) => !test(candidate);

/** Takes one key with its arguments from `rest`. */
function readKey(rest: Word[]): Test {
  const word = rest.shift();
  if (word === undefined) throw new Error("Cannot search: a key is missing");
  if (Array.isArray(word)) {
    const tests: Test[] = [];
    for (const inner = [...word]; inner.length > 0;) tests.push(readKey(inner));
    return (candidate) => tests.every((fits) => fits(candidate));
  }
  const key = word.toUpperCase();
  const plain = key.replace(/^UN/, "");
  if (flags[plain]) return key === plain ? has(flags[plain]) : not(has(flags[plain]));
  const text = () => {
    const next = rest.shift();
    if (typeof next !== "string") throw new Error(`Cannot search: ${key} needs a word`);
    return next;
  };
  if (/^[\d*]/.test(word)) {
    return ({ number, uids }) => inSet(word, uids.map((_, index) => index + 1)).includes(number);
  }
  switch (key) {
    case "ALL":
    case "OLD":
      return () => true;
    case "NEW":
    case "RECENT":
      return () => false;
    case "NOT":
      return not(readKey(rest));
    case "OR": {
      const [one, other] = [readKey(rest), readKey(rest)];
      return (candidate) => one(candidate) || other(candidate);
    }
    case "UID": {
      const set = text();
      return ({ message, uids }) => inSet(set, uids).includes(message.uid);
    }
    case "KEYWORD":
      return has(text());
    case "UNKEYWORD":
      return not(has(text()));
    default:
      return sized(key, text) ?? dated(key, text) ?? holding(key, text);
  }
}

function sized(key: string, text: () => string): Test | undefined {
  if (key !== "LARGER" && key !== "SMALLER") return undefined;
  const size = Number(text());
  return ({ message: { raw } }) => key === "LARGER" ? raw.length > size : raw.length < size;
}

/** Days are those of the internal date, or of the Date field, in UTC. */
function dated(key: string, text: () => string): Test | undefined {
  const how = key.replace(/^SENT/, "");
  if (!/^(BEFORE|ON|SINCE)$/.test(how)) return undefined;
  const day = Math.floor(Date.parse(`${text().replaceAll("-", " ")} UTC`) / 86_400_000);
  if (Number.isNaN(day)) throw new Error(`Cannot search: ${key} needs a date`);
  return ({ message }) => {
    const sent = Date.parse(field(readPart(message.raw).header, "date") ?? "");
    const its = Math.floor((how === key ? message.date.getTime() : sent) / 86_400_000);
    return how === "BEFORE" ? its < day : how === "ON" ? its === day : its >= day;
  };
}

function holding(key: string, text: () => string): Test {
  const includes = (value: string | undefined, what: string) =>
    value !== undefined && value.toLowerCase().includes(what.toLowerCase());
  const name = key === "HEADER" ? text() : key;
  const what = text();
  switch (key) {
    case "TEXT":
      return ({ message }) => includes(message.raw, what);
    case "BODY":
      return ({ message }) => includes(readPart(message.raw).body, what);
    case "FROM":
    case "TO":
    case "CC":
    case "BCC":
    case "SUBJECT":
    case "HEADER":
      return ({ message }) => includes(field(readPart(message.raw).header, name), what);
    default:
      throw new Error(`Cannot search: ${key} is not known`);
  }
}
