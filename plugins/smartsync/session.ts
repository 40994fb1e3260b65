// One request's work on one collection: reads, and the one transaction that makes it durable.
import type { Database } from "../../core/mod.ts";
import {
  type DeviceRef,
  type Held,
  type Journalled,
  type Lost,
  type Next,
  Outdated,
  type Session,
} from "../eas/api.ts";
import { type Copy, end, type JournalRow, keyAfter, startKey } from "./copy.ts";
import { amended, type Spare, sparesOf, spareText, withSpare } from "./spare.ts";
import { forgetLast, rowsOf, tell } from "./told.ts";
import { nextItems, viewOf } from "./view.ts";

/** What a session knows from the rows that were read at its start. */
export interface Opening {
  readonly device: DeviceRef;
  readonly collection: string;
  /** The key that the device sent. */
  readonly key: string;
  /** The copy that the key belongs to; undefined: a new one, made by the first commit. */
  readonly copy: Copy | undefined;
  /** The other copies of this collection. */
  readonly others: readonly Copy[];
  readonly journal: readonly JournalRow[];
  /** The time of the request. */
  readonly now: number;
}

/** Opens a session; reads what a lost answer had handed out, where there is one. */
export async function openSession(db: Database, opening: Opening): Promise<Session> {
  const { copy, key } = opening;
  const received = copy?.next_key === key;
  const lost = copy && !received ? await lostOf(db, copy, opening.now) : undefined;
  const spares = lost ? await sparesOf(db, copy!) : [];
  const journal = opening.journal.filter((row) => row.key === key);
  return {
    ...viewOf(db, copy?.id, lost && copy?.generation),
    collection: opening.collection,
    state: (received ? copy.next_state : copy?.state) ?? undefined,
    lost,
    earlier: spares.filter(({ overtaken }) => !overtaken),
    journal: new Map(journal.map(({ id, record }) => [id, { id, record }])),
    amend: (held, of = lost?.key) =>
      db.transaction((tx) => amend(tx, opening, { lost, spares }, held, of)),
    intend: (commands) => intend(db, opening, commands),
    commit: (next) => db.transaction((tx) => commit(tx, opening, { lost, spares }, next)),
    keep: (state) => keep(db, opening, received, state),
  };
}

/** The answers to the key that the device repeats. */
interface Unconfirmed {
  readonly lost: Lost | undefined;
  readonly spares: readonly Spare[];
}

async function lostOf(db: Database, copy: Copy, now: number): Promise<Lost> {
  const rows = await db.all<Omit<Held, "has"> & { has: string | null }>(
    `SELECT i.item, i.date, i.has FROM ${nextItems} WHERE c.id = ? AND i.told = ? ORDER BY n.key`,
    [copy.id, copy.generation],
  );
  return {
    key: copy.next_key,
    state: copy.next_state,
    held: rows.filter((row): row is Held => row.has !== null),
    gone: rows.filter(({ has }) => has === null).map(({ item }) => item),
    times: copy.repeats + 1,
    since: copy.repeated ?? now,
  };
}

async function amend(
  tx: Database,
  { copy }: Opening,
  { lost, spares }: Unconfirmed,
  held: readonly Held[],
  of: string | undefined,
): Promise<void> {
  if (!copy || !lost) throw new TypeError("Cannot amend: nothing was handed out");
  const { changes } = await tx.run(
    `UPDATE smartsync_copy SET repeats = ?, repeated = ?, revision = revision + 1
       WHERE id = ? AND revision = ?`,
    [lost.times, lost.since, copy.id, copy.revision],
  );
  if (changes === 0) throw new Outdated("Cannot amend: another process advanced the collection");
  if (held.length === 0) return;
  if (of !== lost.key) {
    const text = spareText(amended(spares, of, held));
    await tx.run("UPDATE smartsync_copy SET spares = ? WHERE id = ?", [text, copy.id]);
    return;
  }
  await tx.run(
    `UPDATE smartsync_item SET (date, has) =
       (SELECT value ->> 1, value ->> 2 FROM json_each(?3) WHERE value ->> 0 = item)
     WHERE copy = ?1 AND told = ?2 AND has IS NOT NULL
       AND item IN (SELECT value ->> 0 FROM json_each(?3))`,
    [
      copy.id,
      copy.generation,
      JSON.stringify(held.map(({ item, date, has }) => [item, date, has])),
    ],
  );
}

