// A database that is handed out before it is opened: plugins contribute first, work comes later.
import type { Database } from "./database.ts";

export interface LateDatabase extends Database {
  /** From now on everything goes to `db`. */
  use(db: Database): void;
}

/** Refuses everything until `use`. */
export function lateDatabase(): LateDatabase {
  let opened: Database | undefined;
  const db = () => {
    if (opened) return opened;
    throw new Error("Cannot use the database: it is not open yet");
  };
  return {
    use: (db) => {
      opened = db;
    },
    all: async (sql, values) => db().all(sql, values),
    run: async (sql, values) => db().run(sql, values),
    transaction: async (work, options) => db().transaction(work, options),
    presence: () => opened?.presence?.(),
    close: async () => await opened?.close(),
  };
}
