// New messages of a folder: how they are found, in steps of bounded size, and how they get their rows.
import type { ImapFlow } from "imapflow";
import { type Facts, fetchFacts } from "./facts.ts";
import type { FolderState, FolderWrite, Snapshot } from "./folder_state.ts";
import {
  deleted,
  insertRows,
  type ItemRow,
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
  await insertRows(
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
  const matched: ItemRow[] = [];
  const rest: Facts[] = [];
  for (const facts of arrivals) {
    const row = byPrint.get(facts.print)?.shift();
    if (!row) rest.push(facts);
    else matched.push({ ...(withFlags(to, row, facts.flags) ?? row), uid: facts.uid });
  }
  await updateRows(to.tx, matched);
  return rest;
}

/** The row of a message that nobody is told of, as long as it is marked as deleted. */
export function hiddenRow({ uid, print, date, flags }: Facts): NewRow {
  return { uid, print, date, flags, gone: deleted, seq: 0 };
}
