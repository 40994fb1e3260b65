// A write transaction: all or nothing, whatever the storage below it.
import { type Database, type Row, StorageError, type Value } from "../core/database.ts";

/** An open transaction of one storage. */
export interface Session {
  all(sql: string, values?: readonly Value[]): Promise<Row[]>;
  run(sql: string, values?: readonly Value[]): Promise<{ changes: number }>;
  commit(): Promise<void>;
  /** Undoes everything, where that has not happened yet. */
  rollback(): Promise<void>;
  /** Whether the transaction is over although nobody ended it, now that `error` came up. */
  endedBy(error: unknown): boolean;
}

/** Runs `work` in `session` and commits; on any failure everything is undone. */
export async function complete<R>(
  session: Session,
  work: (tx: Database) => Promise<R>,
): Promise<R> {
  const state: State = { ended: false, lost: undefined };
  try {
    const result = await work(transactionOn(session, state));
    check(state);
    state.ended = true;
    await session.commit();
    return result;
  } catch (error) {
    state.ended = true;
    await session.rollback();
    throw error;
  }
}

interface State {
  ended: boolean;
  // Some failures end a transaction by themselves; what follows must not be kept on its own.
  lost: unknown;
}

function check({ ended, lost }: State): void {
  if (ended) throw new Error("Cannot use a transaction after its end");
  if (lost) {
    throw new StorageError("other", "Cannot go on: the transaction failed", { cause: lost });
  }
}

function transactionOn(session: Session, state: State): Database {
  async function step<R>(work: () => Promise<R>): Promise<R> {
    check(state);
    try {
      return await work();
    } catch (error) {
      if (session.endedBy(error)) state.lost ??= error;
      throw error;
    }
  }
  const tx: Database = {
    all: <R>(sql: string, values?: readonly Value[]) =>
      step(() => session.all(sql, values)) as Promise<R[]>,
    run: (sql, values) => step(() => session.run(sql, values)),
    async transaction(work) {
      check(state);
      try {
        return await work(tx);
      } catch (error) {
        state.lost ??= error; // its part cannot be undone alone, so nothing of the whole may stay
        throw error;
      }
    },
    close: () => Promise.reject(new Error("Cannot close a database inside a transaction")),
  };
  return tx;
}
