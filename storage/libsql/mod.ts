// Storage in a libSQL server, by its HTTP protocol; `file:` is a SQLite file of this machine.
//
// What was acknowledged is as durable as the server makes it. One request is one round trip: reads
// run at once, writers wait for each other here as they would at the server.
import { type Database, type Storage, StorageError, type Value } from "../../core/database.ts";
import { openQueue, type Queue } from "../queue.ts";
import { copyInto } from "../sqlite/backup.ts";
import { openSqlite } from "../sqlite/mod.ts";
import { filePath, isRemote, remoteAddress } from "../url.ts";
import { complete } from "../transaction.ts";
import type { LineOptions } from "./line.ts";
import { connectRemote, type Remote } from "./remote.ts";

export interface LibsqlOptions extends LineOptions {
  /** What the server gave as the password of this database; never part of a message. */
  readonly token?: string;
}

/**
 * Opens the database at `url`: `libsql:`, `https:`, `http:`, or `file:`. libSQL's own file driver is a
 * native addon, slower than the runtimes' SQLite and of the same format, hence `file:` is opened by
 * {@link openSqlite}. Throws {@link StorageError}; `unreachable` where nobody answers.
 */
export async function openLibsql(url: string, options: LibsqlOptions = {}): Promise<Storage> {
  if (!isRemote(url)) return await openSqlite(filePath(url));
  const { address, token } = remoteAddress(url, options.token);
  const remote = connectRemote(address, token, options);
  try {
    const [row] = await remote.all("PRAGMA foreign_keys");
    if (row?.["foreign_keys"] !== 1) {
      throw new StorageError("other", `Cannot use ${address}: it does not enforce foreign keys`);
    }
    return new LibsqlStorage(address, remote);
  } catch (error) {
    remote.close();
    throw error;
  }
}

class LibsqlStorage implements Storage {
  readonly location: string;
  readonly #remote: Remote;
  readonly #queue: Queue = openQueue();
  #closing: Promise<void> | undefined;

  constructor(location: string, remote: Remote) {
    this.location = location;
    this.#remote = remote;
  }

  async all<R>(sql: string, values: readonly Value[] = []): Promise<R[]> {
    this.#checkOpen();
    return await this.#remote.all(sql, values) as R[];
  }

  async run(sql: string, values: readonly Value[] = []): Promise<{ changes: number }> {
    this.#checkOpen();
    return await this.#queue.enter("write", () => this.#remote.run(sql, values));
  }

  async transaction<R>(work: (tx: Database) => Promise<R>): Promise<R> {
    this.#checkOpen();
    return await this.#queue.enter(
      "begin a transaction",
      async () => await complete(await this.#remote.begin("write"), work),
    );
  }

  async backup(file: string): Promise<void> {
    this.#checkOpen();
    const snapshot = await this.#remote.begin("read");
    try {
      await copyInto(snapshot, file);
    } finally {
      await snapshot.rollback();
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#queue.idle().then(() => this.#remote.close());
  }

  #checkOpen(): void {
    if (!this.#closing) return;
    throw new StorageError("other", `Cannot use ${this.location}: the database is closed`);
  }
}
