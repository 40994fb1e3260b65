// The items of the local backend: listings, changes, and the writes to single items.
import type { Database } from "../../../../core/mod.ts";
import type { ListFrom, Listing, Page } from "../../api.ts";
import { Forgotten, NotFound } from "../../api.ts";
import { sameMarks, withMarks } from "../../marks.ts";
import type { Cursor, FolderId, ItemChange, ItemId, ItemState, Marks } from "../../model.ts";
import { findFolder } from "./folders.ts";
import type { ItemRow } from "./rows.ts";
import { itemColumns, itemId, itemNumbers, markValues, stateOf } from "./rows.ts";
import type { Write } from "./write.ts";

/** Counting goes so far; beyond it, all items of the folder are the estimate. */
const COUNT_LIMIT = 50_000;

// One statement, so that items and removals are seen at the same moment. Both halves are read in
// the order of their indexes and merged: no sorting, and no more than `limit` rows of each.
export const changesSql = `SELECT ${itemColumns}, i.seq, 0 AS gone FROM mailbox_item i
  WHERE i.folder = ?1 AND i.seq > ?2
  UNION ALL
  SELECT g.item, g.folder, 0, 0, g.thread, 0, 0, 0, 0, NULL, NULL, NULL, g.seq, 1 FROM mailbox_gone g
  WHERE g.folder = ?1 AND g.seq > ?2
  ORDER BY seq LIMIT ?3`;

/** What changed in a folder since a cursor. */
export async function itemChanges(
  db: Database,
  account: number,
  id: FolderId,
  since: Cursor | undefined,
  limit: number,
): Promise<Page<ItemChange>> {
  const folder = await findFolder(db, account, id);
  if (since === undefined) return { changes: [], cursor: String(folder.changed), more: false };
  const from = /^\d{1,15}$/.test(since) ? Number(since) : -1;
  if (from < folder.forgotten || from > folder.changed) {
    throw new Forgotten(`Cannot tell what changed in folder ${id} since then`);
  }
  if (from === folder.changed) return { changes: [], cursor: since, more: false };
  const rows = await db.all<ItemRow & { seq: number; gone: number }>(changesSql, [
    folder.number,
    from,
    limit + 1,
  ]);
  const page = rows.slice(0, limit);
  const changes = page.map((row): ItemChange => ({
    id: itemId(row.folder, row.id),
    ...(row.gone ? { state: undefined, thread: row.thread } : { state: stateOf(row) }),
  }));
  const cursor = page.length ? String(page.at(-1)!.seq) : since;
  return { changes, cursor, more: rows.length > limit };
}

/** The conditions of a listing, and their values after the folder's. */
function bounds({ after, since, until, thread }: ListFrom) {
  const conditions = ["i.folder = ?"];
  const values: (number | string)[] = [];
  if (thread !== undefined) {
    conditions.push("i.thread = ?");
    values.push(thread);
  }
  if (after !== undefined) {
    const [date, id] = after.split(".").map(Number);
    conditions.push("(i.date, i.id) < (?, ?)");
    values.push(date || 0, id || 0);
  }
  if (since !== undefined) {
    conditions.push("i.date >= ?");
    values.push(Math.ceil(since));
  }
  if (until !== undefined) {
    conditions.push("i.date < ?");
    values.push(Math.ceil(until));
  }
  return { where: conditions.join(" AND "), values };
}

/** The statement of a listing. */
export function listSql(from: ListFrom): { sql: string; values: (number | string)[] } {
  const { where, values } = bounds(from);
  const sql = `SELECT ${itemColumns} FROM mailbox_item i WHERE ${where}
    ORDER BY i.date DESC, i.id DESC LIMIT ?`;
  return { sql, values };
}

