// Storage in a SQLite file, by the SQLite that each runtime brings.
//
// Durability: what was acknowledged survives a killed process and a power cut. The database is in WAL
// mode with synchronous=NORMAL, which does not wait for the disk when it commits; we do, beside the
// event loop (`log_file.ts`), before anybody hears of a commit. Where the file system has no WAL,
// SQLite waits itself (FULL). Writers that come together share a commit.
import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  type Database,
  type Presence,
  type Storage,
  StorageError,
  type TransactionOptions,
  type Value,
} from "../../core/database.ts";
import { openQueue } from "../queue.ts";
import { isBusy } from "../refusal.ts";
import { backUp } from "./backup.ts";
import { breath } from "./breath.ts";
import { connect, type Connection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { LogFile } from "./log_file.ts";
import { FilePresence } from "./presence.ts";
import { SharedCommit } from "./shared_commit.ts";

export interface SqliteOptions {
  /** How long to wait for another process's lock, in milliseconds. */
  readonly busyMs?: number;
  /** Waits until a file is on the disk; fdatasync(2) unless told. */
  readonly sync?: (file: number) => Promise<void>;
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
    const [mode] = writer.all<{ journal_mode: string }>("PRAGMA journal_mode");
    const log = mode?.journal_mode === "wal" ? new LogFile(path, options.sync) : undefined;
    if (log) writer.run("PRAGMA synchronous = NORMAL");
    const appear = () => path === ":memory:" ? undefined : new FilePresence(driver, path);
    return new SqliteStorage({ location: path, open, writer, log, busyMs, appear });
  } catch (error) {
    writer.close();
    throw error;
  }
}

// What SQLite itself waits for a lock: this stops the whole process, so the long wait is ours.
const blockingMs = 20;

/**
 * Creates the file where there is none. Only the owner may read it: it holds mail and password hashes;
 * SQLite gives its -wal and -shm files the same rights. WAL needs the file and its folder writable.
 */
function touch(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const readOnly = code === "EROFS" || code === "EACCES" || code === "EPERM";
    const why = readOnly ? "the file and its folder must be writable" : message;
    throw new StorageError(readOnly ? "readonly" : "other", `Cannot open ${path}: ${why}`, {
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

interface SqliteParts {
  readonly location: string;
  readonly open: () => Connection;
  readonly writer: Connection;
  readonly log: LogFile | undefined;
  readonly busyMs: number;
  readonly appear: () => FilePresence | undefined;
}

/** One connection that writes, behind a queue, and one that reads what is committed. */
class SqliteStorage implements Storage {
  readonly location: string;
  readonly #open: () => Connection;
  readonly #writer: Connection;
  readonly #log: LogFile | undefined;
  /** None in memory, where a second connection would be a second database. */
  readonly #reader: Connection | undefined;
  readonly #busyMs: number;
  readonly #writes: SharedCommit;
  readonly #breath = breath();
  readonly #appear: () => FilePresence | undefined;
  #presence: FilePresence | undefined;
  #reading = 0;
  #schema = 0;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor({ location, open, writer, log, busyMs, appear }: SqliteParts) {
    this.location = location;
    this.#open = open;
    this.#writer = writer;
    this.#log = log;
    this.#busyMs = busyMs;
    this.#appear = appear;
    this.#writes = new SharedCommit({
      writer,
      log,
      queue: openQueue(),
      shares: location !== ":memory:", // memory has no disk to wait for
      patiently: (work) => this.#patiently(work),
    });
    if (location === ":memory:") return;
    this.#reader = open();
    this.#reader.run("PRAGMA query_only = ON");
  }

  async all<R>(sql: string, values: readonly Value[] = []): Promise<R[]> {
    this.#checkOpen();
    const reader = this.#reader;
    if (!reader) {
      return await this.#writes.alone("read", async () => await this.#writer.read<R>(sql, values));
    }
    this.#reading++;
    try {
      const turn = this.#breath();
      if (turn) await turn;
      const rows = await this.#patiently(() => {
        if (this.#schema !== this.#writer.schema) reader.readSchema();
        this.#schema = this.#writer.schema;
        return reader.read<R>(sql, values);
      });
      // Nobody acts on what a power cut could still take away.
      const pending = this.#log?.pending;
      if (pending) await pending;
      return rows;
    } finally {
      this.#reading--;
    }
  }

  async run(sql: string, values: readonly Value[] = []): Promise<{ changes: number }> {
    this.#checkOpen();
    return await this.#writes.run(sql, values);
  }

  async transaction<R>(
    work: (tx: Database) => Promise<R>,
    { durable = true }: TransactionOptions = {},
  ): Promise<R> {
    this.#checkOpen();
    return await this.#writes.transaction(work, durable);
  }

  presence(): Presence | undefined {
    this.#checkOpen();
    try {
      return this.#presence ??= this.#appear();
    } catch {
      return undefined; // others wait a little longer then
    }
  }

  async backup(file: string): Promise<void> {
    this.#checkOpen();
    if (!this.#reader) {
      return await this.#writes.alone("back up", () => backUp(this.#writer, file));
    }
    const source = this.#open(); // of its own: reads go on where it is another process's backup
    try {
      await backUp(source, file);
    } finally {
      source.close();
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** What was asked for before is done. */
  async #close(): Promise<void> {
    await this.#writes.idle();
    while (this.#reading > 0) await new Promise((resolve) => setImmediate(resolve));
    this.#closed = true;
    await this.#log?.close();
    this.#presence?.close();
    this.#reader?.close();
    this.#writer.close(); // the last to close: it empties the -wal file
  }

  #checkOpen(closed: unknown = this.#closing): void {
    if (!closed) return;
    throw new StorageError("other", `Cannot use ${this.location}: the database is closed`);
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
