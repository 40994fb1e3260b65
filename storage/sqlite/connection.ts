// One connection: prepared statements kept, values checked, errors translated.
import { LRUCache } from "lru-cache";
import { ConstraintError, type Row, StorageError, type Value } from "../../core/database.ts";
import { refusal } from "../refusal.ts";
import { bindable, inspect, mustRead, narrow, rounded, type Shape } from "../statement.ts";
import type { Driver, OpenDriver, Prepared } from "./driver.ts";

/** A connection to a SQLite file; synchronous, as the drivers are. */
export interface Connection {
  all<R>(sql: string, values?: readonly Value[]): R[];
  /** As `all`, and refuses what would write. */
  read<R>(sql: string, values?: readonly Value[]): R[];
  run(sql: string, values?: readonly Value[]): { changes: number };
  /** Whether a statement may change rows; what changes none may be impossible in a transaction. */
  changesRows(sql: string): boolean;
  readonly inTransaction: boolean;
  /** How often it changed the schema. */
  readonly schema: number;
  /** After another connection changed the schema: statements prepared earlier have old columns. */
  readSchema(): void;
  close(): void;
}

interface Known {
  readonly shape: Shape;
  readonly prepared: Prepared;
  exact: boolean;
}

/** How many statements stay prepared per connection. */
const kept = 500;
const changesSchema = new Set(["CREATE", "ALTER", "DROP"]);

/** Opens a connection. Throws {@link StorageError}. */
export function connect(open: OpenDriver, path: string): Connection {
  const driver = attempt(`open ${path}`, () => open(path));
  const statements = new LRUCache<string, Known>({
    max: kept,
    dispose: ({ prepared }) => prepared.finalize(),
  });
  let schema = 0;
  function known(sql: string): Known {
    const old = statements.get(sql);
    if (old) return old;
    const fresh = prepare(driver, sql);
    statements.set(sql, fresh);
    return fresh;
  }
  return {
    all: <R>(sql: string, values: readonly Value[] = []) => rows(known(sql), values) as R[],
    read<R>(sql: string, values: readonly Value[] = []) {
      const statement = known(sql);
      mustRead(statement.shape);
      return rows(statement, values) as R[];
    },
    run(sql, values = []) {
      const { shape, prepared } = known(sql);
      const bound = bindable(values, shape);
      const changes = attempt(`run ${shape.about}`, () => prepared.run(bound));
      if (changesSchema.has(shape.verb)) {
        schema++;
        statements.clear();
      }
      return { changes: shape.counts ? changes : 0 }; // else of an earlier statement
    },
    changesRows: (sql) => known(sql).shape.counts,
    get inTransaction() {
      return driver.inTransaction;
    },
    get schema() {
      return schema;
    },
    readSchema() {
      statements.clear();
      rows(known("SELECT count(*) FROM sqlite_schema"), []); // only a step notices the change
    },
    close() {
      statements.clear();
      driver.close();
    },
  };
}

function prepare(driver: Driver, sql: string): Known {
  const shape = inspect(sql);
  const prepared = attempt(`run ${shape.about}`, () => driver.prepare(sql));
  // Only a plain SELECT may be read twice, once quickly and once more for large integers.
  return { shape, prepared, exact: shape.verb !== "SELECT" };
}

function rows(statement: Known, values: readonly Value[]): Row[] {
  const bound = bindable(values, statement.shape);
  return attempt(`run ${statement.shape.about}`, () => fetch(statement, bound));
}

function fetch(statement: Known, values: readonly Value[]): Row[] {
  if (!statement.exact) {
    try {
      const rows = statement.prepared.all(values, false);
      if (!rows.some(rounded)) return rows;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_OUT_OF_RANGE") throw error;
    }
    statement.exact = true;
  }
  return statement.prepared.all(values, true).map(narrow);
}

function attempt<R>(what: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConstraintError || error instanceof StorageError) throw error;
    // `errcode` in node:sqlite, `errno` in bun:sqlite
    const { errcode, errno, message } = error as Error & { errcode?: number; errno?: number };
    throw refusal(errcode ?? errno, what, message, error);
  }
}
