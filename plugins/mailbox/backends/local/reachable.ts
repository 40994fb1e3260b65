// Storage that cannot answer now is told as the port wants it: Unavailable, come back later.
import type { Database } from "../../../../core/mod.ts";
import { StorageError, Unavailable } from "../../../../core/mod.ts";

/** When to come back, in seconds: soon where somebody else is at it, later where a person must help. */
const RETRY_AFTER: Partial<Record<StorageError["kind"], number>> = {
  busy: 5,
  unreachable: 30,
  full: 300,
  readonly: 300,
};

/** The same database, whose passing troubles are `Unavailable`. What is damaged stays what it is. */
export function reachable(db: Database): Database {
  return {
    all: (sql, values) => told(() => db.all(sql, values)),
    run: (sql, values) => told(() => db.run(sql, values)),
    transaction: (work, options) => told(() => db.transaction(work, options)),
    close: () => db.close(),
  };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const retryAfter = error instanceof StorageError ? RETRY_AFTER[error.kind] : undefined;
    if (retryAfter === undefined) throw error;
    throw new Unavailable("Cannot reach the mailbox: its storage does not answer", retryAfter, {
      cause: error,
    });
  }
}
