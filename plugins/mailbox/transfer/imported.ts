// What was imported, so that a second run of the same import finds it again: also after months.
import type { Database, Migration } from "../../../core/mod.ts";

export const transferMigrations: readonly Migration[] = [{
  id: "20261122_imported",
  up: [
    `CREATE TABLE mailbox_imported (
      account INTEGER NOT NULL,
      folder TEXT NOT NULL,
      hash BLOB NOT NULL,
      PRIMARY KEY (account, folder, hash)
    ) WITHOUT ROWID`,
  ],
}];

/** The memory of imports into one account. `hash`: of the message's bytes. */
export interface Imported {
  has(folder: string, hash: Uint8Array): Promise<boolean>;
  add(folder: string, hash: Uint8Array): Promise<void>;
}

export function importedInto(db: Database, account: number): Imported {
  return {
    async has(folder, hash) {
      const sql = "SELECT 1 FROM mailbox_imported WHERE account = ? AND folder = ? AND hash = ?";
      return (await db.all(sql, [account, folder, hash])).length > 0;
    },
    async add(folder, hash) {
      const sql = "INSERT INTO mailbox_imported VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
      await db.run(sql, [account, folder, hash]);
    },
  };
}

/** Forgets all of an account, when it is deleted. */
export async function forgetImports(db: Database, account: number): Promise<void> {
  await db.run("DELETE FROM mailbox_imported WHERE account = ?", [account]);
}
