// Commands of the fake server about the messages of the open folder, and APPEND.
import { fetchItems } from "./fetch.ts";
import type { FakeMailbox, FakeMessage } from "./mailbox.ts";
import { search } from "./search.ts";
import type { Handler, Session } from "./session.ts";
import { inSet, type Word } from "./words.ts";

/** A message with the number that the session has for it. */
interface Numbered {
  readonly number: number;
  readonly message: FakeMessage;
}

function opened(session: Session): FakeMailbox {
  if (!session.mailbox) throw new Error("Cannot do this: no folder is open");
  return session.mailbox;
}

/** The messages that the session sees, in its order. */
function seen(session: Session): Numbered[] {
  const byUid = new Map(opened(session).messages.map((message) => [message.uid, message]));
  return session.view.flatMap(({ uid }, index) => {
    const message = byUid.get(uid);
    return message ? [{ number: index + 1, message }] : [];
  });
}

function chosen(session: Session, set: Word | undefined, uid: boolean): Numbered[] {
  const all = seen(session);
  const key = (one: Numbered) => uid ? one.message.uid : one.number;
  const wanted = new Set(inSet(String(set), all.map(key)));
  return all.filter((one) => wanted.has(key(one)));
}

const fetch: Handler = (session, [set, what, modifiers], uid) => {
  const items = [what].flat().map((item) => String(item));
  const since = Array.isArray(modifiers) && /^CHANGEDSINCE$/i.test(String(modifiers[0]))
    ? Number(modifiers[1])
    : -1;
  const mailbox = opened(session);
  for (const { number, message } of chosen(session, set, uid)) {
    if (message.modseq <= since) continue;
    const marks = items.some((item) => /^(BODY\[|RFC822$|RFC822\.TEXT$)/i.test(item));
    if (marks && !session.readOnly && !message.flags.has("\\Seen")) {
      mailbox.flag(message.uid, [...message.flags, "\\Seen"]);
    }
    session.say(`${number} FETCH (${fetchItems(message, items, uid, since >= 0)})`);
  }
  return "OK Done";
};

const store: Handler = (session, words, uid) => {
  const mailbox = opened(session);
  if (session.readOnly) return "NO [READ-ONLY] This folder cannot be changed";
  const [set, ...rest] = words;
  const modifiers = Array.isArray(rest[0]) ? rest.shift() : undefined;
  const unchanged = modifiers ? Number((modifiers as Word[])[1]) : Infinity;
  const [, sign, silent] = /^([+-]?)FLAGS(\.SILENT)?$/i.exec(String(rest[0])) ?? [];
  if (sign === undefined) throw new Error("Cannot store anything but flags");
  const named = rest.slice(1).flat().map(String);
  const modified: number[] = [];
  for (const { number, message } of chosen(session, set, uid)) {
    if (message.modseq > unchanged) {
      modified.push(uid ? message.uid : number);
      continue;
    }
    const before = [...message.flags];
    const kept = sign === "+"
      ? [...before, ...named]
      : sign === "-"
      ? before.filter((flag) => !named.includes(flag))
      : named;
    mailbox.flag(message.uid, kept);
    session.view[number - 1]!.modseq = message.modseq;
    const told = ["FLAGS", ...(session.offers("CONDSTORE") ? ["MODSEQ"] : [])];
    if (!silent) session.say(`${number} FETCH (${fetchItems(message, told, uid, false)})`);
  }
  return modified.length > 0 ? `OK [MODIFIED ${modified}] Done in part` : "OK Done";
};

/** Copies; answers COPYUID where the server offers UIDPLUS, and the originals. */
function copy(session: Session, [set, target]: Word[], uid: boolean): [string, number[]] | string {
  const to = session.account!.find(String(target));
  if (!to) return "NO [TRYCREATE] There is no such folder";
  if (to.readOnly) return "NO [NOPERM] This folder cannot be changed";
  const messages = chosen(session, set, uid).map(({ message }) => message);
  const made = messages.map(({ raw, flags, date }) =>
    to.add(Buffer.from(raw, "latin1"), { flags: [...flags], date })
  );
  const uids = messages.map((message) => message.uid);
  const told = session.offers("UIDPLUS") && uids.length > 0
    ? `[COPYUID ${to.uidValidity} ${uids} ${made.map((message) => message.uid)}] `
    : "";
  return [told, uids];
}

function expunge(session: Session, uids?: readonly number[]): string {
  const mailbox = opened(session);
  if (session.readOnly) return "NO [READ-ONLY] This folder cannot be changed";
  const gone = mailbox.messages.filter(({ uid, flags }) =>
    flags.has("\\Deleted") && (uids?.includes(uid) ?? true)
  );
  if (gone.length > 0) mailbox.remove(gone.map(({ uid }) => uid));
  return "OK Done";
}

const append: Handler = (session, words) => {
  const mailbox = session.account!.find(String(words[0]));
  if (!mailbox) return "NO [TRYCREATE] There is no such folder";
  if (mailbox.readOnly) return "NO [NOPERM] This folder cannot be changed";
  const flags = words.find(Array.isArray)?.map(String) ?? [];
  const [date] = words.slice(1, -1).filter((word) => typeof word === "string");
  const when = date === undefined ? new Date() : new Date(
    date.replaceAll("-", " ").replace(
      / (\d{4})$/,
      " -$1",
    ),
  );
  const { uid } = mailbox.add(Buffer.from(String(words.at(-1)), "latin1"), { flags, date: when });
  return session.offers("UIDPLUS")
    ? `OK [APPENDUID ${mailbox.uidValidity} ${uid}] Done`
    : "OK Done";
};

export const messageCommands: Readonly<Record<string, Handler>> = {
  FETCH: fetch,
  STORE: store,
  APPEND: append,

  SEARCH(session, words, uid) {
    const all = seen(session);
    const rest = /^CHARSET$/i.test(String(words[0])) ? words.slice(2) : words;
    const hits = new Set(search(rest, all.map(({ message }) => message)));
    const numbers = all.filter(({ message }) => hits.has(message))
      .map(({ number, message }) => uid ? message.uid : number);
    session.say(["SEARCH", ...numbers].join(" "));
    return "OK Done";
  },

  COPY(session, words, uid) {
    const copied = copy(session, words, uid);
    return typeof copied === "string" ? copied : `OK ${copied[0]}Done`;
  },

  MOVE(session, words, uid) {
    if (!session.offers("MOVE")) return "BAD Unknown command";
    if (session.readOnly) return "NO [READ-ONLY] This folder cannot be changed";
    const copied = copy(session, words, uid);
    if (typeof copied === "string") return copied;
    if (copied[0]) session.say(`OK ${copied[0]}Moved`);
    opened(session).remove(copied[1]);
    return "OK Done";
  },

  EXPUNGE(session, [set], uid) {
    if (!uid) return expunge(session);
    if (!session.offers("UIDPLUS")) return "BAD Unknown command";
    return expunge(session, chosen(session, set, true).map(({ message }) => message.uid));
  },
};
