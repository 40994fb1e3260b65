// What a mailbox in the embedded store answers by itself: one row for each account that ever said.
import type { Database } from "../../../../core/mod.ts";
import type { AutoReply, AutoReplyChange } from "../../api.ts";
import { changedReply, noAutoReply } from "../../auto_reply.ts";
import type { Store } from "./write.ts";

/** The settings of an account. */
export async function readAutoReply(db: Database, account: number): Promise<AutoReply> {
  const [row] = await db.all<{ settings: string }>(
    "SELECT settings FROM mailbox_autoreply WHERE account = ?",
    [account],
  );
  return row ? { ...noAutoReply, ...JSON.parse(row.settings) } : noAutoReply;
}

/** Changes them; two changes at once both hold. */
export async function changeAutoReply(
  { db }: Store,
  account: number,
  change: AutoReplyChange,
): Promise<AutoReply> {
  return await db.transaction(async (tx) => {
    const before = await readAutoReply(tx, account);
    const after = changedReply(before, change);
    if (after !== before) {
      await tx.run(
        "INSERT INTO mailbox_autoreply (account, settings) VALUES (?, ?) " +
          "ON CONFLICT DO UPDATE SET settings = excluded.settings",
        [account, JSON.stringify(after)],
      );
    }
    return after;
  });
}
