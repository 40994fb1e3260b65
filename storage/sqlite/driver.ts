// The little that this adapter asks of a runtime's own SQLite, and which runtime's it is.
import type { Row, Value } from "../../core/database.ts";

/** A prepared statement. Values come as `bindable()` makes them. */
export interface Prepared {
  /** With `exact`, integers come as bigint; without, beyond 2^53 they are rounded or throw. */
  all(values: readonly Value[], exact: boolean): Row[];
  /** Runs it to its end; returns how many rows were changed. */
  run(values: readonly Value[]): number;
  /** Frees it. */
  finalize(): void;
}

/** One connection. */
export interface Driver {
  prepare(sql: string): Prepared;
  /** False after SQLite rolled a transaction back by itself, e.g. on a full disk. */
  readonly inTransaction: boolean;
  close(): void;
}

export type OpenDriver = (path: string) => Driver;

/** The driver of this runtime: Bun's own reads about twice as fast as its `node:sqlite`. */
export async function loadDriver(): Promise<OpenDriver> {
  if ("Bun" in globalThis) return (await import("./driver_bun.ts")).openBun;
  return (await import("./driver_node.ts")).openNode;
}
