// Brings the rows of a folder up to what the server has: new messages, other flags, ends.
import type { ImapFlow } from "imapflow";
import type { Clock, Database } from "../../../../../core/mod.ts";
import { arrive, findArrivals, type Findings, hiddenRow } from "./arrivals.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { type Facts, fetchFacts, fetchFlags } from "./facts.ts";
import {
  beginState,
  type FolderState,
  type FolderWrite,
  isSameSnapshot,
  Overtaken,
  readState,
  type Snapshot,
  snapshotOf,
  writeFolder,
} from "./folder_state.ts";
import {
  ended,
  endRows,
  type Flagged,
  hasListedSince,
  insertRows,
  knownRange,
  lastRow,
  leftover,
  noteFlags,
  rowsBetween,
  rowsByUid,
} from "./item_rows.ts";
import { command } from "../connections/raw.ts";
import { search } from "./search_uids.ts";
import { type UidRange, UidRanges } from "./uid_ranges.ts";

/** Rows of one transaction. */
const batch = 500;

/** What a step works with. */
export interface CatchUp {
  readonly db: Database;
  readonly clock: Clock;
  readonly account: number;
  readonly folder: number;
  readonly open: OpenFolder;
}

/**
 * One step. `before`: the state as it was read *before* the folder was opened, so that what the
 * server says is at least as new. True where there is more to do: another step goes on with it.
 * Throws {@link Overtaken} where somebody else wrote meanwhile.
 */
export async function catchUp(work: CatchUp, before: FolderState | undefined): Promise<boolean> {
  const seen = snapshotOf(work.open);
  if (!before) {
    await begin(work, seen);
    return false;
  }
  // UIDs are never given twice: a server that goes back has begun anew, whatever it calls that.
  const anew = before.validity !== seen.validity || seen.uidnext < before.uidnext;
  const state = anew ? await beginAnew(work, before, seen) : before;
  // Without modification sequences nothing tells whether flags changed.
  if (state.modseq !== "" && isSameSnapshot(state, seen) && !state.matching) {
    work.open.looked?.(state.version);
    return false;
  }
  return await step(work, state, seen);
}

/**
 * The first look at a folder. Messages in it that are marked as deleted get their rows at once: who
 * takes that mark away brings mail that nobody was told of.
 */
async function begin({ db, account, folder, open }: CatchUp, seen: Snapshot): Promise<void> {
  const hidden: Facts[] = [];
  const found = await search(open.client, { deleted: true });
  for await (const facts of fetchFacts(open.client, found.toString())) hidden.push(facts);
  await db.transaction(async (tx) => {
    await beginState(tx, account, folder, seen);
    const rows = hidden.filter(({ uid }) => uid < seen.uidnext);
    await insertRows(tx, folder, rows.map((facts) => hiddenRow(facts)));
  });
}

/**
 * Another UIDVALIDITY: no row has a UID now. All messages are looked at as if they were new; those
 * whose fingerprint a row has are that row's. What was left behind and may be expunged already is not
 * looked for: another message could look like it, which somebody has put back meanwhile. Where it is
 * there still, it is marked as deleted, and hidden for that.
 */
async function beginAnew(
  { db, folder, clock }: CatchUp,
  before: FolderState,
  seen: Snapshot,
): Promise<FolderState> {
  return await write(db, folder, clock.now(), before, async ({ tx, set }) => {
    // Those that wait already keep out of the way of the others.
    await tx.run(
      "UPDATE mailbox_imap_item SET uid = -(5000000000 + id) WHERE folder = ? AND uid < 0",
      [folder],
    );
    await tx.run("UPDATE mailbox_imap_item SET uid = -uid WHERE folder = ? AND uid > 0", [folder]);
    await tx.run(
      `UPDATE mailbox_imap_item SET uid = NULL, gone = ${ended} ` +
        `WHERE folder = ? AND gone = ${leftover} AND at IS NOT NULL`,
      [folder],
    );
    set({ validity: seen.validity, modseq: seen.modseq, uidnext: 1, messages: 0, matching: 1 });
  });
}

async function step(work: CatchUp, before: FolderState, seen: Snapshot): Promise<boolean> {
  const { db, folder, clock, open } = work;
  // STATUS may have told of what this connection cannot see yet: then it would be passed over.
  if (!isSameSnapshot(before, seen)) await command(open.client, "NOOP");
  const last = await lastRow(db);
  const found = await findArrivals(open.client, before, seen);
  const gone = before.messages + found.arrivals.length + found.beyond !== seen.messages;
  let state = await lookAtKnown(work, before, seen, gone);
  const more = found.uidnext < seen.uidnext;
  for (let from = 0; from < found.arrivals.length; from += batch) {
    const part = found.arrivals.slice(from, from + batch);
    state = await write(db, folder, clock.now(), state, (to) => arrive(to, part));
  }
  state = await endPassed(work, state, before.uidnext, found);
  if (state.matching && !more) state = await endUnmatched(work, state);
  state = await write(db, folder, clock.now(), state, async ({ tx, set }) => {
    // Seen before what was looked at here, and not there yet when it was looked for.
    if (await hasListedSince(tx, folder, last, before.uidnext)) {
      throw new Overtaken("Cannot keep up: others have listed more messages meanwhile");
    }
    const messages = seen.messages - found.beyond;
    set({ modseq: seen.modseq, uidnext: found.uidnext, messages, ...(!more && { matching: 0 }) });
  });
  // Nobody but this step has written since the folder was entered.
  open.looked?.(state.version);
  return more;
}

/** Flags and ends of messages of which there are rows already. */
async function lookAtKnown(
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
    if (rows.every(({ uid, flags }) => now.get(uid!) === flags)) continue;
    state = await write(db, folder, clock.now(), state, async (to) => {
      await noteFlags(to, await rowsByUid(to.tx, folder, part.map(({ uid }) => uid)), part);
    });
  }
  return state;
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
async function applyMissing(
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

/** Ends rows of our own writes whose messages were gone before anybody looked at them. */
async function endPassed(
  work: CatchUp,
  before: FolderState,
  from: number,
  { arrivals, uidnext }: Findings,
): Promise<FolderState> {
  const there = UidRanges.of(arrivals.map(({ uid }) => uid));
  return await applyMissing(work, before, [from, uidnext - 1], there);
}

/** All messages were looked at: what waits still has none. */
async function endUnmatched(work: CatchUp, before: FolderState): Promise<FolderState> {
  const { db, folder, clock } = work;
  for (let state = before;;) {
    const rows = await rowsBetween(db, folder, [Number.MIN_SAFE_INTEGER, -1], batch);
    if (rows.length === 0) return state;
    state = await write(db, folder, clock.now(), state, (to) => endRows(to, rows));
  }
}

/** One write of a step; returns the state after it. */
async function write(
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

/** Which UIDs of a range there are. */
async function searchRange(client: ImapFlow, [low, high]: UidRange): Promise<UidRanges> {
  return await search(client, { uid: `${low}:${high}` });
}
