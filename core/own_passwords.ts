// The built-in authenticator: passwords and app passwords of the accounts in the database.
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { accountOf, type AccountRow } from "./account_store.ts";
import type { Account, Credentials } from "./accounts.ts";
import { mayUse } from "./app_password.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { hashAppPassword, looksLikeAppPassword, type PasswordHashing } from "./password.ts";
import { typedNames, whereNamed } from "./typed_user.ts";

interface LoginRow extends AccountRow {
  readonly password: string;
  readonly app: number | null;
  readonly client: string | null;
  readonly used: number | null;
}

/**
 * Checks against the rows of now: what another process changes (password, disabled, revoked) counts
 * at once. What is remembered is only that a password fits (or does not fit) a stored hash, under a
 * key that only this process has.
 */
export function ownPasswords(
  db: Database,
  clock: Clock,
  passwords: PasswordHashing,
): (who: Credentials) => Promise<Account | undefined> {
  const key = createSecretKey(randomBytes(32));
  const checked = new LRUCache<string, boolean>({ max: 20_000 });
  // An account without a password, which the database has as "", is checked as an unknown user is.
  const check = async (password: string, stored: string | undefined, user: string) => {
    const digest = createHmac("sha256", key)
      .update(JSON.stringify([stored || `nobody ${user}`, password])).digest("base64");
    const before = checked.get(digest);
    if (before !== undefined) return before;
    const fits = stored
      ? await passwords.check(password, stored)
      : await passwords.checkNothing(password);
    checked.set(digest, fits);
    return fits;
  };
  return async (who) => {
    const row = await find(db, who);
    if (row?.app != null) {
      const shown = { app: row.app, client: row.client, used: row.used };
      return await mayUse(db, clock, shown, who) ? accountOf(row) : undefined;
    }
    if (!await check(who.password, row?.password, who.user) || !row) return undefined;
    if (passwords.isOutdated(row.password)) await renew(db, passwords, row, who.password);
    return accountOf(row);
  };
}

const select = `SELECT a.id, a.address, a.name, a.password, a.admin, a.disabled,
  (SELECT group_concat(address, char(10)) FROM core_alias WHERE account = a.id) AS aliases,
  p.id AS app, p.client, p.used
  FROM core_account a LEFT JOIN core_app_password p ON p.account = a.id AND p.hash = ?2`;

/** The account that is meant, together with the app password that was shown, if it is one. */
async function find(db: Database, { user, password }: Credentials): Promise<LoginRow | undefined> {
  const hash = looksLikeAppPassword(password) ? hashAppPassword(password) : "";
  for (const name of typedNames(user)) {
    const rows = await db.all<LoginRow>(`${select} WHERE ${whereNamed(name)}`, [name, hash]);
    if (rows.length === 1) return rows[0];
  }
  return undefined;
}

/** Stores the password again at today's cost, unless it was changed meanwhile. */
async function renew(
  db: Database,
  passwords: PasswordHashing,
  row: LoginRow,
  password: string,
): Promise<void> {
  await db.run("UPDATE core_account SET password = ? WHERE id = ? AND password = ?", [
    await passwords.hash(password),
    row.id,
    row.password,
  ]);
}
