// Everything that is told of messages but their texts: asked for once, when they are listed, and kept
// on the connection for the one who reads them next.
import { Unavailable } from "../../../../../core/mod.ts";
import type { OpenFolder } from "./connections.ts";
import { type Facts, factsOf, fetchFacts, uidSet } from "../items/facts.ts";
import { fetchTold, fieldsOf, peekFields } from "../reading/fetch.ts";
import type { Told } from "./fetch_answers.ts";
import { flagsText } from "../items/marks.ts";
import { atom } from "./raw.ts";
import { shownFields } from "../reading/structure.ts";

/** What is asked of a header: as much as is kept of one in a message that is scanned. */
const HEADER_LIMIT = 256 * 1024;

const items = [
  atom("UID"),
  atom("FLAGS"),
  atom("INTERNALDATE"),
  atom("RFC822.SIZE"),
  atom("BODYSTRUCTURE"),
  peekFields(shownFields, HEADER_LIMIT),
];

/** Messages whose facts are asked for together. */
const mostFacts = 128;
/** Bytes of answers that are kept on a connection; usual ones are one or two kilobytes a message. */
const MOST_KEPT = 1024 * 1024;

/**
 * Lists messages. As many as can be kept are told as a whole, those with the highest UIDs first: most
 * likely they are read next. `ahead` are those that will most likely be listed after them: they are
 * asked for, but not waited for.
 */
export async function listFacts(
  { client, told, inAdvance }: OpenFolder,
  uids: readonly number[],
  ahead: readonly number[] = [],
): Promise<Facts[]> {
  const facts: Facts[] = [];
  const rest = new Set(uids);
  if (told) keepOnly(told, [...uids, ...ahead]);
  for (let end = uids.length, full = false; told && end > 0 && !full; end -= mostFacts) {
    const some = uids.slice(Math.max(0, end - mostFacts), end);
    const rows = await fetchTold(client, some.filter((uid) => !told.has(uid)), items);
    const kept = fitting(told, rows);
    full = kept.length < rows.size;
    for (const row of kept) told.set(row.uid, row);
    for (const uid of some) {
      const row = rows.get(uid) ?? told.get(uid);
      const one = row && whole(row);
      if (!one) continue;
      facts.push(one);
      rest.delete(uid);
    }
  }
  // Those that are gone are asked for once more, which costs next to nothing.
  const set = uidSet([...rest].sort((a, b) => a - b));
  for await (const one of fetchFacts(client, set)) facts.push(one);
  if (told && ahead.slice(0, uids.length).some((uid) => !told.has(uid))) {
    const unknown = ahead.filter((uid) => !told.has(uid));
    inAdvance?.(async () => fitting(told, await fetchTold(client, unknown, items)));
  }
  return facts;
}

function keepOnly(told: Map<number, Told>, uids: readonly number[]): void {
  const kept = new Set(uids);
  for (const uid of told.keys()) if (!kept.has(uid)) told.delete(uid);
}

/** As many of `rows` as can be kept beside what is; those with the highest UIDs first. */
function fitting(told: ReadonlyMap<number, Told>, rows: ReadonlyMap<number, Told>): Told[] {
  const kept: Told[] = [];
  let room = MOST_KEPT;
  for (const { length } of told.values()) room -= length;
  for (const row of [...rows.values()].sort((a, b) => b.uid - a.uid)) {
    room -= row.length;
    if (room < 0) break;
    kept.push(row);
  }
  return kept;
}

/** undefined: told incompletely, so that its Message-ID is not sure. */
function whole(row: Told): Facts | undefined {
  const { uid, flags, date, size } = row;
  const head = fieldsOf(row);
  if (!flags || date === undefined || size === undefined || head.length >= HEADER_LIMIT) return;
  return factsOf({ uid, flags: flagsText(flags), date, size }, head);
}

/**
 * Everything but texts, of messages that are to be read; what was told of them already is taken, and
 * kept no more. Of what a server cannot read itself, what it knows without reading it.
 */
export async function readFacts(
  { client, told: kept }: OpenFolder,
  uids: readonly number[],
): Promise<Map<number, Told>> {
  const known = uids.flatMap((uid) => kept?.get(uid) ?? []);
  for (const { uid } of known) kept?.delete(uid);
  const told = new Map(known.map((row) => [row.uid, row]));
  const refused: number[] = [];
  const rest = uids.filter((uid) => !told.has(uid));
  for (const row of (await fetchTold(client, rest, items, (uid) => refused.push(uid))).values()) {
    told.set(row.uid, row);
  }
  if (refused.length > 0) {
    const little = [atom("UID"), atom("FLAGS"), atom("INTERNALDATE")];
    const rows = await fetchTold(client, refused, little, (_, reason, cause) => {
      // Nothing at all can be read now: that is no property of a message.
      const message = `Cannot read items: the server refuses it (${reason})`;
      throw new Unavailable(message, undefined, { cause });
    });
    for (const row of rows.values()) told.set(row.uid, row);
  }
  return told;
}
