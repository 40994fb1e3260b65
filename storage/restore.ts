// Puts a backup in the place of a storage's contents.
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../core/database.ts";
import { copyDatabase, dropEverything, type Source, type Statement } from "./copy.ts";
import { connect, type Connection } from "./sqlite/connection.ts";
import { loadDriver } from "./sqlite/driver.ts";
import { removeDatabase, settle } from "./sqlite/files.ts";
import { filePath, isRemote, remoteAddress } from "./url.ts";

export interface RestoreOptions {
  readonly token?: string | undefined;
  /** Replaces what is there. */
  readonly force?: boolean;
}

/**
 * Restores the backup `file` into the storage at `url`, which nothing else may use meanwhile. Refuses
 * a storage that holds something, unless forced. A SQLite file is replaced at once or not at all; a
 * server's database is emptied again where the loading fails. Throws `StorageError`.
 */
export async function restore(
  file: string,
  url: string,
  { token, force = false }: RestoreOptions = {},
): Promise<void> {
  if (!existsSync(file)) {
    throw new StorageError("other", `Cannot restore ${file}: there is no such file`);
  }
  if (existsSync(`${file}-wal`) && (await stat(`${file}-wal`)).size > 0) {
    throw refused(file, "it is a database in use, not a backup; make one with `backup`");
  }
  if (isRemote(url)) await restoreRemote(file, url, token, force);
  else await restoreFile(file, filePath(url), force);
}

function refused(file: string, why: string): StorageError {
  return new StorageError("other", `Cannot restore ${file}: ${why}`);
}

async function restoreFile(file: string, path: string, force: boolean): Promise<void> {
  if (path === ":memory:") throw refused(file, "a database in memory ends with this command");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.restoring`;
  try {
    await removeDatabase(fresh);
    await copyFile(file, fresh);
    await chmod(fresh, 0o600);
    (await openChecked(fresh, file)).close();
    await settle(fresh);
    await giveWay(path, file, force);
    await rename(fresh, path);
    await settle(dirname(path));
  } finally {
    await removeDatabase(fresh);
  }
}

/** Opens a backup for reading and makes sure that it is whole. */
async function openChecked(path: string, named: string): Promise<Connection> {
  const backup = connect(await loadDriver(), path);
  try {
    backup.run("PRAGMA query_only = ON");
    const [found] = backup.all<{ integrity_check: string }>("PRAGMA integrity_check(1)");
    if (found?.integrity_check !== "ok") throw new Error(found?.integrity_check);
    if (isEmpty(backup)) throw new Error("it is empty");
    const [dangling] = backup.all<{ table: string }>("PRAGMA foreign_key_check");
    if (dangling) throw new Error(`a row of ${dangling.table} refers to nothing`);
    return backup;
  } catch (error) {
    backup.close();
    throw new StorageError("corrupt", `Cannot restore ${named}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Makes sure that nobody uses the database at `path`, that it may go, and that no -wal outlives it. */
async function giveWay(path: string, file: string, force: boolean): Promise<void> {
  if (existsSync(path)) {
    const old = connect(await loadDriver(), path);
    try {
      // Only the last user of a database can end its WAL; this also empties the -wal file.
      old.all("PRAGMA busy_timeout = 200");
      old.all("PRAGMA journal_mode = DELETE");
      if (!force && !isEmpty(old)) {
        throw refused(file, `${path} holds data; force to replace it`);
      }
    } catch (error) {
      const { kind } = error as StorageError;
      if (kind === "busy") throw refused(file, `${path} is in use; stop the server first`);
      if (kind !== "corrupt" || !force) throw error; // a broken database is what a backup is for
    } finally {
      old.close();
    }
  }
  // A -wal of the old database would be applied to the new one.
  await removeDatabase(path, ["-wal", "-shm"]);
}

function isEmpty(database: Connection): boolean {
  return database.all("SELECT 1 FROM sqlite_schema LIMIT 1").length === 0;
}

async function restoreRemote(
  file: string,
  url: string,
  token: string | undefined,
  force: boolean,
): Promise<void> {
  const { connectRemote } = await import("./libsql/remote.ts");
  const { address, token: shown } = remoteAddress(url, token);
  const backup = await openChecked(file, file);
  const remote = connectRemote(address, shown);
  const source: Source = { all: async (sql, values) => await backup.all(sql, values) };
  const load = (statements: readonly Statement[]) =>
    remote.batch([{ sql: "PRAGMA defer_foreign_keys = ON", values: [] }, ...statements]);
  try {
    const old = await dropEverything(remote);
    if (old.length > 0 && !force) {
      throw refused(file, `${address} holds data; force to replace it`);
    }
    await load(old);
    try {
      await copyDatabase(source, { load });
    } catch (error) {
      await load(await dropEverything(remote)).catch(() => {}); // the first failure tells more
      throw error;
    }
  } finally {
    remote.close();
    backup.close();
  }
}
