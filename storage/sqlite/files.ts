// The files of a SQLite database.
import { open, rm } from "node:fs/promises";

/** Removes a database's files: itself and what SQLite keeps beside it. */
export async function removeDatabase(
  path: string,
  suffixes: readonly string[] = ["", "-wal", "-shm"],
): Promise<void> {
  for (const suffix of suffixes) await rm(path + suffix, { force: true });
}

/** Waits until a file or folder is on the disk. */
export async function settle(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
