// Which messages devices have sent, by ClientId: what came already is not sent again.
import type { Database } from "../../core/mod.ts";

/** Repeats come within hours; a device that was off over a holiday is still recognised. Milliseconds. */
const kept = 30 * 24 * 3600 * 1000;

export interface Sent {
  /** Whether a message with this ClientId was sent. */
  has(account: number, device: string, clientId: string): Promise<boolean>;
  /** Remembers that it was, for 30 days. */
  remember(account: number, device: string, clientId: string, now: number): Promise<void>;
  forget(account: number): Promise<void>;
}

/** The journal in the table `eas_sent`. */
export function sentJournal(db: Database): Sent {
  return {
    async has(account, device, clientId) {
      const rows = await db.all(
        "SELECT 1 FROM eas_sent WHERE account = ? AND device = ? AND client_id = ?",
        [account, device, clientId],
      );
      return rows.length > 0;
    },
    async remember(account, device, clientId, now) {
      await db.transaction(async (tx) => {
        await tx.run("DELETE FROM eas_sent WHERE at < ?", [now - kept]);
        await tx.run("INSERT INTO eas_sent VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", [
          account,
          device,
          clientId,
          now,
        ]);
      });
    },
    async forget(account) {
      await db.run("DELETE FROM eas_sent WHERE account = ?", [account]);
    },
  };
}
