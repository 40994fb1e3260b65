// Storage in a SQLite file, by the SQLite that each runtime brings.
//
// Durability: WAL with synchronous=FULL. What was acknowledged survives a killed process and a power
// cut; NORMAL would be quicker and could lose the last acknowledged mail in a power cut.
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Database, type Storage, StorageError, type Value } from "../../core/database.ts";
import { openQueue, type Queue } from "../queue.ts";
import { isBusy } from "../refusal.ts";
import { inspect } from "../statement.ts";
import { vacuumInto } from "./backup.ts";
import { connect, type Connection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { finish } from "./transaction.ts";

export interface SqliteOptions {
  /** How long to wait for another process's lock, in milliseconds. */
  readonly busyMs?: number;
}

/**
 * Opens the SQLite database at `path` and creates it, with its folder, where there is none. Several
 * processes may have it open at once. `:memory:` is a database of its own that ends with `close`.
 * Throws {@link StorageError}.
 */
export async function openSqlite(path: string, options: SqliteOptions = {}): Promise<Storage> {
  const driver = await loadDriver();
  const { busyMs = 5000 } = options;
  if (path !== ":memory:") touch(path);
  const open = () => configure(connect(driver, path), busyMs);
  const writer = open();
  try {
    return new SqliteStorage(path, open, writer, busyMs);
  } catch (error) {
    writer.close();
    throw error;
  }
}

// What SQLite itself waits for a lock: this stops the whole process, so the long wait is ours.
const blockingMs = 20;

/** Only the owner may read it: it holds mail and password hashes. SQLite's -wal and -shm follow. */
function touch(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EROFS" || code === "EACCES" || code === "EPERM") return; // it may still be read
    throw new StorageError("other", `Cannot open ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Every setting that matters is said: the runtimes' defaults differ. */
function configure(connection: Connection, busyMs: number): Connection {
  try {
    connection.all(`PRAGMA busy_timeout = ${busyMs}`); // the journal mode may need the file alone
    connection.all("PRAGMA journal_mode = WAL");
    connection.run("PRAGMA synchronous = FULL");
    connection.run("PRAGMA foreign_keys = ON");
    connection.all(`PRAGMA journal_size_limit = ${64 << 20}`); // bytes
    connection.run("PRAGMA cache_size = -16384"); // KiB
    connection.all(`PRAGMA busy_timeout = ${blockingMs}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One connection that writes, behind a queue, and one that reads what is committed. */
class SqliteStorage implements Storage {
  readonly location: string;
  readonly #open: () => Connection;
  readonly #writer: Connection;
  /** None in memory, where a second connection would be a second database. */
  readonly #reader: Connection | undefined;
  readonly #busyMs: number;
  readonly #queue: Queue = openQueue();
  #schema = 0;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(location: string, open: () => Connection, writer: Connection, busyMs: number) {
    this.location = location;
    this.#open = open;
    this.#writer = writer;
    this.#busyMs = busyMs;
    if (location === ":memory:") return;
    this.#reader = open();
    this.#reader.run("PRAGMA query_only = ON");
  }

  async all<R>(sql: string, values: readonly Value[] = []): Promise<R[]> {
    this.#checkOpen();
    const reader = this.#reader;
    if (!reader) return await this.#queue.enter("read", () => this.#readAlone<R>(sql, values));
    if (this.#schema !== this.#writer.schema) reader.forget();
    this.#schema = this.#writer.schema;
    return await this.#patiently(() => onlyReads(sql, () => reader.all<R>(sql, values)));
  }

  async run(sql: string, values: readonly Value[] = []): Promise<{ changes: number }> {
    this.#checkOpen();
    return await this.#queue.enter(
      "write",
      () => this.#patiently(() => this.#writer.run(sql, values)),
    );
  }

  async transaction<R>(work: (tx: Database) => Promise<R>): Promise<R> {
    this.#checkOpen();
    return await this.#queue.enter("begin a transaction", async () => {
      await this.#patiently(() => this.#writer.run("BEGIN IMMEDIATE"));
      return await finish(this.#writer, work);
    });
  }

  async backup(file: string): Promise<void> {
    this.#checkOpen();
    if (!this.#reader) {
      return await this.#queue.enter("back up", () => vacuumInto(this.#writer, file));
    }
    const source = this.#open(); // of its own: reads go on where it is another process's backup
    try {
      await vacuumInto(source, file);
    } finally {
      source.close();
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#queue.idle().then(() => {
      this.#closed = true;
      this.#reader?.close();
      this.#writer.close(); // the last to close: it empties the -wal file
    });
  }

  #checkOpen(closed: unknown = this.#closing): void {
    if (!closed) return;
    throw new StorageError("other", `Cannot use ${this.location}: the database is closed`);
  }

  /** Reads in memory: on the one connection, between the writers. */
  async #readAlone<R>(sql: string, values: readonly Value[]): Promise<R[]> {
    this.#writer.run("PRAGMA query_only = ON");
    try {
      return await onlyReads(sql, () => this.#writer.all<R>(sql, values));
    } finally {
      this.#writer.run("PRAGMA query_only = OFF");
    }
  }

  /** Tries again while another process holds the lock, without stopping this one. */
  async #patiently<R>(work: () => R): Promise<R> {
    for (let waited = 0, pause = 1;; waited += pause, pause = Math.min(pause * 2, 50)) {
      this.#checkOpen(this.#closed);
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || waited >= this.#busyMs) throw error;
      }
      await wait(pause); // real time whatever the clock: another process holds the lock
    }
  }
}

function onlyReads<R>(sql: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    const { verb, about } = inspect(sql);
    const writes = error instanceof StorageError && error.kind === "readonly" && verb !== "SELECT";
    if (!writes) throw error;
    throw new TypeError(`Cannot run ${about} as a read: it writes; use run() or a transaction`);
  }
}
