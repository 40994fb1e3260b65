// The tables of the local backend. Ids are never used twice; every change has a number of its own.
import type { Migration } from "../../../../core/mod.ts";

export const migrations: readonly Migration[] = [{
  id: "20261122_local_mailbox",
  up: [
    // The number of the latest change in the whole store.
    `CREATE TABLE mailbox_sequence (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      value INTEGER NOT NULL
    )`,
    "INSERT INTO mailbox_sequence VALUES (1, 0)",

    // A removed folder stays as a row, so that a device hears of its end.
    `CREATE TABLE mailbox_folder (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account INTEGER NOT NULL,
      parent INTEGER,
      name TEXT NOT NULL,
      class TEXT NOT NULL,
      role TEXT,
      seq INTEGER NOT NULL,                  -- the latest change of the folder itself
      changed INTEGER NOT NULL,              -- the latest change of it or of anything in it
      items INTEGER NOT NULL DEFAULT 0,
      forgotten INTEGER NOT NULL DEFAULT 0,  -- removals up to this change are not known any more
      removed INTEGER NOT NULL DEFAULT 0
    )`,
    "CREATE INDEX mailbox_folder_account ON mailbox_folder (account, seq)",
    "CREATE INDEX mailbox_folder_changed ON mailbox_folder (changed)",
    `CREATE UNIQUE INDEX mailbox_folder_role ON mailbox_folder (account, role)
      WHERE role IS NOT NULL`,

    // The content of a message: never changes, is shared by copies and by recipients. The long
    // columns stand last, because SQLite passes over what stands before a column to read it.
    `CREATE TABLE mailbox_message (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      size INTEGER NOT NULL,                 -- of the MIME, in bytes
      problem TEXT,
      facts TEXT,                            -- JSON: MailFacts; NULL while the message arrives
      places TEXT,                           -- JSON: Places
      text_size INTEGER,                     -- of the whole text in UTF-8; NULL: there is none
      html_size INTEGER,
      text TEXT,                             -- its beginning, decoded
      html TEXT
    )`,
    // The MIME as it arrived, in pieces: id is message * 65536 + number.
    "CREATE TABLE mailbox_chunk (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
    // Messages that may have lost their last item; housekeeping looks and removes them.
    "CREATE TABLE mailbox_orphan (message INTEGER PRIMARY KEY, at INTEGER NOT NULL)",

    `CREATE TABLE mailbox_item (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      folder INTEGER NOT NULL REFERENCES mailbox_folder (id),
      message INTEGER NOT NULL REFERENCES mailbox_message (id),
      seq INTEGER NOT NULL,
      date INTEGER NOT NULL,
      thread TEXT NOT NULL,
      read INTEGER NOT NULL,
      answered INTEGER NOT NULL,
      forwarded INTEGER NOT NULL,
      draft INTEGER NOT NULL,
      flag TEXT,                             -- JSON: Flag
      keywords TEXT,                         -- JSON: string[]
      verb TEXT                              -- JSON: the last thing done with it
    )`,
    "CREATE INDEX mailbox_item_seq ON mailbox_item (folder, seq)",
    "CREATE INDEX mailbox_item_date ON mailbox_item (folder, date, id)",
    "CREATE INDEX mailbox_item_message ON mailbox_item (message)",
    // Items that are gone from a folder.
    `CREATE TABLE mailbox_gone (
      folder INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      item INTEGER NOT NULL,
      thread TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (folder, seq)
    ) WITHOUT ROWID`,
    "CREATE INDEX mailbox_gone_at ON mailbox_gone (at)",

    // Which conversation a key of a message leads to (see mime/thread.ts).
    `CREATE TABLE mailbox_thread (
      account INTEGER NOT NULL,
      key TEXT NOT NULL,
      thread TEXT NOT NULL,
      PRIMARY KEY (account, key)
    ) WITHOUT ROWID`,
    // Writes that happened, with what they answered (JSON).
    `CREATE TABLE mailbox_token (
      account INTEGER NOT NULL,
      token TEXT NOT NULL,
      result TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (account, token)
    ) WITHOUT ROWID`,
    "CREATE INDEX mailbox_token_at ON mailbox_token (at)",
  ],
}, {
  id: "20261123_autoreply",
  up: [
    // settings: JSON, an AutoReply. One row for each account that ever had one.
    "CREATE TABLE mailbox_autoreply (account INTEGER PRIMARY KEY, settings TEXT NOT NULL)",
  ],
}, {
  id: "20261123_conversations",
  up: [
    "CREATE INDEX mailbox_item_thread ON mailbox_item (folder, thread, date)",
    // Conversations whose arriving mail goes to a folder of the user's choice.
    `CREATE TABLE mailbox_diversion (
      account INTEGER NOT NULL,
      thread TEXT NOT NULL,
      folder INTEGER NOT NULL,
      PRIMARY KEY (account, thread)
    ) WITHOUT ROWID`,
  ],
}, {
  id: "20261123_search",
  up: [
    // Its row in the full-text index: numbers are in the order of dates (see search/index.ts). NULL
    // until a background task has come to it, for items older than this table.
    "ALTER TABLE mailbox_item ADD COLUMN words INTEGER",
    // No two items share a number. With the folder in it, a search needs to look at no item.
    "CREATE INDEX mailbox_item_words ON mailbox_item (words, folder) WHERE words IS NOT NULL",
    "CREATE INDEX mailbox_item_wordless ON mailbox_item (folder, date) WHERE words IS NULL",
    // Words come folded and marked with their account. Texts are not kept: they are in the messages.
    `CREATE VIRTUAL TABLE mailbox_words USING fts5(
      subject, sender, recipient, copy, blind, body, attachment,
      content='', contentless_delete=1, tokenize="ascii tokenchars '_'"
    )`,
    "INSERT INTO mailbox_words (rowid) VALUES (-1)",
    // Rows of the index that may have lost their item. Nobody finds them any more, and removing many
    // of them takes long: a background task does it.
    "CREATE TABLE mailbox_lost_words (words INTEGER PRIMARY KEY)",
    `CREATE TRIGGER mailbox_item_gone AFTER DELETE ON mailbox_item WHEN old.words IS NOT NULL
      BEGIN INSERT OR IGNORE INTO mailbox_lost_words VALUES (old.words); END`,
    `CREATE TRIGGER mailbox_item_reworded AFTER UPDATE OF words ON mailbox_item
      WHEN old.words IS NOT NULL AND old.words IS NOT new.words
      BEGIN INSERT OR IGNORE INTO mailbox_lost_words VALUES (old.words); END`,
  ],
}];
