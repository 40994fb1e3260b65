// What became of the messages of which there are rows: other flags, and ends.
import type { ImapFlow } from "imapflow";
import type { Clock, Database } from "../../../../../core/mod.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { fetchFlags } from "./facts.ts";
import {
  type FolderState,
  type FolderWrite,
  readState,
  type Snapshot,
  writeFolder,
} from "./folder_state.ts";
import {
  deleted,
  endRows,
  type Flagged,
  type ItemRow,
  knownRange,
  leftover,
  noteFlags,
  rowsBetween,
  rowsByUid,
} from "./item_rows.ts";
import { isDeleted } from "./marks.ts";
import { search } from "./search_uids.ts";
import { type UidRange, UidRanges } from "./uid_ranges.ts";

/** Rows of one transaction. */
export const batch = 500;

/** What a step works with. */
export interface CatchUp {
  readonly db: Database;
  readonly clock: Clock;
  readonly account: number;
  readonly folder: number;
  readonly open: OpenFolder;
}

/** One write of a step; returns the state after it. */
export async function write(
  db: Database,
  folder: number,
  now: number,
  before: FolderState,
  work: (to: FolderWrite) => Promise<void>,
): Promise<FolderState> {
  return await db.transaction(async (tx) => {
    await writeFolder(tx, folder, now, before.version, work);
    return (await readState(tx, folder))!;
  });
}

/** Flags and ends of messages of which there are rows already. */
export async function lookAtKnown(
  work: CatchUp,
  before: FolderState,
  seen: Snapshot,
  gone: boolean,
): Promise<FolderState> {
  const { db, folder, open: { client } } = work;
  const range = await knownRange(db, folder, before.uidnext);
  if (!range) return before;
  // A server that lost its index begins to count anew: then only a whole comparison helps.
  const counts = before.modseq !== "" && seen.modseq !== "" &&
    BigInt(seen.modseq) >= BigInt(before.modseq);
  if (!counts) return await compareAll(work, before, range);
  let state = before;
  if (seen.modseq !== before.modseq) {
    const { flagged, vanished } = await fetchDelta(client, range, before.modseq);
    state = await applyFlags(work, state, flagged);
    state = await applyEnds(work, state, vanished);
    if (client.enabled.has("QRESYNC")) return state;
  }
  if (!gone) return state;
  return await applyMissing(work, state, range, await searchRange(client, range));
}

/** Changed flags since a modification sequence, and with QRESYNC the UIDs that vanished. */
async function fetchDelta(
  client: ImapFlow,
  [low, high]: UidRange,
  since: string,
): Promise<{ readonly flagged: Flagged[]; readonly vanished: number[] }> {
  const flagged: Flagged[] = [];
  const vanished: number[] = [];
  const notice = ({ uid }: { uid?: number | undefined }) => {
    if (uid !== undefined && uid >= low && uid <= high) vanished.push(uid);
  };
  client.on("expunge", notice);
  try {
    const texts = new Map<string, string>();
    for await (const { uid, flags } of fetchFlags(client, `${low}:${high}`, since)) {
      flagged.push({ uid, flags: shared(texts, flags) });
    }
  } finally {
    client.off("expunge", notice);
  }
  return { flagged, vanished };
}

/** Many messages have the same flags: one text for all of them. */
function shared(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}

/** Without modification sequences: the flags of all messages of which there are rows. */
async function compareAll(
  work: CatchUp,
  before: FolderState,
  range: UidRange,
): Promise<FolderState> {
  const flagged: Flagged[] = [];
  const texts = new Map<string, string>();
  const there = new UidRanges();
  for await (const { uid, flags } of fetchFlags(work.open.client, `${range[0]}:${range[1]}`)) {
    if (uid >= range[0] && uid <= range[1]) flagged.push({ uid, flags: shared(texts, flags) });
  }
  flagged.sort((a, b) => a.uid - b.uid);
  for (const { uid } of flagged) there.add([uid, uid]);
  const state = await applyFlags(work, before, flagged);
  return await applyMissing(work, state, range, there);
}

async function applyFlags(
  { db, folder, clock }: CatchUp,
  before: FolderState,
  flagged: readonly Flagged[],
): Promise<FolderState> {
  let state = before;
  for (let from = 0; from < flagged.length; from += batch) {
    const part = flagged.slice(from, from + batch);
    // Outside of a transaction first: mostly nothing is to be written.
    const rows = await rowsByUid(db, folder, part.map(({ uid }) => uid));
    const now = new Map(part.map(({ uid, flags }) => [uid, flags]));
    if (rows.every((row) => hasFlags(row, now.get(row.uid!)))) continue;
    state = await write(db, folder, clock.now(), state, async (to) => {
      await noteFlags(to, await rowsByUid(to.tx, folder, part.map(({ uid }) => uid)), part);
    });
  }
  return state;
}

/** A write of ours may have noted the flags of an item that somebody has hidden, and not that. */
function hasFlags({ flags, gone }: ItemRow, now: string | undefined): boolean {
  return flags === now && (gone === leftover || (gone === deleted) === isDeleted(flags));
}

async function applyEnds(
  { db, folder, clock }: CatchUp,
  before: FolderState,
  uids: readonly number[],
): Promise<FolderState> {
  let state = before;
  for (let from = 0; from < uids.length; from += batch) {
    const part = uids.slice(from, from + batch);
    if ((await rowsByUid(db, folder, part)).length === 0) continue;
    state = await write(db, folder, clock.now(), state, async (to) => {
      await endRows(to, await rowsByUid(to.tx, folder, part));
    });
  }
  return state;
}

/** Ends the rows whose messages are not there. */
export async function applyMissing(
  { db, folder, clock }: CatchUp,
  before: FolderState,
  [low, high]: UidRange,
  there: UidRanges,
): Promise<FolderState> {
  let state = before;
  for (let from = low; from <= high;) {
    const rows = await rowsBetween(db, folder, [from, high], batch);
    const last = rows.at(-1)?.uid;
    if (last === undefined || last === null) break;
    const missing = rows.filter(({ uid }) => !there.has(uid!));
    if (missing.length > 0) {
      state = await write(db, folder, clock.now(), state, (to) => endRows(to, missing));
    }
    from = last + 1;
  }
  return state;
}

/** Which UIDs of a range there are. */
async function searchRange(client: ImapFlow, [low, high]: UidRange): Promise<UidRanges> {
  return await search(client, { uid: `${low}:${high}` });
}
