// App passwords in the database: made, shown by the client that they are bound to, taken back.
import type { Account, AppPassword, Credentials } from "./accounts.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { generatePassword, hashAppPassword, looksLikeAppPassword } from "./password.ts";

/** How stale the "last used" of an app password may be: not every request shall write. */
const usedEvery = 3600_000;

/**
 * Clients ask with this id while an account is being set up; they get another one afterwards, so it
 * must not take the place of the real one.
 */
const provisionalClient = "validate";

/** What is kept of an app password. */
export interface AppPasswordRow {
  readonly app: number;
  readonly client: string | null;
  readonly used: number | null;
}

/** Makes one; its text is told here only. */
export async function addAppPassword(
  db: Database,
  clock: Clock,
  { id }: Account,
  label: string,
): Promise<{ readonly id: number; readonly password: string }> {
  const password = generatePassword();
  const [row] = await db.transaction((tx) =>
    tx.all<{ id: number }>(
      "INSERT INTO core_app_password (account, label, hash, created) VALUES (?, ?, ?, ?) " +
        "RETURNING id",
      [id, label.trim(), hashAppPassword(password), clock.now()],
    )
  );
  return { id: row!.id, password };
}

/** Those of an account, oldest first. */
export async function appPasswords(db: Database, id: number): Promise<AppPassword[]> {
  const rows = await db.all<
    { id: number; label: string; client: string | null; created: number; used: number | null }
  >(
    "SELECT id, label, client, created, used FROM core_app_password WHERE account = ? ORDER BY id",
    [id],
  );
  return rows.map((row) => ({
    ...row,
    client: row.client ?? undefined,
    used: row.used ?? undefined,
  }));
}

/** The number of the app password that was shown; undefined: it is none, or another client's. */
export async function useAppPassword(
  db: Database,
  clock: Clock,
  account: number,
  who: Credentials,
): Promise<number | undefined> {
  if (!looksLikeAppPassword(who.password)) return undefined;
  const [row] = await db.all<AppPasswordRow>(
    "SELECT id AS app, client, used FROM core_app_password WHERE account = ? AND hash = ?",
    [account, hashAppPassword(who.password)],
  );
  return row && await mayUse(db, clock, row, who) ? row.app : undefined;
}

/** Binds an app password to the first client that shows it; refuses every other one. */
export async function mayUse(
  db: Database,
  clock: Clock,
  row: AppPasswordRow,
  { client, inquiry }: Credentials,
): Promise<boolean> {
  let bound = row.client;
  const binds = !inquiry && client !== undefined && client.toLowerCase() !== provisionalClient;
  if (bound === null && binds) {
    const { changes } = await db.run(
      "UPDATE core_app_password SET client = ? WHERE id = ? AND client IS NULL",
      [client, row.app],
    );
    // Another request may have been faster: then its client counts.
    bound = changes > 0 ? client : await clientOf(db, row.app);
  }
  if (bound !== null && bound !== client && !inquiry) return false;
  if (row.used === null || clock.now() - row.used >= usedEvery) {
    await db.run("UPDATE core_app_password SET used = ? WHERE id = ?", [clock.now(), row.app]);
  }
  return true;
}

async function clientOf(db: Database, app: number): Promise<string | null> {
  const [row] = await db.all<{ client: string | null }>(
    "SELECT client FROM core_app_password WHERE id = ?",
    [app],
  );
  // Revoked in this very moment: bound to nobody who could ask.
  return row ? row.client : "";
}