/** A page of a folder, newest first. */
export async function listItems(
  db: Database,
  account: number,
  id: FolderId,
  from: ListFrom,
  limit: number,
): Promise<Listing> {
  const folder = await findFolder(db, account, id);
  const { sql, values } = listSql(from);
  const rows = await db.all<ItemRow>(sql, [folder.number, ...values, limit + 1]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = last && rows.length > limit ? `${last.date}.${last.id}` : undefined;
  return { items: page.map(stateOf), next };
}

/** How many items a listing would bring. */
export async function countItems(
  db: Database,
  account: number,
  id: FolderId,
  from: ListFrom,
): Promise<number> {
  const folder = await findFolder(db, account, id);
  const { where, values } = bounds(from);
  if (!values.length) return folder.items;
  const [row] = await db.all<{ found: number }>(
    `SELECT count(*) AS found FROM (SELECT 1 FROM mailbox_item i WHERE ${where} LIMIT ?)`,
    [folder.number, ...values, COUNT_LIMIT],
  );
  return row!.found < COUNT_LIMIT ? row!.found : folder.items;
}

/** An item's row and what belongs to it but is not in its state. */
export type FullRow = ItemRow & {
  /** Its row in the full-text index. */
  readonly words: number | null;
};

/** An item of the account, or undefined. */
export async function findItem(
  db: Database,
  account: number,
  id: ItemId,
): Promise<FullRow | undefined> {
  const numbers = itemNumbers(id);
  if (!numbers) return undefined;
  const [row] = await db.all<FullRow>(
    `SELECT ${itemColumns}, i.words FROM mailbox_item i JOIN mailbox_folder f ON f.id = i.folder
      WHERE i.id = ? AND i.folder = ? AND f.account = ?`,
    [numbers.item, numbers.folder, account],
  );
  return row;
}

/** As {@link findItem}; throws NotFound. */
export async function needItem(db: Database, account: number, id: ItemId): Promise<FullRow> {
  const row = await findItem(db, account, id);
  if (!row) throw new NotFound(`Cannot find item ${id}`);
  return row;
}

/** What a new item is made of. */
export interface NewRow {
  readonly folder: number;
  readonly message: number;
  readonly date: number;
  readonly thread: string;
  readonly words: number | null;
  readonly marks: Marks;
}

/** Puts an item into a folder. */
export async function addItem(write: Write, item: NewRow): Promise<ItemState> {
  const seq = await write.next();
  const [row] = await write.tx.all<{ id: number }>(
    "INSERT INTO mailbox_item (folder, message, seq, date, thread, words, " +
      "read, answered, forwarded, draft, flag, keywords, verb) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    [
      item.folder,
      item.message,
      seq,
      item.date,
      item.thread,
      item.words,
      ...markValues(item.marks),
    ],
  );
  await write.touch(item.folder, seq, 1);
  const { folder, message, date, marks, thread } = item;
  return { id: itemId(folder, row!.id), date, revision: String(message), marks, thread };
}

/** Sets marks; where nothing changes by that, nothing is changed. */
export async function markItem(
  write: Write,
  id: ItemId,
  marks: Partial<Marks>,
): Promise<ItemState> {
  const row = await needItem(write.tx, write.account, id);
  const state = stateOf(row);
  const next = withMarks(state.marks, marks);
  if (sameMarks(state.marks, next)) return state;
  const seq = await write.next();
  await write.tx.run(
    "UPDATE mailbox_item SET seq = ?, read = ?, answered = ?, forwarded = ?, draft = ?, flag = ?, " +
      "keywords = ?, verb = ? WHERE id = ?",
    [seq, ...markValues(next), row.id],
  );
  await write.touch(row.folder, seq);
  return { ...state, marks: next };
}

/** Gives an item another message; marks and date change where they are given. */
export async function replaceMessage(
  write: Write,
  id: ItemId,
  to: Omit<NewRow, "folder" | "marks">,
  given: Partial<Marks> | undefined,
): Promise<ItemState> {
  const row = await needItem(write.tx, write.account, id);
  const marks = withMarks(stateOf(row).marks, given ?? {});
  const { message, thread, date, words } = to;
  const seq = await write.next();
  await write.tx.run(
    "UPDATE mailbox_item SET message = ?, thread = ?, words = ?, seq = ?, date = ?, read = ?, answered = ?, " +
      "forwarded = ?, draft = ?, flag = ?, keywords = ?, verb = ? WHERE id = ?",
    [message, thread, words, seq, date, ...markValues(marks), row.id],
  );
  await orphan(write, row.message);
  await write.touch(row.folder, seq);
  return { id, date, revision: String(message), marks, thread };
}

/** Moves an item; its content stays where it is. */
export async function moveItem(write: Write, id: ItemId, to: FolderId): Promise<ItemId> {
  const row = await needItem(write.tx, write.account, id);
  const target = await findFolder(write.tx, write.account, to);
  if (target.number === row.folder) return id;
  await takeOut(write, row);
  const { message, date, thread, words } = row;
  const { marks } = stateOf(row);
  const there = { folder: target.number, message, date, thread, words, marks };
  return (await addItem(write, there)).id;
}

/** Removes an item for good, if it is there; its content goes when nobody else has it. */
export async function removeItem(write: Write, id: ItemId): Promise<void> {
  const row = await findItem(write.tx, write.account, id);
  if (!row) return;
  await takeOut(write, row);
  await orphan(write, row.message);
}

/** Notes that a message may have lost its last item: housekeeping looks. */
async function orphan(write: Write, message: number): Promise<void> {
  await write.tx.run(
    "INSERT INTO mailbox_orphan (message, at) VALUES (?, ?) " +
      "ON CONFLICT DO UPDATE SET at = excluded.at",
    [message, write.now],
  );
}

async function takeOut(write: Write, row: FullRow): Promise<void> {
  const seq = await write.next();
  await write.tx.run("DELETE FROM mailbox_item WHERE id = ?", [row.id]);
  await write.tx.run(
    "INSERT INTO mailbox_gone (folder, seq, item, thread, at) VALUES (?, ?, ?, ?, ?)",
    [row.folder, seq, row.id, row.thread, write.now],
  );
  await write.touch(row.folder, seq, -1);
}
