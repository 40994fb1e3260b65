// The rows of items: reading and writing many of them in few statements.
import type { Database } from "../../../../../core/mod.ts";
import { sameMarks } from "../../../marks.ts";
import type { ItemId, ItemState } from "../../../model.ts";
import type { Facts } from "./facts.ts";
import type { FolderWrite } from "./folder_state.ts";
import { extraAfter, isDeleted, marksOf } from "./marks.ts";

/** What an item is: there, or why it is not. */
export const present = 0;
/** The server has it no more. */
export const ended = 1;
/** Its message is marked `\Deleted`, by whomever; it comes back when that mark goes. */
export const deleted = 2;
/** A message that a write left behind: ours to delete, and never shown. */
export const leftover = 3;

/** A row of `mailbox_imap_item`. */
export interface ItemRow {
  readonly id: number;
  readonly folder: number;
  readonly uid: number | null;
  readonly print: string;
  readonly date: number;
  readonly revision: number;
  readonly seq: number;
  readonly gone: number;
  readonly flags: string;
  readonly extra: string | null;
}

const columns =
  "i.id, i.folder, i.uid, i.print, i.date, i.revision, i.seq, i.gone, i.flags, i.extra";

export function itemId({ folder, id }: Pick<ItemRow, "folder" | "id">): ItemId {
  return `${folder}.${id}`;
}

/** The numbers of an id, or undefined where it is none. */
export function itemNumbers(id: ItemId): { folder: number; item: number } | undefined {
  const [, folder, item] = /^(\d{1,15})\.(\d{1,15})$/.exec(id) ?? [];
  return item === undefined ? undefined : { folder: Number(folder), item: Number(item) };
}

export function stateOf(row: ItemRow): ItemState {
  return {
    id: itemId(row),
    date: row.date,
    revision: String(row.revision),
    marks: marksOf(row.flags, row.extra ?? undefined),
  };
}

/** Rows of the account by the numbers of their items, and the UIDVALIDITY of their folder. */
export async function rowsById(
  db: Database,
  account: number,
  items: readonly number[],
): Promise<(ItemRow & { validity: string })[]> {
  return await db.all(
    `SELECT ${columns}, s.validity FROM json_each(?) j CROSS JOIN mailbox_imap_item i ` +
      "ON i.id = j.value " +
      "JOIN mailbox_imap_state s ON s.folder = i.folder WHERE s.account = ?",
    [JSON.stringify(items), account],
  );
}

export async function rowsByUid(
  db: Database,
  folder: number,
  uids: readonly number[],
): Promise<ItemRow[]> {
  return await db.all(
    `SELECT ${columns} FROM mailbox_imap_item i WHERE i.folder = ? ` +
      "AND i.uid IN (SELECT value FROM json_each(?))",
    [folder, JSON.stringify(uids)],
  );
}

/** Rows that wait for a UID, by fingerprint; those that had the lower UIDs first. */
export async function waitingRows(
  db: Database,
  folder: number,
  prints: readonly string[],
): Promise<ItemRow[]> {
  const rows = await db.all<ItemRow & { uid: number }>(
    `SELECT ${columns} FROM mailbox_imap_item i INDEXED BY mailbox_imap_item_print ` +
      "WHERE i.folder = ? AND i.print IN (SELECT value FROM json_each(?)) AND i.uid < 0",
    [folder, JSON.stringify(prints)],
  );
  return rows.sort((a, b) => b.uid - a.uid);
}

/** Rows of messages between two UIDs (both included), in their order. */
export async function rowsBetween(
  db: Database,
  folder: number,
  [from, to]: readonly [number, number],
  limit: number,
): Promise<ItemRow[]> {
  return await db.all(
    `SELECT ${columns} FROM mailbox_imap_item i WHERE i.folder = ? AND i.uid BETWEEN ? AND ? ` +
      "ORDER BY i.uid LIMIT ?",
    [folder, from, to, limit],
  );
}

/** The lowest and the highest UID below `end` of which there is a row. */
export async function knownRange(
  db: Database,
  folder: number,
  end: number,
): Promise<[number, number] | undefined> {
  const [row] = await db.all<{ low: number | null; high: number | null }>(
    "SELECT (SELECT min(uid) FROM mailbox_imap_item WHERE folder = ?1 AND uid > 0) AS low, " +
      "(SELECT max(uid) FROM mailbox_imap_item WHERE folder = ?1 AND uid < ?2) AS high",
    [folder, end],
  );
  const { low, high } = row!;
  return low === null || high === null || low > high || high < 1 ? undefined : [low, high];
}

/** The number of the latest row, of whomever. */
export async function lastRow(db: Database): Promise<number> {
  const [row] = await db.all<{ last: number | null }>(
    "SELECT max(id) AS last FROM mailbox_imap_item",
  );
  return row!.last ?? 0;
}

