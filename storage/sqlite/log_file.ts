// Waits for the disk beside the event loop, where SQLite would stop the whole process for it.
import { close, fdatasync, openSync } from "node:fs";
import { promisify } from "node:util";
import { StorageError } from "../../core/database.ts";

/**
 * The write-ahead log of an open database. Everything that is committed goes to its end, so that one
 * flush makes all commits before it durable, whoever made them.
 *
 * SQLite takes no locks on this file: opening and closing it once more gives up none of them.
 */
export class LogFile {
  readonly #path: string;
  readonly #wait: (file: number) => Promise<void>;
  #file: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failed: StorageError | undefined;

  /** `database`: the path of a database in WAL mode that stays open as long as this. */
  constructor(database: string, wait: (file: number) => Promise<void> = promisify(fdatasync)) {
    this.#path = `${database}-wal`;
    this.#wait = wait;
  }

  /**
   * Why nothing more may be written: a disk that failed once may say yes the next time although the
   * data is gone.
   */
  get failed(): StorageError | undefined {
    return this.#failed;
  }

  /** The flush that somebody waits for, as {@link flush} returned it last; undefined: there is none. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#running;
  }

  /** Resolves when what is committed by now is on the disk. Throws StorageError. */
  flush(): Promise<void> {
    if (!this.#running) return this.#begin();
    // It has begun before the last commit, so that says nothing of it.
    return this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#begin();
    });
  }

  /** Resolves when nothing is on its way to the disk any more, and the file is closed. */
  async close(): Promise<void> {
    while (this.#running) await (this.#next ?? this.#running).catch(() => {});
    if (this.#file !== undefined) await promisify(close)(this.#file);
    this.#file = undefined;
  }

  #begin(): Promise<void> {
    const running = this.#sync().finally(() => this.#running = undefined);
    return this.#running = running;
  }

  async #sync(): Promise<void> {
    if (this.#failed) throw this.#failed;
    try {
      await this.#wait(this.#file ??= openSync(this.#path, "r+"));
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      // SQLite makes it when it first writes: nothing is there to wait for.
      if (code === "ENOENT") return;
      this.#failed = new StorageError("other", `Cannot commit: the disk failed: ${message}`, {
        cause: error,
      });
      throw this.#failed;
    }
  }
}
