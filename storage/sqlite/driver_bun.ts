// SQLite of Bun (`bun:sqlite`).
import type { Row, Value } from "../../core/database.ts";
import type { Driver } from "./driver.ts";

/** The part of `bun:sqlite` that is used here; the other runtimes do not know its types. */
interface BunStatement {
  safeIntegers(on: boolean): this;
  all(...values: readonly Value[]): Row[];
  run(...values: readonly Value[]): { changes: number };
  finalize(): void;
}
interface BunDatabase {
  prepare(sql: string): BunStatement;
  readonly inTransaction: boolean;
  close(): void;
}

// By a name that checkers and bundlers for other runtimes do not follow.
const name = "bun:sqlite";
const { Database }: { Database: new (path: string) => BunDatabase } = await import(name);

/** Opens `path` with `bun:sqlite`. */
export function openBun(path: string): Driver {
  const db = new Database(path);
  return {
    prepare(sql) {
      const statement = db.prepare(sql);
      return {
        all: (values, exact) => statement.safeIntegers(exact).all(...values),
        run: (values) => statement.run(...values).changes,
        finalize: () => statement.finalize(),
      };
    },
    get inTransaction() {
      return db.inTransaction;
    },
    close: () => db.close(),
  };
}
