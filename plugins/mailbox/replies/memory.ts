// What automatic replies remember: whom a person has written to, and who was answered already.
import type { Database } from "../../../core/mod.ts";
import { normalAddress } from "../address.ts";

const day = 86_400_000;

/** How long a sender is not answered again, in milliseconds. RFC 3834 §2: at most once in some days */
export const period = 7 * day;

/** Notes that an account has written to these addresses. */
export async function noteCorrespondents(
  db: Database,
  account: number,
  addresses: readonly string[],
): Promise<void> {
  const known = addresses.flatMap((address) => normalAddress(address)?.toLowerCase() ?? []);
  if (known.length === 0) return;
  await db.run(
    "INSERT INTO mailbox_correspondent (account, address) SELECT ?, value FROM json_each(?) " +
      "WHERE true ON CONFLICT DO NOTHING",
    [account, JSON.stringify(known)],
  );
}

/** Whether an account has ever written to that address. */
export async function isCorrespondent(
  db: Database,
  account: number,
  address: string,
): Promise<boolean> {
  const rows = await db.all(
    "SELECT 1 FROM mailbox_correspondent WHERE account = ? AND address = ?",
    [account, address.toLowerCase()],
  );
  return rows.length > 0;
}

/** A reply that is about to be sent. */
export interface Claim {
  readonly account: number;
  readonly sender: string;
  /** Of the settings: a sender who was answered by others is answered again. */
  readonly revision: number;
  /** Of the message that is answered: its repetition may claim again. */
  readonly token: string;
}

/** Takes the right to answer a sender; false: that was done in this {@link period}. */
export async function claimReply(
  db: Database,
  { account, sender, revision, token }: Claim,
  now: number,
): Promise<boolean> {
  const { changes } = await db.run(
    "INSERT INTO mailbox_answered (account, sender, revision, token, at) VALUES (?, ?, ?, ?, ?) " +
      "ON CONFLICT DO UPDATE SET revision = excluded.revision, token = excluded.token, " +
      "at = excluded.at WHERE revision <> excluded.revision OR token = excluded.token OR at <= ?",
    [account, sender.toLowerCase(), revision, token, now, now - period],
  );
  return changes > 0;
}

/** Forgets who was answered too long ago to matter. */
export async function forgetAnswered(db: Database, now: number): Promise<void> {
  await db.run("DELETE FROM mailbox_answered WHERE at <= ?", [now - period]);
}

/** Forgets all of an account. */
export async function forgetReplies(db: Database, account: number): Promise<void> {
  await db.run("DELETE FROM mailbox_answered WHERE account = ?", [account]);
  await db.run("DELETE FROM mailbox_correspondent WHERE account = ?", [account]);
}