async function intend(
  db: Database,
  { copy, key }: Opening,
  commands: readonly Journalled[],
): Promise<void> {
  if (!copy) throw new TypeError("Cannot run commands: nothing was primed");
  await writeJournal(db, copy.id, key, commands);
}

async function writeJournal(
  db: Database,
  copy: number,
  key: string,
  commands: readonly Journalled[],
): Promise<void> {
  if (commands.length === 0) return;
  await db.run(
    `INSERT OR REPLACE INTO smartsync_journal
       SELECT ?, ?, value ->> 0, value ->> 1 FROM json_each(?)`,
    [copy, key, JSON.stringify(commands.map(({ id, record }) => [id, record]))],
  );
}

async function commit(
  tx: Database,
  opening: Opening,
  unconfirmed: Unconfirmed,
  next: Next,
): Promise<string> {
  const { copy, key } = opening;
  const rows = rowsOf(next);
  const items = JSON.stringify(rows.map(([item]) => item));
  const handed: Handed = { next, key: keyAfter(key), items };
  const id = copy
    ? await advance(tx, opening, copy, unconfirmed, handed)
    : await begin(tx, opening, handed);
  await tell(tx, id, copy ? copy.generation + 1 : 1, rows);
  await writeJournal(tx, id, key, next.journal);
  return handed.key;
}

/** What an answer leaves behind, its key, and the ids of its items as JSON. */
interface Handed {
  readonly next: Next;
  readonly key: string;
  readonly items: string;
}

/** The first answer to key 0. Older copies stay: the device may never have seen this answer. */
async function begin(
  tx: Database,
  { device, collection }: Opening,
  { next, key, items }: Handed,
): Promise<number> {
  const [row] = await tx.all<{ id: number }>(
    `INSERT INTO smartsync_copy
       (account, device, collection, key, next_key, next_state, next_gone, next_items)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    [
      device.account,
      device.device,
      collection,
      startKey,
      key,
      next.state,
      next.gone.length,
      items,
    ],
  );
  return row!.id;
}

/**
 * Confirms the last answer if the device has shown its key; else keeps it as a spare one, because
 * this request may be a late repeat, and the device has that answer. Makes room for the next.
 */
async function advance(
  tx: Database,
  { key, journal, others }: Opening,
  copy: Copy,
  { lost, spares }: Unconfirmed,
  { next, key: nextKey, items }: Handed,
): Promise<number> {
  const kept = lost ? withSpare(lost, spares, next.journal.length > 0) : [];
  if (lost) await forgetLast(tx, copy);
  const { changes } = await tx.run(
    `UPDATE smartsync_copy SET key = ?, state = ?, next_key = ?, next_state = ?, next_gone = ?,
       next_items = ?, spare_keys = ?, spares = ?, repeats = ?, repeated = ?,
       generation = generation + 1, revision = revision + 1
     WHERE id = ? AND revision = ?`,
    [
      key,
      lost ? copy.state : copy.next_state,
      nextKey,
      next.state,
      next.gone.length,
      items,
      lost ? JSON.stringify(kept.map(({ key }) => key)) : null,
      lost ? spareText(kept) : null,
      lost?.times ?? 0,
      lost?.since ?? null,
      copy.id,
      copy.revision,
    ],
  );
  if (changes === 0) throw new Outdated("Cannot commit: another process advanced the collection");
  if (copy.next_gone > 0) {
    await tx.run(
      `DELETE FROM smartsync_item INDEXED BY smartsync_item_gone
         WHERE copy = ? AND has IS NULL`,
      [copy.id],
    );
  }
  if (journal.some((row) => row.key !== key)) {
    await tx.run("DELETE FROM smartsync_journal WHERE copy = ? AND key <> ?", [copy.id, key]);
  }
  // Whoever uses a later key of a copy has left all others behind.
  if (key !== startKey) await end(tx, others.map(({ id }) => id));
  return copy.id;
}

async function keep(
  db: Database,
  { copy }: Opening,
  received: boolean,
  state: string,
): Promise<void> {
  if (!copy) throw new TypeError("Cannot keep a state: nothing was primed");
  const { changes } = await db.run(
    `UPDATE smartsync_copy SET ${received ? "next_state" : "state"} = ?, revision = revision + 1
       WHERE id = ? AND revision = ?`,
    [state, copy.id, copy.revision],
  );
  if (changes === 0) throw new Outdated("Cannot keep: another process advanced the collection");
}
