// A device's copy of a collection, as a row; and how copies are found, ended and numbered.
import type { Database } from "../../core/mod.ts";
import type { DeviceRef, Journalled } from "../eas/api.ts";

/** The key that a device sends to start over. */
export const startKey = "0";

export interface Copy {
  readonly id: number;
  readonly collection: string;
  /** What the device has confirmed; the state is null right after key 0. */
  readonly key: string;
  readonly state: string | null;
  /** What the last answer handed out, and its number; `next_gone`: how many items it took away. */
  readonly next_key: string;
  readonly next_state: string;
  readonly generation: number;
  readonly next_gone: number;
  /** The keys of other answers that went out to the same key, as JSON; see spare.ts. */
  readonly spare_keys: string | null;
  /** How often the device has sent `key` again, and when for the first time. */
  readonly repeats: number;
  readonly repeated: number | null;
  /** Counts commits: two processes cannot both advance a copy. */
  readonly revision: number;
}

// Not next_items and spares, which are as long as a window and of use only where an answer was lost.
const columns =
  `id, collection, key, state, next_key, next_state, generation, next_gone, spare_keys,
  repeats, repeated, revision`;

/** The copies of these collections, the newest first. */
export function copiesOf(
  db: Database,
  { account, device }: DeviceRef,
  collections: readonly string[],
): Promise<Copy[]> {
  return db.all<Copy>(
    `SELECT ${columns} FROM smartsync_copy WHERE account = ? AND device = ?
       AND collection IN (SELECT value FROM json_each(?)) ORDER BY id DESC`,
    [account, device, JSON.stringify(collections)],
  );
}

/** A copy as it is now. */
export async function copyOf(db: Database, id: number): Promise<Copy | undefined> {
  const [copy] = await db.all<Copy>(`SELECT ${columns} FROM smartsync_copy WHERE id = ?`, [id]);
  return copy;
}

/** A row of a journal, with the copy and the key that it belongs to. */
export interface JournalRow extends Journalled {
  readonly copy: number;
  readonly key: string;
}

/** The journals of copies: mostly empty, so one look serves all. */
export function journalsOf(db: Database, copies: readonly number[]): Promise<JournalRow[]> {
  return db.all<JournalRow>(
    `SELECT copy, key, id, record FROM smartsync_journal
       WHERE copy IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(copies)],
  );
}

/** Ends copies at once; the sweep removes their rows later, however many they are. */
export async function end(tx: Database, copies: readonly number[]): Promise<void> {
  if (copies.length === 0) return;
  const ids = JSON.stringify(copies);
  await tx.run("INSERT OR IGNORE INTO smartsync_dead SELECT value FROM json_each(?)", [ids]);
  await tx.run("DELETE FROM smartsync_copy WHERE id IN (SELECT value FROM json_each(?))", [ids]);
}

/**
 * The key after `key`: a number for people who read logs, and chance, so that no key comes twice,
 * not even where the database was restored from an older backup.
 */
export function keyAfter(key: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const chance = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${(Number.parseInt(key, 10) || 0) + 1}-${chance}`;
}
