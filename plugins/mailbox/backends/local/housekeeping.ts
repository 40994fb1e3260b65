// Removes what the local backend keeps for a while only: old tokens, old removals, lost messages.
import type { Clock, Database, Log, Task } from "../../../../core/mod.ts";
import { pause } from "../../../../core/mod.ts";
import { dropMessage } from "./content.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The port asks for 14 days. */
const TOKENS = 15 * DAY;
/** A device that stays away longer lists its folders anew. */
const REMOVALS = 90 * DAY;
/** Long enough for any message to arrive, and for any reader to come to its end. */
const ORPHANS = 6 * HOUR;
/** Rows in one transaction, so that mail does not wait for it. */
const BATCH = 500;

/** The local backend's background work: one round every hour. */
export function housekeeping({ db, clock, log }: { db: Database; clock: Clock; log: Log }): Task {
  return {
    name: "mailbox housekeeping",
    async run(signal) {
      while (!signal.aborted) {
        try {
          await tidy(db, clock.now(), signal);
        } catch (error) {
          log.warn({ err: error }, "Housekeeping of the mailbox failed; it is tried again");
        }
        await pause(clock, HOUR, signal);
      }
    },
  };
}

/** One round. */
export async function tidy(db: Database, now: number, signal?: AbortSignal): Promise<void> {
  for (const step of [dropTokens, forgetRemovals, dropOrphans]) {
    while (!signal?.aborted && await step(db, now));
  }
}

/** Each step does one batch and says whether there may be more. */
async function dropTokens(db: Database, now: number): Promise<boolean> {
  const { changes } = await db.run(
    "DELETE FROM mailbox_token WHERE (account, token) IN " +
      "(SELECT account, token FROM mailbox_token WHERE at < ? ORDER BY at LIMIT ?)",
    [now - TOKENS, BATCH],
  );
  return changes === BATCH;
}

async function forgetRemovals(db: Database, now: number): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const rows = await tx.all<{ folder: number; seq: number }>(
      "SELECT folder, seq FROM mailbox_gone WHERE at < ? ORDER BY at LIMIT ?",
      [now - REMOVALS, BATCH],
    );
    for (const { folder, seq } of rows) {
      await tx.run("UPDATE mailbox_folder SET forgotten = max(forgotten, ?) WHERE id = ?", [
        seq,
        folder,
      ]);
      await tx.run("DELETE FROM mailbox_gone WHERE folder = ? AND seq = ?", [folder, seq]);
    }
    return rows.length === BATCH;
  });
}

/** A message goes when no item has it; one that somebody has is no orphan after all. */
async function dropOrphans(db: Database, now: number): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const rows = await tx.all<{ message: number; used: number }>(
      "SELECT o.message, EXISTS (SELECT 1 FROM mailbox_item i WHERE i.message = o.message) AS used " +
        "FROM mailbox_orphan o WHERE o.at < ? LIMIT ?",
      [now - ORPHANS, BATCH],
    );
    for (const { message, used } of rows) {
      if (!used) await dropMessage(tx, message);
      await tx.run("DELETE FROM mailbox_orphan WHERE message = ?", [message]);
    }
    return rows.length === BATCH;
  });
}

/** Removes everything of an account, when it is deleted. */
export async function dropAccount(db: Database, account: number, now: number): Promise<void> {
  await db.transaction(async (tx) => {
    const mine = "SELECT id FROM mailbox_folder WHERE account = ?";
    await tx.run(
      "INSERT INTO mailbox_orphan (message, at) SELECT message, ? FROM mailbox_item " +
        `WHERE folder IN (${mine}) ON CONFLICT DO NOTHING`,
      [now, account],
    );
    for (const table of ["mailbox_item", "mailbox_gone"]) {
      await tx.run(`DELETE FROM ${table} WHERE folder IN (${mine})`, [account]);
    }
    for (const table of ["folder", "thread", "diversion", "token", "autoreply"]) {
      await tx.run(`DELETE FROM mailbox_${table} WHERE account = ?`, [account]);
    }
  });
}
