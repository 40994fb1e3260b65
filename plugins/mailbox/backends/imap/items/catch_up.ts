// Brings the rows of a folder up to what the server has: new messages, other flags, ends.
import { arrive, findArrivals, type Findings, hiddenRow } from "./arrivals.ts";
import { type Facts, fetchFacts } from "./facts.ts";
import {
  beginState,
  type FolderState,
  isSameSnapshot,
  Overtaken,
  type Snapshot,
  snapshotOf,
} from "./folder_state.ts";
import {
  ended,
  endRows,
  hasListedSince,
  insertRows,
  lastRow,
  leftover,
  rowsBetween,
} from "./item_rows.ts";
import { command } from "../connections/raw.ts";
import { applyMissing, batch, type CatchUp, lookAtKnown, write } from "./known_changes.ts";
import { search } from "./search_uids.ts";
import { UidRanges } from "./uid_ranges.ts";

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
