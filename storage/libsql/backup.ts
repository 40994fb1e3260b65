// Copies a server's database into a SQLite file.
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../../core/database.ts";
import { copyDatabase, type Source } from "../copy.ts";
import { removeDatabase, settle } from "../sqlite/files.ts";
import { openSqlite } from "../sqlite/mod.ts";

/** Writes what `source` sees to `file`, which must not exist; it appears when it is complete. */
export async function copyToFile(source: Source, file: string): Promise<void> {
  if (existsSync(file)) {
    throw new StorageError("other", `Cannot back up to ${file}: it exists already`);
  }
  const partial = `${file}.partial`;
  await removeDatabase(partial);
  try {
    const copy = await openSqlite(partial);
    try {
      await copy.transaction(async (tx) => {
        await tx.run("PRAGMA defer_foreign_keys = ON");
        await copyDatabase(source, {
          async load(statements) {
            for (const { sql, values } of statements) await tx.run(sql, values);
          },
        });
      });
    } finally {
      await copy.close();
    }
    await settle(partial);
    await rename(partial, file);
    await settle(dirname(file));
  } finally {
    await removeDatabase(partial);
  }
}
