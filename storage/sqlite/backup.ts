// A consistent copy of a database as a SQLite file, made while others read and write.
import { existsSync } from "node:fs";
import { chmod, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../../core/database.ts";
import { copyDatabase, type Source } from "../copy.ts";
import { connect, type Connection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { removeDatabase, settle } from "./files.ts";

/**
 * Copies what is committed now to `file`, which must not exist and appears when it is complete and on
 * the disk. This stops the calling process for as long as the copy takes.
 */
export async function backUp(source: Connection, file: string): Promise<void> {
  await publish(file, async (partial) => {
    try {
      source.run("VACUUM INTO ?", [partial]);
    } catch (error) {
      if (!mayNotAttach(error)) throw error;
      source.run("BEGIN");
      try {
        await fill(partial, { all: async (sql, values) => await source.all(sql, values) });
      } finally {
        source.run("ROLLBACK");
      }
    }
  });
}

/** Copies what `source` sees, row by row, to `file`; else as {@link backUp}. */
export async function copyInto(source: Source, file: string): Promise<void> {
  await publish(file, (partial) => fill(partial, source));
}

/** VACUUM INTO attaches its target, which Deno lets no process do that may not write everywhere. */
function mayNotAttach(error: unknown): boolean {
  return error instanceof StorageError && /too many attached databases/.test(error.message);
}

async function publish(file: string, make: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(file)) {
    throw new StorageError("other", `Cannot back up to ${file}: it exists already`);
  }
  const partial = `${file}.partial`;
  await removeDatabase(partial);
  try {
    await make(partial);
    await chmod(partial, 0o600);
    await settle(partial);
    await rename(partial, file);
    await settle(dirname(file));
  } finally {
    await removeDatabase(partial);
  }
}

async function fill(file: string, source: Source): Promise<void> {
  const copy = connect(await loadDriver(), file);
  try {
    // Half a copy is of no use: nothing is kept for the case that this stops midway.
    copy.all("PRAGMA journal_mode = OFF");
    copy.run("PRAGMA synchronous = OFF");
    copy.run("PRAGMA foreign_keys = OFF");
    copy.run("BEGIN");
    await copyDatabase(source, {
      async load(statements) {
        for (const { sql, values } of statements) copy.run(sql, values);
      },
    });
    copy.run("COMMIT");
  } finally {
    copy.close();
  }
}
