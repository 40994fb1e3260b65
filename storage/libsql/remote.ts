// A libSQL server's database: values as the port wants them.
import type { InArgs, ResultSet } from "@libsql/client/http";
import { type Row, StorageError, type Value } from "../../core/database.ts";
import { bindable, inspect, mustRead, narrow, type Shape } from "../statement.ts";
import type { Session } from "../transaction.ts";
import { type Line, type LineOptions, openLine } from "./line.ts";

/** A server's database. */
export interface Remote {
  all(sql: string, values?: readonly Value[]): Promise<Row[]>;
  run(sql: string, values?: readonly Value[]): Promise<{ changes: number }>;
  /** Begins a transaction; `read` sees one moment of the database. */
  begin(mode: "read" | "write"): Promise<Session>;
  /** Runs statements in one transaction and one request. */
  batch(statements: readonly { sql: string; values: readonly Value[] }[]): Promise<void>;
  close(): void;
}

/** The database at `address`; nothing is sent yet. */
export function connectRemote(address: string, token?: string, options: LineOptions = {}): Remote {
  const line = openLine(address, token, options);
  const { client, send, patiently } = line;
  function execute(shape: Shape, sql: string, values: readonly Value[]): Promise<ResultSet> {
    const args = bindable(values, shape) as InArgs;
    const work = () => send(`run ${shape.about}`, () => client.execute({ sql, args }));
    return patiently(shape.reads, work);
  }
  return {
    async all(sql, values = []) {
      const shape = inspect(sql);
      mustRead(shape);
      return rows(await execute(shape, sql, values));
    },
    async run(sql, values = []) {
      const shape = inspect(sql);
      return changes(await execute(shape, sql, values), shape);
    },
    begin: (mode) => patiently(true, () => begin(line, mode)),
    async batch(statements) {
      const sent = statements.map(({ sql, values }) => {
        return { sql, args: bindable(values, inspect(sql)) as InArgs };
      });
      await patiently(false, () => send("load rows", () => client.batch(sent, "write")));
    },
    close: () => client.close(),
  };
}

async function begin({ client, send }: Line, mode: "read" | "write"): Promise<Session> {
  const open = await send("begin a transaction", async () => {
    const transaction = await client.transaction(mode);
    await transaction.batch([]); // by itself BEGIN would go with the first statement: not repeatable
    return transaction;
  });
  async function execute(sql: string, values: readonly Value[] = []) {
    const shape = inspect(sql);
    const args = bindable(values, shape) as InArgs;
    const result = await send(`run ${shape.about}`, () => open.execute({ sql, args }));
    return { shape, result };
  }
  return {
    async all(sql, values) {
      return rows((await execute(sql, values)).result);
    },
    async run(sql, values) {
      const { shape, result } = await execute(sql, values);
      return changes(result, shape);
    },
    commit: () => send("commit", () => open.commit()),
    async rollback() {
      await open.rollback().catch(() => {}); // the server undoes what it was not told to keep
      open.close();
    },
    // After its time limit, for one, the server would run what follows outside the transaction.
    endedBy: (error) => error instanceof StorageError,
  };
}

function changes({ rowsAffected }: ResultSet, shape: Shape): { changes: number } {
  return { changes: shape.counts ? rowsAffected : 0 };
}

/** By position: by name, the client would lose a column that is called `length`. */
function rows({ columns, rows }: ResultSet): Row[] {
  return rows.map((found) => {
    const row: Row = {};
    for (let index = 0; index < columns.length; index++) {
      const value = found[index]!;
      row[columns[index]!] = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
    }
    return narrow(row);
  });
}
