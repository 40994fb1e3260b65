// The tables of items: what was told of each, what is known of their folders, writes under way.
import type { Database, Migration } from "../../../../../core/mod.ts";

export const itemMigrations: readonly Migration[] = [{
  id: "20261124_imap_items",
  up: [
    // Up to where the rows of a folder agree with the server. One row for each folder in use.
    `CREATE TABLE mailbox_imap_state (
      folder INTEGER PRIMARY KEY,            -- the number of its row in mailbox_imap_folder
      account INTEGER NOT NULL,
      validity TEXT NOT NULL,                -- UIDVALIDITY
      modseq TEXT NOT NULL,                  -- HIGHESTMODSEQ; empty where the server has none
      uidnext INTEGER NOT NULL,              -- messages from here on were not looked at yet
      messages INTEGER NOT NULL,             -- how many there were below uidnext
      seq INTEGER NOT NULL,                  -- the number of the latest change
      forgotten INTEGER NOT NULL DEFAULT 0,  -- ends up to this change are not known any more
      version INTEGER NOT NULL DEFAULT 0,    -- another one after every write: see folder_state.ts
      matching INTEGER NOT NULL DEFAULT 0,   -- after a new UIDVALIDITY: rows wait for their UIDs
      leftovers INTEGER NOT NULL DEFAULT 0   -- messages there may be ours to delete
    )`,
    "CREATE INDEX mailbox_imap_state_account ON mailbox_imap_state (account)",

    // A row for each item that was ever told, and for what must never be told.
    `CREATE TABLE mailbox_imap_item (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      folder INTEGER NOT NULL,
      uid INTEGER,                           -- negative: of the UIDVALIDITY before; NULL: gone
      print TEXT NOT NULL,                   -- fingerprint: see facts.ts
      date INTEGER NOT NULL,                 -- INTERNALDATE in milliseconds
      revision INTEGER NOT NULL,
      seq INTEGER NOT NULL,                  -- its latest change; 0: none since it was first listed
      gone INTEGER NOT NULL,                 -- see item_rows.ts
      at INTEGER,                            -- when it went; of leftovers: it may have gone already
      flags TEXT NOT NULL,                   -- as the server has them, sorted
      extra TEXT                             -- JSON: what the server cannot keep of its marks
    )`,
    "CREATE UNIQUE INDEX mailbox_imap_item_uid ON mailbox_imap_item (folder, uid)",
    "CREATE INDEX mailbox_imap_item_seq ON mailbox_imap_item (folder, seq) WHERE seq > 0",
    "CREATE INDEX mailbox_imap_item_print ON mailbox_imap_item (folder, print) WHERE uid < 0",
    "CREATE INDEX mailbox_imap_item_extra ON mailbox_imap_item (print) WHERE extra IS NOT NULL",
    "CREATE INDEX mailbox_imap_item_leftover ON mailbox_imap_item (folder) WHERE gone = 3",
    "CREATE INDEX mailbox_imap_item_at ON mailbox_imap_item (at) WHERE gone = 1",

    // Writes by their token: what was meant to be done, and what came of it.
    `CREATE TABLE mailbox_imap_write (
      account INTEGER NOT NULL,
      token TEXT NOT NULL,
      intention TEXT NOT NULL,               -- JSON: how to find out whether it has happened
      outcome TEXT,                          -- JSON: its answer; NULL: not known (yet)
      item INTEGER,                          -- the row of the item that it made
      owner TEXT NOT NULL,                   -- the process that is at it, until …
      until INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (account, token)
    ) WITHOUT ROWID`,
    "CREATE INDEX mailbox_imap_write_item ON mailbox_imap_write (item) WHERE item IS NOT NULL",
    "CREATE INDEX mailbox_imap_write_at ON mailbox_imap_write (at)",
  ],
}];

/** Removes what is known of an account's items. */
export async function dropAccountItems(tx: Database, account: number): Promise<void> {
  await tx.run(
    "DELETE FROM mailbox_imap_item WHERE folder IN " +
      "(SELECT folder FROM mailbox_imap_state WHERE account = ?)",
    [account],
  );
  await tx.run("DELETE FROM mailbox_imap_state WHERE account = ?", [account]);
  await tx.run("DELETE FROM mailbox_imap_write WHERE account = ?", [account]);
}

const DAY = 86_400_000;
/** The port asks for 14 days. */
const TOKENS = 15 * DAY;
/** A device that stays away longer lists its folders anew. */
const ENDS = 90 * DAY;
/** Rows in one transaction, so that mail does not wait for it. */
const BATCH = 500;

/** Removes what is kept for a while only: one batch of each; true where there may be more. */
export async function tidyItems(db: Database, now: number): Promise<boolean> {
  const tokens = await db.run(
    "DELETE FROM mailbox_imap_write WHERE (account, token) IN " +
      "(SELECT account, token FROM mailbox_imap_write WHERE at < ? ORDER BY at LIMIT ?)",
    [now - TOKENS, BATCH],
  );
  const ends = await db.transaction(async (tx) => {
    const rows = await tx.all<{ id: number; folder: number; seq: number }>(
      "SELECT id, folder, seq FROM mailbox_imap_item WHERE gone = 1 AND at < ? ORDER BY at LIMIT ?",
      [now - ENDS, BATCH],
    );
    for (const { id, folder, seq } of rows) {
      await tx.run(
        "UPDATE mailbox_imap_state SET forgotten = max(forgotten, ?), version = version + 1 " +
          "WHERE folder = ?",
        [seq, folder],
      );
      await tx.run("DELETE FROM mailbox_imap_item WHERE id = ?", [id]);
    }
    return rows.length;
  });
  return tokens.changes === BATCH || ends === BATCH;
}

/**
 * Removes what is known of the items of a folder that went long ago: one batch; true where there may
 * be more. Until then they keep their ids where the folder comes back, subscribed again or restored.
 */
export async function tidyFolders(db: Database, now: number): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const [folder] = await tx.all<{ id: number }>(
      "SELECT id FROM mailbox_imap_folder WHERE gone = 1 AND at < ? LIMIT 1",
      [now - ENDS],
    );
    if (!folder) return false;
    const { changes } = await tx.run(
      "DELETE FROM mailbox_imap_item WHERE id IN " +
        "(SELECT id FROM mailbox_imap_item WHERE folder = ? LIMIT ?)",
      [folder.id, BATCH],
    );
    // Should it come back after all, whoever had listed it lists it anew.
    await tx.run(
      "UPDATE mailbox_imap_state SET seq = seq + 1, forgotten = seq + 1, version = version + 1 " +
        "WHERE folder = ?",
      [folder.id],
    );
    if (changes < BATCH) {
      await tx.run("UPDATE mailbox_imap_folder SET at = NULL WHERE id = ?", [folder.id]);
    }
    return true;
  });
}
