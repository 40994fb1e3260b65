// Takes messages from the server for good: by UID only, so that nobody else's go with them.
import type { ImapFlow } from "imapflow";
import { Refused } from "../../../api.ts";
import type { FolderId } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { uidSets } from "./facts.ts";
import { writeFolder } from "./folder_state.ts";
import { deleted, ended, type ItemRow, leftover } from "./item_rows.ts";
import { inPlace, type ItemStore, settle } from "./item_store.ts";
import { isPermanent } from "./marks.ts";
import type { Place } from "../folders/places.ts";
import { atom, command, sequence } from "../connections/raw.ts";

/** Whether messages can be expunged by UID (RFC 4315; part of IMAP4rev2). */
export function expungesByUid({ capabilities, enabled }: ImapFlow): boolean {
  return capabilities.has("UIDPLUS") || enabled.has("IMAP4REV2");
}

/**
 * Throws {@link Refused} (`readonly`) where messages of the open folder cannot be taken away. Asked
 * before a message is put elsewhere: Dovecot would leave both, and call that moved.
 */
export function checkDeletes({ mailbox }: OpenFolder): void {
  if (!isPermanent(mailbox.permanentFlags, "\\Deleted")) {
    throw new Refused("readonly", `Cannot delete from ${mailbox.path}: the server forbids it`);
  }
}

/**
 * Deletes messages. A server without UIDPLUS could only expunge everything that anybody has marked
 * `\Deleted`: there they stay, marked, and are treated as gone. True where they are gone for good.
 * `marked` is waited for when they are marked, and before they may go.
 */
export async function deleteMessages(
  open: OpenFolder,
  uids: readonly number[],
  marked?: () => Promise<unknown>,
): Promise<boolean> {
  const { client } = open;
  if (uids.length === 0) return true;
  checkDeletes(open);
  const sets = uidSets([...uids].sort((a, b) => a - b)).map(sequence);
  for (const set of sets) {
    await command(client, "UID STORE", [set, atom("+FLAGS.SILENT"), [atom("\\Deleted")]]);
  }
  if (!expungesByUid(client)) return false;
  await marked?.();
  for (const set of sets) await command(client, "UID EXPUNGE", [set]);
  return true;
}

/** Whether there is anything that writes have left behind in a folder. */
export async function hasLeftovers(store: ItemStore, folder: number): Promise<boolean> {
  return (await leftovers(store, folder)).length > 0;
}

/** Deletes what writes have left behind in a folder, if anything. What fails is tried again later. */
export async function deleteLeftovers(
  store: ItemStore,
  id: FolderId,
  folder: number,
): Promise<void> {
  if (!await hasLeftovers(store, folder)) return;
  try {
    await inPlace(store, id, async (place, open) => {
      await settle(store, place, open);
      await purgeLeftovers(store, place, open);
    }, { write: true, repeatable: true });
  } catch {
    // Whoever reads the folder now must not fail for it: the next one tries again.
  }
}

/** As {@link deleteLeftovers}, in the open folder; its rows are settled. */
export async function purgeLeftovers(
  store: ItemStore,
  { number }: Place,
  open: OpenFolder,
): Promise<void> {
  const rows = await leftovers(store, number);
  if (rows.length === 0) return;
  const { db, clock } = store;
  const ids = JSON.stringify(rows.map(({ id }) => id));
  // From then on nobody takes another message for one of them: see `beginAnew`.
  const mayGo = () =>
    db.run(
      "UPDATE mailbox_imap_item SET at = ? WHERE id IN (SELECT value FROM json_each(?)) " +
        `AND gone = ${leftover}`,
      [clock.now(), ids],
    );
  try {
    const purged = await deleteMessages(open, rows.map(({ uid }) => uid!), mayGo);
    await db.transaction((tx) =>
      writeFolder(tx, number, clock.now(), undefined, async ({ set, state, now }) => {
        // Only what is left over still: somebody may have purged it too, or put an item back.
        const { changes } = await tx.run(
          `UPDATE mailbox_imap_item SET gone = ?, at = ?, uid = ${purged ? "NULL" : "uid"} ` +
            `WHERE id IN (SELECT value FROM json_each(?)) AND gone = ${leftover}`,
          [purged ? ended : deleted, now, ids],
        );
        set({ leftovers: Math.max(0, state.leftovers - changes) });
      })
    );
  } catch {
    // The write that left them behind has happened: they go when the folder is looked at next.
  }
}

/** Rows of messages that are ours to delete. */
async function leftovers({ db }: ItemStore, folder: number): Promise<ItemRow[]> {
  return await db.all<ItemRow>(
    "SELECT i.* FROM mailbox_imap_state s JOIN mailbox_imap_item i " +
      "INDEXED BY mailbox_imap_item_leftover ON i.folder = s.folder " +
      `WHERE s.folder = ? AND s.leftovers > 0 AND i.gone = ${leftover} AND i.uid > 0 LIMIT 500`,
    [folder],
  );
}