/** Whether messages with UIDs below `end` were listed for the first time since a row was the latest. */
export async function hasListedSince(
  db: Database,
  folder: number,
  last: number,
  end: number,
): Promise<boolean> {
  const rows = await db.all(
    "SELECT id FROM mailbox_imap_item NOT INDEXED " +
      "WHERE id > ? AND folder = ? AND uid < ? AND seq = 0 LIMIT 1",
    [last, folder, end],
  );
  return rows.length > 0;
}

/** What changed after a number, oldest first. */
export async function rowsSince(
  db: Database,
  folder: number,
  seq: number,
  limit: number,
): Promise<ItemRow[]> {
  return await db.all(
    `SELECT ${columns} FROM mailbox_imap_item i WHERE i.folder = ? AND i.seq > ? AND i.seq > 0 ` +
      "ORDER BY i.seq LIMIT ?",
    [folder, seq, limit],
  );
}

/** What a new row is made of. */
export type NewRow =
  & Pick<ItemRow, "print" | "date" | "flags">
  & { readonly uid: number; readonly seq: number; readonly gone: number }
  & Partial<Pick<ItemRow, "revision" | "extra">>;

/** Puts rows in; those whose UID has one already are left out of the answer. */
export async function insertRows(
  tx: Database,
  folder: number,
  rows: readonly NewRow[],
): Promise<ItemRow[]> {
  if (rows.length === 0) return [];
  const values = rows.map((row) => [
    row.uid,
    row.print,
    row.date,
    row.revision ?? 1,
    row.seq,
    row.gone,
    row.flags,
    row.extra ?? null,
  ]);
  const field = (n: number) => `json_extract(value, '$[${n}]')`;
  return await tx.all(
    "INSERT INTO mailbox_imap_item (folder, uid, print, date, revision, seq, gone, flags, extra) " +
      `SELECT ?1, ${
        [0, 1, 2, 3, 4, 5, 6, 7].map(field).join(", ")
      } FROM json_each(?2) WHERE true ` +
      "ON CONFLICT (folder, uid) DO NOTHING " +
      "RETURNING id, folder, uid, print, date, revision, seq, gone, flags, extra",
    [folder, JSON.stringify(values)],
  );
}

/** Writes uid, seq, gone, flags and extra of rows. */
export async function updateRows(
  tx: Database,
  rows: readonly Pick<ItemRow, "id" | "uid" | "seq" | "gone" | "flags" | "extra">[],
): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ id, uid, seq, gone, flags, extra }) => [
    id,
    uid,
    seq,
    gone,
    flags,
    extra,
  ]);
  const field = (n: number) => `json_extract(j.value, '$[${n}]')`;
  await tx.run(
    `UPDATE mailbox_imap_item SET uid = ${field(1)}, seq = ${field(2)}, gone = ${field(3)}, ` +
      `flags = ${field(4)}, extra = ${field(5)} FROM json_each(?) j ` +
      `WHERE mailbox_imap_item.id = ${field(0)}`,
    [JSON.stringify(values)],
  );
}

/** Notes that rows' messages are gone from the server. */
export async function endRows(write: FolderWrite, rows: readonly ItemRow[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ id, gone, seq }) => [id, gone === present ? write.next() : seq]);
  const field = (n: number) => `json_extract(j.value, '$[${n}]')`;
  await write.tx.run(
    `UPDATE mailbox_imap_item SET uid = NULL, gone = ${ended}, at = ?, seq = ${field(1)} ` +
      `FROM json_each(?) j WHERE mailbox_imap_item.id = ${field(0)}`,
    [write.now, JSON.stringify(values)],
  );
}

/** A message and its flags. */
export type Flagged = Pick<Facts, "uid" | "flags">;

/** Brings rows up to the flags that their messages have; those that changed get a number. */
export async function noteFlags(
  write: FolderWrite,
  rows: readonly ItemRow[],
  flagged: readonly Flagged[],
): Promise<void> {
  const now = new Map(flagged.map(({ uid, flags }) => [uid, flags]));
  const changed: ItemRow[] = [];
  for (const row of rows) {
    const flags = now.get(row.uid!);
    if (flags === undefined || row.gone === leftover) continue;
    const next = withFlags(write, row, flags);
    if (next) changed.push(next);
  }
  await updateRows(write.tx, changed);
}

/** A row with other flags; undefined where they are the same. */
export function withFlags(write: FolderWrite, row: ItemRow, flags: string): ItemRow | undefined {
  const gone = isDeleted(flags) ? deleted : present;
  if (row.flags === flags && row.gone === gone) return undefined;
  const extra = extraAfter(flags, row.extra ?? undefined);
  const [before, after] = [marksOf(row.flags, row.extra ?? undefined), marksOf(flags, extra)];
  const shows = row.gone !== gone || (gone === present && !sameMarks(before, after));
  const seq = shows ? write.next() : row.seq;
  return { ...row, flags, extra: extra ?? null, gone, seq };
}
