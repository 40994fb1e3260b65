// A write transaction on a connection: all or nothing.
import { type Database, StorageError } from "../../core/database.ts";
import type { Connection } from "./connection.ts";

/** Runs `work` between BEGIN (done by the caller) and COMMIT; on any failure everything is undone. */
export async function finish<R>(
  writer: Connection,
  work: (tx: Database) => Promise<R>,
): Promise<R> {
  const tx = open(writer);
  try {
    const result = await work(tx.database);
    tx.check();
    writer.run("COMMIT");
    return result;
  } catch (error) {
    if (writer.inTransaction) writer.run("ROLLBACK");
    throw error;
  } finally {
    tx.end();
  }
}

function open(writer: Connection) {
  let ended = false;
  // SQLite rolls back by itself on some failures; what follows must not commit on its own.
  let lost: unknown;
  function check(): void {
    if (ended) throw new Error("Cannot use a transaction after its end");
    if (lost) {
      throw new StorageError("other", "Cannot go on: the transaction failed", { cause: lost });
    }
  }
  function step<R>(work: () => R): Promise<R> {
    try {
      check();
      return Promise.resolve(work());
    } catch (error) {
      if (!ended && !writer.inTransaction) lost ??= error;
      return Promise.reject(error);
    }
  }
  const database: Database = {
    all: (sql, values) => step(() => writer.all(sql, values)),
    run: (sql, values) => step(() => writer.run(sql, values)),
    async transaction(work) {
      check();
      try {
        return await work(database);
      } catch (error) {
        lost ??= error; // its part cannot be undone alone, so nothing of the whole may stay
        throw error;
      }
    },
    close: () => Promise.reject(new Error("Cannot close a database inside a transaction")),
  };
  return { database, check, end: () => ended = true };
}
