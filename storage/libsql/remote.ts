// A libSQL server through `@libsql/client`: values as the port wants them, errors as it names them.
import { setTimeout as wait } from "node:timers/promises";
import type { Client, InArgs, ResultSet } from "@libsql/client/http";
import { createClient } from "@libsql/client/http";
import { type Row, StorageError, type Value } from "../../core/database.ts";
import { isBusy } from "../refusal.ts";
import { bindable, inspect, mustRead, narrow, type Shape } from "../statement.ts";
import type { Session } from "../transaction.ts";
import { isRefused, remoteRefusal } from "./refusal.ts";

export interface RemoteOptions {
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long to wait for another client's transaction or for an unreachable server. */
  readonly patienceMs?: number;
}

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

/** A connection to `address`; nothing is sent yet. */
export function connectRemote(
  address: string,
  token: string | undefined,
  { timeoutMs = 30_000, patienceMs = 5000 }: RemoteOptions = {},
): Remote {
  const client = attempt("open", () =>
    createClient({
      url: address,
      ...(token === undefined ? {} : { authToken: token }),
      intMode: "bigint",
      fetch: (request: Request) => fetch(request, { signal: AbortSignal.timeout(timeoutMs) }),
    }));
  function attempt<R>(what: string, work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw remoteRefusal(error, what, address, token);
    }
  }
  async function send<R>(what: string, work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw remoteRefusal(error, what, address, token);
    }
  }
  /** Sends again what the server did not do: it was busy, or not there. */
  async function patiently<R>(repeatable: boolean, work: () => Promise<R>): Promise<R> {
    for (let waited = 0, pause = 20;; waited += pause, pause = Math.min(pause * 2, 500)) {
      try {
        return await work();
      } catch (error) {
        const lost = error instanceof StorageError && error.kind === "unreachable";
        const again = isBusy(error) || isRefused(error) || (repeatable && lost);
        if (!again || waited >= patienceMs) throw error;
      }
      await wait(pause); // real time whatever the clock: the server lives in it
    }
  }
  return {
    async all(sql, values = []) {
      const shape = inspect(sql);
      mustRead(shape);
      const args = bindable(values, shape) as InArgs;
      const work = () => send(`run ${shape.about}`, () => client.execute({ sql, args }));
      return rows(await patiently(true, work));
    },
    async run(sql, values = []) {
      const shape = inspect(sql);
      const args = bindable(values, shape) as InArgs;
      const work = () => send(`run ${shape.about}`, () => client.execute({ sql, args }));
      return changes(await patiently(false, work), shape);
    },
    begin: (mode) => patiently(true, () => begin(client, mode, send)),
    async batch(statements) {
      const sent = statements.map(({ sql, values }) => {
        return { sql, args: bindable(values, inspect(sql)) as InArgs };
      });
      await patiently(false, () => send("load rows", () => client.batch(sent, "write")));
    },
    close: () => client.close(),
  };
}

type Send = <R>(what: string, work: () => Promise<R>) => Promise<R>;

async function begin(client: Client, mode: "read" | "write", send: Send): Promise<Session> {
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
