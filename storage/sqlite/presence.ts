// Who of the processes that share a database file is still there: a lock that ends with its process.
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Presence } from "../../core/database.ts";
import { isBusy } from "../refusal.ts";
import { connect, type Connection } from "./connection.ts";
import type { OpenDriver } from "./driver.ts";

/** Until when the file of a process that has ended may be asked about, in milliseconds. */
const kept = 3_600_000;

/**
 * Each process keeps an empty file of its own beside the database, locked. The kernel takes the lock
 * away at the very end of the process, however it ends. Process ids and the names of machines would
 * say less: both are the same in many containers, and ids are given again. Whoever can share the
 * database file shares its locks too, or SQLite itself could not work there.
 *
 * SQLite does the locking because no runtime has a call for that. The file must not be opened by
 * anything else in this process: closing it would give up the lock.
 */
export class FilePresence implements Presence {
  readonly name = randomUUID();
  readonly #driver: OpenDriver;
  readonly #database: string;
  readonly #held: Connection;

  /** Throws where the file cannot be made. */
  constructor(driver: OpenDriver, database: string) {
    this.#driver = driver;
    this.#database = database;
    const file = this.#fileOf(this.name);
    closeSync(openSync(file, "wx", 0o600));
    try {
      this.#held = lock(driver, file)!;
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
    this.#tidy();
  }

  hasEnded(name: string): boolean {
    // Without its file it may have another path to the database, and be alive.
    if (name === this.name || !uuid.test(name) || !existsSync(this.#fileOf(name))) return false;
    try {
      const held = lock(this.#driver, this.#fileOf(name));
      held?.close();
      return held !== undefined;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#held.close();
    rmSync(this.#fileOf(this.name), { force: true });
  }

  #fileOf(name: string): string {
    return `${this.#database}${between}${name}`;
  }

  /** Removes the files of those that have ended long ago. */
  #tidy(): void {
    const folder = dirname(this.#database);
    const start = basename(this.#database) + between;
    for (const file of readdirSync(folder)) {
      if (!file.startsWith(start) || !this.hasEnded(file.slice(start.length))) continue;
      const made = statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (made < Date.now() - kept) rmSync(join(folder, file), { force: true });
    }
  }
}

const between = "-process-";
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The lock on a file; undefined where another connection has it. */
function lock(driver: OpenDriver, file: string): Connection | undefined {
  const connection = connect(driver, file);
  try {
    connection.all("PRAGMA busy_timeout = 0");
    connection.run("BEGIN EXCLUSIVE");
    return connection;
  } catch (error) {
    connection.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}
