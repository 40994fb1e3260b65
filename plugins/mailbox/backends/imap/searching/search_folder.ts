// One folder of a search: what the server finds, the newest first, and what is left of it when looked at.
import type { ImapFlow } from "imapflow";
import { NotFound } from "../../../api.ts";
import type { Query } from "../../../query.ts";
import type { Connections } from "../connections/connections.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { fetchTold, isRefusal, setOf } from "../reading/fetch.ts";
import { headerItems } from "./header_facts.ts";
import type { Needs } from "./judge.ts";
import type { Place } from "../folders/places.ts";
import { atom, command, list, type Token, word } from "../connections/raw.ts";
import type { Keys } from "./search_keys.ts";

/** Messages that are looked at together, and at most in one folder. */
const LOOK = 500;
const MOST_LOOKED = 4000;
/** Where the server does not sort: messages whose dates are compared. Newer ones have higher UIDs. */
const MOST_SORTED = 20_000;

/** A message found, before it has an id. */
export interface Hit {
  readonly place: Place;
  readonly uid: number;
  readonly date: number;
}

export interface InFolder {
  readonly hits: readonly Hit[];
  /** How many there are, as far as is known. */
  readonly count: number;
  readonly complete: boolean;
}

/** How messages are told apart, and how many anybody may ask for. */
export interface How {
  readonly needs: Needs;
  readonly fits: (told: Told, needs: Needs, said: ReadonlyMap<Query, boolean>) => Promise<boolean>;
  /** Words of which the server says for each message whether they are there, and their keys. */
  readonly ask: readonly (readonly [Query, Keys])[];
  readonly most: number;
  readonly late: () => boolean;
}

const nothing: InFolder = { hits: [], count: 0, complete: true };

/** Searches one folder; one that is gone has nothing. */
export async function searchFolder(
  connections: Pick<Connections, "inFolder">,
  place: Place,
  keys: Keys,
  how: How,
): Promise<InFolder> {
  try {
    return await connections.inFolder(place.path, async ({ client, mailbox }) => {
      if (mailbox.exists === 0) return nothing;
      const uids = await newestFirst(client, keys, how.late);
      return await look(client, place, uids, how);
    }, { repeatable: true, asks: true });
  } catch (error) {
    // Removed or renamed meanwhile: there is nothing to find where it was.
    if (error instanceof NotFound) return nothing;
    throw error;
  }
}

/** What the server says of words in each of some messages. */
async function askWords(
  client: ImapFlow,
  uids: readonly number[],
  ask: How["ask"],
): Promise<(uid: number) => ReadonlyMap<Query, boolean>> {
  const found: (readonly [Query, ReadonlySet<number>])[] = [];
  for (const [query, keys] of ask) {
    if (typeof keys === "boolean") found.push([query, new Set(keys ? uids : [])]);
    else found.push([query, new Set(await searched(client, [atom("UID"), setOf(uids), ...keys]))]);
  }
  return (uid) => new Map(found.map(([query, those]) => [query, those.has(uid)]));
}

/** UIDs of what the keys find; undefined: the server does not understand them. */
async function newestFirst(
  client: ImapFlow,
  keys: Keys,
  late: () => boolean,
): Promise<number[] | undefined> {
  const words = [...(keys === true ? [] : keys as readonly Token[]), atom("UNDELETED")];
  try {
    if (client.capabilities.has("SORT")) {
      const order = [atom("REVERSE"), atom("ARRIVAL")];
      return await numbers(client, "UID SORT", [order, atom("UTF-8"), ...words]);
    }
    const uids = await searched(client, words);
    return await sorted(client, uids.sort((a, b) => b - a).slice(0, MOST_SORTED), late);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

async function searched(client: ImapFlow, words: readonly Token[]): Promise<number[]> {
  // RFC 6855: with UTF8=ACCEPT everything is UTF-8 anyway, and must not be said.
  const charset = client.enabled.has("UTF8=ACCEPT") || !hasLiteral(words)
    ? []
    : [atom("CHARSET"), atom("UTF-8")];
  return await numbers(client, "UID SEARCH", [...charset, ...words]);
}

async function numbers(client: ImapFlow, name: string, words: readonly Token[]): Promise<number[]> {
  const found: number[] = [];
  await command(client, name, words, {
    SORT: (answer) => {
      for (const token of answer) found.push(Number(word(token)));
    },
    SEARCH: (answer, { numbers = answer.map((token) => Number(word(token))) }) => {
      for (const number of numbers) found.push(number);
    },
    // What servers of IMAP4rev2 answer in place of SEARCH.
    ESEARCH: (answer) => {
      const at = answer.findIndex((token) => word(token)?.toUpperCase() === "ALL");
      if (at >= 0) addRanges(word(answer[at + 1]) ?? "", found);
    },
  });
  return found.filter((number) => number > 0);
}

/** No folder has more messages than can be listed. */
const MOST_FOUND = 5_000_000;

function addRanges(set: string, to: number[]): void {
  for (const range of set.split(",")) {
    const [first = 0, last = first] = range.split(":").map(Number);
    for (let uid = Math.min(first, last); uid <= Math.max(first, last); uid++) {
      if (to.length >= MOST_FOUND) return;
      to.push(uid);
    }
  }
}

function hasLiteral(words: readonly Token[]): boolean {
  return words.some((token) =>
    Array.isArray(token)
      ? hasLiteral(list(token))
      : (token as { type?: string })?.type === "LITERAL"
  );
}

async function sorted(client: ImapFlow, uids: number[], late: () => boolean): Promise<number[]> {
  const dates = new Map<number, number>();
  for (let at = 0; at < uids.length && (at === 0 || !late()); at += LOOK) {
    const items = [atom("UID"), atom("INTERNALDATE")];
    const told = await fetchTold(client, uids.slice(at, at + LOOK), items);
    for (const { uid, date = 0 } of told.values()) dates.set(uid, date);
  }
  const date = (uid: number) => dates.get(uid) ?? -Infinity;
  return uids.sort((a, b) => date(b) - date(a) || b - a);
}

/** Looks at messages, the newest first, until there are as many as anybody may ask for. */
async function look(
  client: ImapFlow,
  place: Place,
  uids: readonly number[] | undefined,
  { needs, fits, ask, most, late }: How,
): Promise<InFolder> {
  if (!uids) return { ...nothing, complete: false };
  const hits: Hit[] = [];
  let at = 0;
  const goesOn = () => hits.length <= most && at < MOST_LOOKED && !late();
  // What the server has found already is looked at, however late it is.
  for (; at < uids.length && (at === 0 || goesOn()); at += LOOK) {
    const some = uids.slice(at, at + LOOK);
    const told = await fetchTold(client, some, headerItems(needs));
    const said = await askWords(client, some, ask);
    for (const uid of some) {
      const row = told.get(uid);
      if (row && await fits(row, needs, said(uid))) hits.push({ place, uid, date: row.date ?? 0 });
    }
  }
  const rest = Math.max(0, uids.length - at);
  // Where nothing was taken away so far, the rest counts as it is.
  const count = hits.length + (needs.header ? 0 : rest);
  return { hits, count, complete: rest === 0 || hits.length > most };
}
