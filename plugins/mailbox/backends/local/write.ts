// How the local backend writes: one transaction each, once per token, watchers told after it.
import type { Clock, Database } from "../../../../core/mod.ts";
import type { LocalOptions } from "./mod.ts";
import type { Note, Watchers } from "./watchers.ts";

/** What all parts of the local backend work with. */
export interface Store {
  readonly db: Database;
  readonly clock: Clock;
  readonly watchers: Watchers;
  readonly wrote?: LocalOptions["wrote"];
}

/** A write transaction, and the number that its changes carry. */
export interface Write {
  readonly tx: Database;
  readonly account: number;
  readonly now: number;
  /** The next change's number, later than all that were committed; of `count`, the last one. */
  next(count?: number): Promise<number>;
  /** Notes that something in the folder changed, `by` so many items more or fewer. */
  touch(folder: number, seq: number, by?: number): Promise<void>;
  /** Notes whom to tell: watchers of a folder, or (`""`) of the hierarchy. The rows say it already. */
  note(folder: string, seq: number): void;
}

/**
 * Runs `work` in a transaction. With a `token`: once; a repetition answers what the first one did.
 * What `work` returns must survive JSON. A write that throws did not happen.
 */
export async function write<T>(
  store: Store,
  account: number,
  token: string | undefined,
  work: (write: Write) => Promise<T>,
): Promise<T> {
  const { notes, result } = await store.db.transaction(async (tx) => {
    const open = new OpenWrite(tx, account, store.clock.now());
    const result = await once(open, token, work);
    return { notes: open.notes, result };
  });
  for (const note of notes) store.watchers.tell(note);
  return result;
}

/** What the write with that token answered, if it happened. */
export async function answered<T>(
  db: Database,
  account: number,
  token: string,
): Promise<{ readonly result: T } | undefined> {
  const [row] = await db.all<{ result: string }>(
    "SELECT result FROM mailbox_token WHERE account = ? AND token = ?",
    [account, token],
  );
  return row && { result: JSON.parse(row.result) as T };
}

/** Does `work` once per token, inside a transaction. */
export async function once<T>(
  write: Write,
  token: string | undefined,
  work: (write: Write) => Promise<T>,
): Promise<T> {
  if (token === undefined) return await work(write);
  const first = await answered<T>(write.tx, write.account, token);
  if (first) return first.result;
  const result = await work(write);
  await write.tx.run("INSERT INTO mailbox_token (account, token, result, at) VALUES (?, ?, ?, ?)", [
    write.account,
    token,
    JSON.stringify(result ?? null),
    write.now,
  ]);
  return result;
}

export class OpenWrite implements Write {
  readonly tx: Database;
  readonly account: number;
  readonly now: number;
  readonly notes: Note[];

  constructor(tx: Database, account: number, now: number, notes: Note[] = []) {
    this.tx = tx;
    this.account = account;
    this.now = now;
    this.notes = notes;
  }

  async next(count = 1): Promise<number> {
    const [row] = await this.tx.all<{ value: number }>(
      "UPDATE mailbox_sequence SET value = value + ? WHERE id = 1 RETURNING value",
      [count],
    );
    return row!.value;
  }

  async touch(folder: number, seq: number, by = 0): Promise<void> {
    await this.tx.run("UPDATE mailbox_folder SET changed = ?, items = items + ? WHERE id = ?", [
      seq,
      by,
      folder,
    ]);
    this.note(String(folder), seq);
  }

  note(folder: string, seq: number): void {
    this.notes.push({ account: this.account, folder, seq });
  }
}
