// One commit for all who write at the same time: what a small write costs is mostly the wait for the
// disk.
//
// Writers run one after the other, as ever, but in one transaction of SQLite until the event loop has
// gone round once; each behind a savepoint of its own, so that what fails takes back its own part
// only. Nobody hears of a success before the common commit, and no reader sees anything of it until
// then. If that commit fails, it fails for all of them: nothing was promised to anybody. And as
// answers go out and requests come in while the loop goes round, no crowd of writers can keep the
// process to itself.
//
// Where there is a log file, SQLite does not wait for the disk at all, which would stop the process:
// the log does, beside the event loop, and the next writers go on meanwhile.
import type { Database, Value } from "../../core/database.ts";
import { StorageError } from "../../core/database.ts";
import type { Queue } from "../queue.ts";
import { complete, type Session } from "../transaction.ts";
import type { Connection } from "./connection.ts";
import type { LogFile } from "./log_file.ts";

// The first ones wait for those who join. Whoever comes later belongs to the next commit.
const mostMembers = 64;
const longestMs = 10;

/** What has been written and waits for its commit. */
interface Group {
  members: number;
  /** A member is in the middle of its part. */
  working: boolean;
  /** Nobody else joins: the commit comes with the end of the present part. */
  due: boolean;
  /** Some of it has to be on the disk before anybody hears of it. */
  durable: boolean;
  /** By the machine's own clock: this is about the machine. */
  readonly begun: number;
  readonly committed: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

/** What became of a writer's part. */
type Part<R> = { readonly value: R } | { readonly error: unknown };

export interface SharedCommitParts {
  readonly writer: Connection;
  readonly queue: Queue;
  /** False: each writer has its own commit, at once. */
  readonly shares: boolean;
  /** Waits for the disk in SQLite's place; absent where SQLite does it (`synchronous` FULL). */
  readonly log?: Pick<LogFile, "flush" | "failed"> | undefined;
  /** Does what needs a lock; waits while another process has it. */
  patiently<R>(work: () => R): Promise<R>;
}

/** The writing side of a database. */
export class SharedCommit {
  readonly #parts: SharedCommitParts;
  readonly #writer: Connection;
  #group: Group | undefined;
  #late = { schema: -1, found: false };

  constructor(parts: SharedCommitParts) {
    this.#parts = parts;
    this.#writer = parts.writer;
  }

  /** Runs one statement. */
  async run(sql: string, values: readonly Value[]): Promise<{ changes: number }> {
    const statement = () => this.#writer.run(sql, values);
    if (!this.#writer.changesRows(sql)) {
      return await this.alone("write", () => this.#parts.patiently(statement));
    }
    return await this.#share("write", async (first) => {
      try {
        return statement();
      } catch (error) {
        // SQLite itself has taken back what a failed statement did; no savepoint is needed.
        if (first) this.#rollBack();
        throw error;
      }
    });
  }

  async transaction<R>(work: (tx: Database) => Promise<R>, durable = true): Promise<R> {
    return await this.#share("begin a transaction", async (first) => {
      if (!first) this.#writer.run("SAVEPOINT member");
      return await complete(this.#session(first), work);
    }, durable);
  }

  /** Does what cannot be part of a transaction, such as pragmas, when its turn has come. */
  async alone<R>(what: string, work: () => Promise<R>): Promise<R> {
    return await this.#parts.queue.enter(what, async () => {
      this.#commit();
      const result = await work();
      await this.#parts.log?.flush();
      return result;
    });
  }

  /** Resolves when all who came so far are done and committed. */
  async idle(): Promise<void> {
    await this.#parts.queue.idle();
    const last = this.#group;
    this.#commit();
    await last?.committed.catch(() => {});
  }

  async #share<R>(
    what: string,
    member: (first: boolean) => Promise<R>,
    durable = true,
  ): Promise<R> {
    const [part, group] = await this.#parts.queue.enter(what, async () => {
      const group = await this.#open(durable);
      return [await this.#partOf(group, member), group] as const;
    });
    // A refusal waits too: it may rest on what somebody wrote that is not committed yet.
    await group.committed;
    if ("error" in part) throw part.error;
    return part.value;
  }

  async #open(durable: boolean): Promise<Group> {
    while (this.#group && isFull(this.#group)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#group) {
      this.#group.durable ||= durable;
      return this.#group;
    }
    if (this.#parts.log?.failed) throw this.#parts.log.failed;
    await this.#parts.patiently(() => this.#writer.run("BEGIN IMMEDIATE"));
    // What need not wait for the disk has nothing to gain from others.
    const group = openGroup(durable, !durable || !this.#parts.shares || this.#checksLate());
    this.#group = group;
    if (!group.due) {
      setImmediate(() => {
        group.due = true;
        if (!group.working) this.#commit(group);
      });
    }
    return group;
  }

  async #partOf<R>(group: Group, member: (first: boolean) => Promise<R>): Promise<Part<R>> {
    group.working = true;
    try {
      return { value: await member(group.members++ === 0) };
    } catch (error) {
      if (this.#writer.inTransaction) return { error };
      // It was the first, and nothing is left to commit; or its failure has ended everything.
      this.#group = undefined;
      if (group.members === 1) group.settle();
      else {group.settle(
          new StorageError("other", "Cannot commit: it was undone", { cause: error }),
        );}
      throw error;
    } finally {
      group.working = false;
      if (group.due) this.#commit(group);
    }
  }

  #commit(group = this.#group): void {
    if (!group || group !== this.#group) return;
    this.#group = undefined;
    try {
      this.#writer.run("COMMIT");
    } catch (error) {
      this.#rollBack();
      return group.settle(error);
    }
    const { log } = this.#parts;
    if (log && group.durable) log.flush().then(() => group.settle(), group.settle);
    else group.settle();
  }

  #rollBack(): void {
    if (this.#writer.inTransaction) this.#writer.run("ROLLBACK");
  }

  /** Constraints that are checked by the commit would fail for everybody: then nobody shares. */
  #checksLate(): boolean {
    const [version] = this.#writer.all<{ schema_version: number }>("PRAGMA schema_version");
    if (version!.schema_version !== this.#late.schema) {
      const late = this.#writer.all("SELECT 1 FROM sqlite_schema WHERE sql LIKE '%DEFERRED%'");
      this.#late = { schema: version!.schema_version, found: late.length > 0 };
    }
    return this.#late.found;
  }

  #session(first: boolean): Session {
    const writer = this.#writer;
    return {
      all: async (sql, values) => await writer.all(sql, values),
      run: async (sql, values) => await writer.run(sql, values),
      commit: async () => void (first || writer.run("RELEASE member")),
      rollback: async () => {
        if (first) return this.#rollBack();
        if (!writer.inTransaction) return;
        writer.run("ROLLBACK TO member");
        writer.run("RELEASE member");
      },
      endedBy: () => !writer.inTransaction,
    };
  }
}

function isFull({ members, begun }: Group): boolean {
  return members >= mostMembers || performance.now() - begun > longestMs;
}

function openGroup(durable: boolean, due: boolean): Group {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {}); // whoever ended it has an error of his own
  const settle = (error?: unknown) => error === undefined ? resolve() : reject(error);
  const begun = performance.now();
  return { members: 0, working: false, due, durable, begun, committed: promise, settle };
}
