// The tables of the sync engine's memory.
import type { Migration } from "../../core/mod.ts";

export const migrations: readonly Migration[] = [
  {
    id: "20261122_copies",
    up: [
      // A device's copy of a collection: what it has confirmed (key, state), and what the last
      // answer handed out (next_*, in `generation`). Starting over with key 0 makes a new copy; the
      // old one stays valid until the device uses the new one's key. spares: JSON, see spare.ts.
      `CREATE TABLE smartsync_copy (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         collection TEXT NOT NULL,
         key TEXT NOT NULL,
         state TEXT,
         next_key TEXT NOT NULL,
         next_state TEXT NOT NULL,
         generation INTEGER NOT NULL DEFAULT 1,
         next_gone INTEGER NOT NULL,
         spare_keys TEXT,
         repeats INTEGER NOT NULL DEFAULT 0,
         repeated INTEGER,
         revision INTEGER NOT NULL DEFAULT 0,
         next_items TEXT NOT NULL,
         spares TEXT
       )`,
      "CREATE INDEX smartsync_copy_of ON smartsync_copy (account, device, collection)",
      // An item as the device has it after the answer of generation `told`, and before that answer
      // (old_*). has NULL: taken away; old_has NULL: it was not there. Handing out writes each row
      // once; the device's next key confirms it without another write.
      `CREATE TABLE smartsync_item (
         copy INTEGER NOT NULL,
         item TEXT NOT NULL,
         date INTEGER NOT NULL,
         has TEXT,
         told INTEGER NOT NULL,
         old_date INTEGER,
         old_has TEXT,
         PRIMARY KEY (copy, item)
       ) WITHOUT ROWID`,
      `CREATE INDEX smartsync_item_date ON smartsync_item (copy, date, item)
         WHERE has IS NOT NULL`,
      "CREATE INDEX smartsync_item_gone ON smartsync_item (copy) WHERE has IS NULL",
      `CREATE TABLE smartsync_journal (
         copy INTEGER NOT NULL,
         key TEXT NOT NULL,
         id TEXT NOT NULL,
         record TEXT NOT NULL,
         PRIMARY KEY (copy, key, id)
       ) WITHOUT ROWID`,
      `CREATE TABLE smartsync_memory (
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         name TEXT NOT NULL,
         text TEXT NOT NULL,
         PRIMARY KEY (account, device, name)
       ) WITHOUT ROWID`,
      // Copies that nobody can come back to; their rows are removed a few at a time.
      "CREATE TABLE smartsync_dead (copy INTEGER PRIMARY KEY)",
    ],
  },
];
