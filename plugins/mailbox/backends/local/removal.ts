// The end of folders and of what is in them: for good, or kept in another one.
import type { FolderId } from "../../model.ts";
import { checkKeeper, withDescendants } from "../../folders.ts";
import { checkExists, findFolder, liveFolders, ownFolder } from "./folders.ts";
import { folderNumber } from "./rows.ts";
import type { Store, Write } from "./write.ts";
import { write } from "./write.ts";

/** Removes a folder and those below it; what is in them goes to `keepIn`, or for good. */
export async function removeFolder(
  store: Store,
  account: number,
  id: FolderId,
  keepIn: FolderId | undefined,
): Promise<void> {
  await write(store, account, undefined, async (open) => {
    const folders = await liveFolders(open);
    ownFolder(id, folders);
    checkExists(keepIn, folders);
    const all = withDescendants(id, folders);
    checkKeeper(keepIn, all);
    for (const each of all) {
      const number = folderNumber(each);
      if (keepIn === undefined) await dropItems(open, number);
      else await keepItems(open, number, folderNumber(keepIn));
      await endFolder(open, number);
    }
  });
}

/** Items of one transaction, so that mail which arrives does not wait for long. */
const atOnce = 500;

/** As {@link Empties.empty}: each end is told as if the items were removed one by one. */
export async function emptyFolder(
  store: Store,
  account: number,
  id: FolderId,
  mayGoOn: () => boolean = () => true,
): Promise<boolean> {
  const { number } = await findFolder(store.db, account, id);
  const [row] = await store.db.all<{ last: number | null }>(
    "SELECT max(id) AS last FROM mailbox_item WHERE folder = ?",
    [number],
  );
  for (let left = row!.last !== null; left;) {
    if (!mayGoOn()) return false;
    const gone = await write(
      store,
      account,
      undefined,
      (open) => endSome(open, number, row!.last!),
    );
    left = gone === atOnce;
  }
  return true;
}

/** Ends some of a folder's items up to that number; how many. */
async function endSome(open: Write, folder: number, last: number): Promise<number> {
  const rows = await open.tx.all<{ id: number; message: number; thread: string }>(
    "SELECT id, message, thread FROM mailbox_item WHERE folder = ? AND id <= ? LIMIT ?",
    [folder, last, atOnce],
  );
  if (rows.length === 0) return 0;
  const seq = await open.next(rows.length);
  const all = JSON.stringify(rows.map(({ id, message, thread }) => [id, message, thread]));
  await open.tx.run(
    "INSERT INTO mailbox_gone (folder, seq, item, thread, at) " +
      "SELECT ?1, ?2 - key, json_extract(value, '$[0]'), json_extract(value, '$[2]'), ?3 " +
      "FROM json_each(?4)",
    [folder, seq, open.now, all],
  );
  await open.tx.run(
    "INSERT INTO mailbox_orphan (message, at) " +
      "SELECT json_extract(value, '$[1]'), ?1 FROM json_each(?2) WHERE true " +
      "ON CONFLICT DO UPDATE SET at = excluded.at",
    [open.now, all],
  );
  await open.tx.run(
    "DELETE FROM mailbox_item WHERE id IN (SELECT json_extract(value, '$[0]') FROM json_each(?))",
    [all],
  );
  await open.touch(folder, seq, -rows.length);
  return rows.length;
}

async function dropItems({ tx, now }: Write, folder: number): Promise<void> {
  await tx.run(
    "INSERT INTO mailbox_orphan (message, at) " +
      "SELECT message, ? FROM mailbox_item WHERE folder = ? ON CONFLICT DO NOTHING",
    [now, folder],
  );
  await tx.run("DELETE FROM mailbox_item WHERE folder = ?", [folder]);
}

/** Moves all items in one statement, however many they are; each change has its own number. */
async function keepItems(open: Write, folder: number, keeper: number): Promise<void> {
  const [row] = await open.tx.all<{ items: number }>(
    "SELECT count(*) AS items FROM mailbox_item WHERE folder = ?",
    [folder],
  );
  const { items } = row!;
  if (items === 0) return;
  const last = await open.next(items);
  await open.tx.run(
    `UPDATE mailbox_item SET folder = ?1, seq = ?2 + taken.place FROM (
       SELECT id, row_number() OVER (ORDER BY seq) AS place FROM mailbox_item WHERE folder = ?3
     ) taken WHERE mailbox_item.id = taken.id`,
    [keeper, last - items, folder],
  );
  await open.touch(keeper, last, items);
}

async function endFolder(open: Write, folder: number): Promise<void> {
  const seq = await open.next();
  await open.tx.run("DELETE FROM mailbox_gone WHERE folder = ?", [folder]);
  await open.tx.run(
    "UPDATE mailbox_folder SET removed = 1, items = 0, seq = ?, changed = ? WHERE id = ?",
    [seq, seq, folder],
  );
  open.note(String(folder), seq);
  open.note("", seq);
}
