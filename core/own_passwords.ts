// The built-in authenticator: passwords and app passwords of the accounts in the database.
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Account, Credentials } from "./accounts.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { hashAppPassword, looksLikeAppPassword, type PasswordHashing } from "./password.ts";

interface LoginRow {
  readonly id: number;
  readonly address: string;
  readonly name: string;
  readonly password: string;
  readonly admin: number;
  readonly disabled: number;
  readonly aliases: string | null;
  readonly app: number | null;
  readonly client: string | null;
  readonly used: number | null;
}

/** How stale the "last used" of an app password may be: not every request shall write. */
const usedEvery = 3600_000;

/**
 * Clients ask with this id while an account is being set up; they get another one afterwards, so it
 * must not take the place of the real one.
 */
const provisionalClient = "validate";

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
  const check = async (password: string, stored: string | undefined, user: string) => {
    const digest = createHmac("sha256", key)
      .update(JSON.stringify([stored ?? `nobody ${user}`, password])).digest("base64");
    const before = checked.get(digest);
    if (before !== undefined) return before;
    const fits = stored === undefined
      ? await passwords.checkNothing(password)
      : await passwords.check(password, stored);
    checked.set(digest, fits);
    return fits;
  };
  return async (who) => {
    const row = await find(db, who);
    if (row?.app != null) {
      return await mayUse(db, clock, row, who) ? accountOf(row) : undefined;
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
  for (const name of namesOf(user)) {
    const rows = name.includes("@")
      ? await db.all<LoginRow>(
        `${select} WHERE a.id = coalesce((SELECT id FROM core_account WHERE address = ?1),
          (SELECT account FROM core_alias WHERE address = ?1))`,
        [name, hash],
      )
      // "A" comes after "@": the range of all addresses with this local part.
      : await db.all<LoginRow>(
        `${select} WHERE a.id IN (
          SELECT id FROM core_account WHERE address >= ?1 || '@' AND address < ?1 || 'A'
          UNION SELECT account FROM core_alias WHERE address >= ?1 || '@' AND address < ?1 || 'A'
        ) LIMIT 2`,
        [name, hash],
      );
    if (rows.length === 1) return rows[0];
  }
  return undefined;
}

/** What was typed, as addresses and local parts to look for, best first. */
function namesOf(user: string): string[] {
  const typed = user.trim().normalize("NFC").toLowerCase();
  const at = typed.lastIndexOf("\\");
  if (at < 0) return typed === "" ? [] : [typed];
  const domain = typed.slice(0, at);
  const name = typed.slice(at + 1);
  if (name === "") return [];
  return name.includes("@") || domain === "" ? [name] : [`${name}@${domain}`, name];
}

function accountOf(row: LoginRow): Account {
  return {
    id: row.id,
    address: row.address,
    name: row.name,
    aliases: row.aliases ? row.aliases.split("\n").sort() : [],
    admin: row.admin === 1,
    disabled: row.disabled === 1,
  };
}

/** Binds an app password to the first client that shows it; refuses every other one. */
async function mayUse(
  db: Database,
  clock: Clock,
  row: LoginRow,
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
    bound = changes > 0 ? client : await clientOf(db, row.app!);
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
