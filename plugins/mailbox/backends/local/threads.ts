// Whole conversations: their items wherever they are, and where mail that is still to come goes.
import type { Database } from "../../../../core/mod.ts";
import type { Span, ThreadItem } from "../../api.ts";
import type { FolderId } from "../../model.ts";
import { findFolder, specialFolder } from "./folders.ts";
import type { ItemRow } from "./rows.ts";
import { itemColumns, stateOf } from "./rows.ts";
import type { Store, Write } from "./write.ts";
import { write } from "./write.ts";

/** All items of a conversation, newest first. */
export async function conversation(
  db: Database,
  account: number,
  thread: string,
): Promise<ThreadItem[]> {
  // Folder by folder, because other accounts have conversations with the same number.
  const rows = await db.all<ItemRow>(
    `SELECT ${itemColumns} FROM mailbox_folder f
      CROSS JOIN mailbox_item i ON i.folder = f.id AND i.thread = ?
      WHERE f.account = ? AND f.removed = 0`,
    [thread, account],
  );
  return rows.sort((a, b) => b.date - a.date || b.id - a.id)
    .map((row) => ({ folder: String(row.folder), state: stateOf(row) }));
}

// The first and the last entry of the index for each conversation.
export const spansSql = `SELECT j.value AS thread,
  (SELECT i.date FROM mailbox_item i WHERE i.folder = ?1 AND i.thread = j.value
    ORDER BY i.date LIMIT 1) AS oldest,
  (SELECT i.date FROM mailbox_item i WHERE i.folder = ?1 AND i.thread = j.value
    ORDER BY i.date DESC LIMIT 1) AS newest
  FROM json_each(?2) j`;

/** How far conversations reach in a folder. */
export async function spans(
  db: Database,
  account: number,
  id: FolderId,
  threads: readonly string[],
): Promise<Map<string, Span>> {
  const { number } = await findFolder(db, account, id);
  const rows = await db.all<{ thread: string; oldest: number | null; newest: number | null }>(
    spansSql,
    [number, JSON.stringify(threads)],
  );
  return new Map(
    rows.flatMap(({ thread, oldest, newest }) =>
      oldest === null || newest === null ? [] : [[thread, { oldest, newest }]]
    ),
  );
}

/** How many items before `date` belong to conversations that go on after it. */
export async function countOlder(
  db: Database,
  account: number,
  id: FolderId,
  date: number,
): Promise<number> {
  const { number } = await findFolder(db, account, id);
  const [row] = await db.all<{ found: number }>(
    `SELECT count(*) AS found FROM
      (SELECT DISTINCT thread FROM mailbox_item WHERE folder = ?1 AND date >= ?2) t
      CROSS JOIN mailbox_item i ON i.folder = ?1 AND i.thread = t.thread AND i.date < ?2`,
    [number, Math.ceil(date)],
  );
  return row!.found;
}

/** Puts what arrives in a conversation elsewhere from now on; undefined: into the inbox again. */
export async function divert(
  store: Store,
  account: number,
  thread: string,
  to: FolderId | undefined,
): Promise<void> {
  await write(store, account, undefined, async ({ tx }) => {
    if (to === undefined) {
      await tx.run("DELETE FROM mailbox_diversion WHERE account = ? AND thread = ?", [
        account,
        thread,
      ]);
      return;
    }
    const { number } = await findFolder(tx, account, to);
    await tx.run(
      "INSERT INTO mailbox_diversion (account, thread, folder) VALUES (?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET folder = excluded.folder",
      [account, thread, number],
    );
  });
}

/** The folder for arriving mail of a conversation. */
export async function arrivalFolder({ tx, account }: Write, thread: string): Promise<number> {
  const [row] = await tx.all<{ id: number }>(
    "SELECT f.id FROM mailbox_diversion d JOIN mailbox_folder f ON f.id = d.folder " +
      "WHERE d.account = ? AND d.thread = ? AND f.removed = 0",
    [account, thread],
  );
  return row?.id ?? await specialFolder(tx, account, "inbox");
}
