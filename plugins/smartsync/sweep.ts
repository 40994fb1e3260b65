// Removes the rows of copies that ended, a few at a time, so that no request ever pays for them.
import { type Clock, type Database, type Log, pause } from "../../core/mod.ts";

/** Rows of one statement: short enough that a waiting writer does not notice. */
const batch = 500;
const everyMs = 60_000;
const betweenMs = 20;

/** Sweeps until `signal` aborts; a failure is logged and tried again later. */
export async function sweepForever(
  host: { readonly db: Database; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      while (!signal.aborted && await sweep(host.db)) await pause(host.clock, betweenMs, signal);
    } catch (error) {
      host.log.warn({ err: error }, "ended copies were not swept");
    }
    await pause(host.clock, everyMs, signal);
  }
}

/** Removes one batch; false where nothing is left. */
export async function sweep(db: Database): Promise<boolean> {
  const [dead] = await db.all<{ copy: number }>("SELECT copy FROM smartsync_dead LIMIT 1");
  if (!dead) return false;
  for (const [table, rest] of parts) {
    const { changes } = await db.run(
      `DELETE FROM ${table} WHERE copy = ?1 AND ${rest} IN
         (SELECT ${rest} FROM ${table} WHERE copy = ?1 LIMIT ?2)`,
      [dead.copy, batch],
    );
    if (changes > 0) return true;
  }
  await db.run("DELETE FROM smartsync_dead WHERE copy = ?", [dead.copy]);
  return true;
}

/** Tables, and the column that tells their rows apart within a copy. */
const parts = [
  ["smartsync_item", "item"],
  ["smartsync_journal", "key"],
] as const;
