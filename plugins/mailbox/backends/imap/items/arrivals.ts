// New messages of a folder: how they are found, in steps of bounded size, and how they get their rows.
import type { ImapFlow } from "imapflow";
import { insertFound } from "./carried.ts";
import { type Facts, fetchFacts } from "./facts.ts";
import type { FolderState, FolderWrite, Snapshot } from "./folder_state.ts";
import {
  deleted,
  endRows,
  type ItemRow,
  leftover,
  type NewRow,
  noteFlags,
  present,
  rowsByUid,
  updateRows,
  waitingRows,
  withFlags,
} from "./item_rows.ts";
import { isDeleted } from "./marks.ts";
import { search } from "./search_uids.ts";

/** New messages of one step: what one call of `changes` costs at most, in time and memory. */
const arrivalsAtOnce = 2000;
/** A gap between UIDs that is worth asking how much is in it. */
const smallGap = 2 * arrivalsAtOnce;

/** New messages that were found. */
export interface Findings {
  readonly arrivals: readonly Facts[];
  /** Up to where `arrivals` go; the messages beyond that are left for another step. */
  readonly uidnext: number;
  readonly beyond: number;
}

/** The first of the messages that were not looked at yet. */
export async function findArrivals(
  client: ImapFlow,
  { uidnext }: FolderState,
  seen: Snapshot,
): Promise<Findings> {
  const none = { arrivals: [], uidnext: seen.uidnext, beyond: 0 };
  if (seen.uidnext <= uidnext || seen.messages === 0) return none;
  let last = seen.uidnext - 1;
  let beyond = 0;
  if (last - uidnext >= smallGap && seen.messages > arrivalsAtOnce) {
    const all = await search(client, { uid: `${uidnext}:${last}` });
    const cut = all.at(arrivalsAtOnce - 1);
    if (all.size > arrivalsAtOnce && cut !== undefined) {
      [last, beyond] = [cut, all.size - arrivalsAtOnce];
    }
  }
  const arrivals: Facts[] = [];
  for await (const facts of fetchFacts(client, `${uidnext}:${last}`)) {
    // A range whose beginning lies beyond the last message brings that one, in some servers.
    if (facts.uid >= uidnext && facts.uid <= last) arrivals.push(facts);
  }
  arrivals.sort((a, b) => a.uid - b.uid);
  return { arrivals, uidnext: last + 1, beyond };
}

/** Puts new messages in; where rows wait for their UIDs, by fingerprint, in the order of before. */
export async function arrive(to: FolderWrite, arrivals: readonly Facts[]): Promise<void> {
  const { tx, folder } = to;
  const known = await rowsByUid(tx, folder, arrivals.map(({ uid }) => uid));
  await noteFlags(to, known, arrivals);
  const have = new Set(known.map(({ uid }) => uid));
  let fresh = arrivals.filter(({ uid }) => !have.has(uid));
  if (to.state.matching) fresh = await match(to, fresh);
  await insertFound(
    tx,
    folder,
    fresh.map((facts) => {
      const { uid, print, date, flags } = facts;
      if (isDeleted(flags)) return hiddenRow(facts);
      return { uid, print, date, flags, gone: present, seq: to.next() };
    }),
  );
}

/** Gives waiting rows their new UIDs; returns the messages that nobody waits for. */
async function match(to: FolderWrite, arrivals: readonly Facts[]): Promise<Facts[]> {
  const waiting = await waitingRows(to.tx, to.folder, arrivals.map(({ print }) => print));
  const byPrint = Map.groupBy(waiting, ({ print }) => print);
  const given = new Map<number, ItemRow>();
  const givenUp: ItemRow[] = [];
  for (const [print, alike] of Map.groupBy(arrivals, ({ print }) => print)) {
    const all = byPrint.get(print) ?? [];
    const items = all.filter(({ gone }) => gone !== leftover);
    // Too few messages for all: an item has its message before anything else, and what is left over
    // is not looked for any more. That could be an item's message, and what is ours is deleted.
    const short = items.length > 0 && alike.length < all.length;
    if (short) givenUp.push(...all.filter(({ gone }) => gone === leftover));
    const rows = short ? items : all;
    alike.slice(0, rows.length).forEach(({ uid, flags }, n) => {
      const row = rows[n]!;
      const next = row.gone === leftover ? row : withFlags(to, row, flags) ?? row;
      given.set(uid, { ...next, uid });
    });
  }
  await endRows(to, givenUp);
  await updateRows(to.tx, [...given.values()]);
  return arrivals.filter(({ uid }) => !given.has(uid));
}

/** The row of a message that nobody is told of, as long as it is marked as deleted. */
export function hiddenRow({ uid, print, date, flags }: Facts): NewRow {
  return { uid, print, date, flags, gone: deleted, seq: 0 };
}
