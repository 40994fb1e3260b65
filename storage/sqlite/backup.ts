// A consistent copy of a SQLite database, made while others read and write.
import { existsSync } from "node:fs";
import { chmod, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../../core/database.ts";
import type { Connection } from "./connection.ts";
import { settle } from "./files.ts";

/**
 * Copies what is committed now to `file`, which must not exist. The file appears under its name when
 * it is complete and on the disk. This stops the calling process for as long as the copy takes.
 */
export async function vacuumInto(source: Connection, file: string): Promise<void> {
  if (existsSync(file)) {
    throw new StorageError("other", `Cannot back up to ${file}: it exists already`);
  }
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  try {
    source.run("VACUUM INTO ?", [partial]);
    await chmod(partial, 0o600);
    await settle(partial);
    await rename(partial, file);
    await settle(dirname(file));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
