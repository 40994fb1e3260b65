// Who waits for changes: told at once by this process's writes, and by a poll of others' writes.
import type { Clock, Database, Log } from "../../../../core/mod.ts";

/** How often other processes' changes are looked for while somebody waits. */
const POLL_MS = 400;

/** Something changed: in a folder, or (`folder` empty) in the hierarchy of an account. */
export interface Note {
  readonly account: number;
  readonly folder: string;
  /** The number of the change. */
  readonly seq: number;
}

interface Waiting {
  readonly told: Set<(folder: string) => void>;
  /** The latest change that they were told of. */
  seq: number;
}

/** All watches of one store. A watch costs an entry in a set per folder; ending it is O(1). */
export class Watchers {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, Waiting>();
  /** Ends the poll that is to come. */
  #stop: (() => void) | undefined;
  #polling = false;
  /** Changes up to this one were looked at; undefined: not looked yet. */
  #seen: number | undefined;
  /** The latest change that this process knows of: whoever comes now has not missed it. */
  #latest = 0;

  constructor(db: Database, clock: Clock, log: Log) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
  }

  /** Calls `changed` whenever something changes in one of `folders`; returns what ends that. */
  watch(
    account: number,
    folders: readonly string[],
    changed: (folder: string) => void,
  ): () => void {
    // A function of its own per watch: the same `changed` may be handed in twice.
    const tell = (folder: string) => changed(folder);
    const keys = [...new Set(folders)].map((folder) => `${account}/${folder}`);
    for (const key of keys) this.#at(key).told.add(tell);
    this.#start();
    return () => {
      for (const key of keys) this.#leave(key, tell);
      if (!this.#waiting.size) this.#end();
    };
  }

  /** Tells those who wait for this, unless they were told already. */
  tell({ account, folder, seq }: Note): void {
    this.#latest = Math.max(this.#latest, seq);
    const waiting = this.#waiting.get(`${account}/${folder}`);
    if (!waiting || waiting.seq >= seq) return;
    waiting.seq = seq;
    for (const changed of [...waiting.told]) {
      try {
        changed(folder);
      } catch (error) {
        this.#log.error({ err: error }, "A watcher failed");
      }
    }
  }

  /** How many folders are watched. */
  get size(): number {
    return this.#waiting.size;
  }

  #at(key: string): Waiting {
    const waiting = this.#waiting.get(key) ?? { told: new Set(), seq: this.#latest };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #leave(key: string, tell: (folder: string) => void): void {
    const waiting = this.#waiting.get(key);
    if (waiting?.told.delete(tell) && !waiting.told.size) this.#waiting.delete(key);
  }

  #start(): void {
    if (this.#stop || this.#polling) return;
    // The first look comes at once: what is there now is not news.
    void this.#poll();
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
    // A look under way goes on counting: somebody may have come meanwhile.
    if (!this.#polling) this.#seen = undefined;
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    this.#stop = undefined;
    try {
      if (this.#seen === undefined) await this.#lookFirst();
      else await this.#look(this.#seen);
    } catch (error) {
      this.#log.warn({ err: error }, "Cannot look for changes of other processes");
    }
    this.#polling = false;
    if (this.#waiting.size) this.#stop = this.#clock.after(POLL_MS, () => void this.#poll());
    else this.#seen = undefined;
  }

  async #lookFirst(): Promise<void> {
    const [row] = await this.#db.all<{ value: number }>(
      "SELECT value FROM mailbox_sequence WHERE id = 1",
    );
    this.#seen = row?.value ?? 0;
  }

  async #look(seen: number): Promise<void> {
    const rows = await this.#db.all<{ id: number; account: number; seq: number; changed: number }>(
      "SELECT id, account, seq, changed FROM mailbox_folder WHERE changed > ? ORDER BY changed",
      [seen],
    );
    for (const { id, account, seq, changed } of rows) {
      this.#seen = changed;
      this.tell({ account, folder: String(id), seq: changed });
      if (seq > seen) this.tell({ account, folder: "", seq });
    }
  }
}
