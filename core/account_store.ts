// The accounts in the database. Every question reads it anew: other processes change it too.
import { normalAddress } from "./address.ts";
import type { Account, Accounts, NewAccount } from "./accounts.ts";
import { addAppPassword, appPasswords, useAppPassword } from "./app_password.ts";
import type { Clock } from "./clock.ts";
import { ConstraintError, type Database } from "./database.ts";
import type { PasswordHashing } from "./password.ts";
import type { Migration } from "./plugin.ts";
import { typedNames, whereNamed } from "./typed_user.ts";

export const accountMigrations: readonly Migration[] = [{
  id: "20260301_account",
  up: [
    // An empty password: the account has none of its own, and nothing fits.
    // AUTOINCREMENT: the id of a deleted account is never given to another one.
    `CREATE TABLE core_account (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      address TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      password TEXT NOT NULL,
      admin INTEGER NOT NULL,
      disabled INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL
    )`,
    `CREATE TABLE core_alias (
      address TEXT PRIMARY KEY,
      account INTEGER NOT NULL REFERENCES core_account (id) ON DELETE CASCADE
    ) WITHOUT ROWID`,
    "CREATE INDEX core_alias_account ON core_alias (account)",
    `CREATE TABLE core_app_password (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account INTEGER NOT NULL REFERENCES core_account (id) ON DELETE CASCADE,
      label TEXT NOT NULL,
      hash TEXT NOT NULL,
      client TEXT,
      created INTEGER NOT NULL,
      used INTEGER
    )`,
    "CREATE UNIQUE INDEX core_app_password_hash ON core_app_password (account, hash)",
  ],
}];

/** What a query selects of an account; `aliases` in lines. */
export interface AccountRow {
  readonly id: number;
  readonly address: string;
  readonly name: string;
  readonly admin: number;
  readonly disabled: number;
  readonly aliases: string | null;
}

// Addresses hold no line ends (see normalAddress), so they can stand between the aliases.
const columns = "a.id, a.address, a.name, a.admin, a.disabled, (SELECT group_concat(address, " +
  "char(10)) FROM core_alias WHERE account = a.id) AS aliases";

/** Told what is about to be gone, and what is gone. */
export interface Listeners {
  readonly removing: (account: Account) => Promise<void>;
  readonly revoked: (account: number, appPassword: number) => Promise<void>;
}

/** The accounts in `db`. */
export function accountStore(
  db: Database,
  clock: Clock,
  passwords: PasswordHashing,
  { removing, revoked }: Listeners,
): Accounts {
  const need = async (id: number) => {
    const account = await first(db, "a.id = ?", id);
    if (!account) throw new RangeError(`Cannot find account ${id}`);
    return account;
  };
  const change = async (id: number, sql: string, value: string | number) => {
    const { changes } = await db.run(sql, [value, id]);
    if (changes === 0) await need(id);
  };
  return {
    find: (address) => first(db, byAddress, address.trim().normalize("NFC").toLowerCase()),
    get: (id) => first(db, "a.id = ?", id),
    meant: (user) => meant(db, user),
    async list() {
      const rows = await db.all<AccountRow>(
        `SELECT ${columns} FROM core_account a ORDER BY a.address`,
      );
      return rows.map(accountOf);
    },
    async withoutPassword() {
      const sql = "SELECT id FROM core_account WHERE password = ''";
      return new Set((await db.all<{ id: number }>(sql)).map(({ id }) => Number(id)));
    },
    add: (account) => add(db, clock, passwords, account).then(need),
    async setPassword(id, password) {
      const hash = await passwords.hash(usable(password));
      await change(id, "UPDATE core_account SET password = ? WHERE id = ?", hash);
    },
    setDisabled: (id, disabled) =>
      change(id, "UPDATE core_account SET disabled = ? WHERE id = ?", disabled ? 1 : 0),
    remove: async (id) => await remove(db, await need(id), removing),
    addAppPassword: async (id, label) => await addAppPassword(db, clock, await need(id), label),
    appPasswords: (id) => appPasswords(db, id),
    async revokeAppPassword(id, appPassword) {
      const { changes } = await db.run(
        "DELETE FROM core_app_password WHERE account = ? AND id = ?",
        [id, appPassword],
      );
      if (changes > 0) await revoked(id, appPassword);
      return changes > 0;
    },
    useAppPassword: (id, who) => useAppPassword(db, clock, id, who),
  };
}

const byAddress = "a.id = coalesce((SELECT id FROM core_account WHERE address = ?1), " +
  "(SELECT account FROM core_alias WHERE address = ?1))";

async function first(
  db: Database,
  where: string,
  value: string | number,
): Promise<Account | undefined> {
  const [row] = await db.all<AccountRow>(
    `SELECT ${columns} FROM core_account a WHERE ${where}`,
    [value],
  );
  return row && accountOf(row);
}

async function meant(db: Database, user: string): Promise<Account | undefined> {
  for (const name of typedNames(user)) {
    const rows = await db.all<AccountRow>(
      `SELECT ${columns} FROM core_account a WHERE ${whereNamed(name)}`,
      [name],
    );
    if (rows.length === 1) return accountOf(rows[0]!);
  }
  return undefined;
}

async function remove(
  db: Database,
  account: Account,
  removing: (account: Account) => Promise<void>,
): Promise<void> {
  await removing(account);
  await db.transaction(async (tx) => {
    // Not left to foreign keys: a libSQL server may have them switched off.
    await tx.run("DELETE FROM core_app_password WHERE account = ?", [account.id]);
    await tx.run("DELETE FROM core_alias WHERE account = ?", [account.id]);
    await tx.run("DELETE FROM core_account WHERE id = ?", [account.id]);
  });
}

/** The account of a row. */
export function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    address: row.address,
    name: row.name,
    aliases: row.aliases ? row.aliases.split("\n").sort() : [],
    admin: row.admin === 1,
    disabled: row.disabled === 1,
  };
}

function usable(password: string): string {
  if (password.length === 0) throw new RangeError("Cannot use an empty password");
  if (password.length > 1024) throw new RangeError("Cannot use a password of over 1024 characters");
  return password;
}

async function add(
  db: Database,
  clock: Clock,
  passwords: PasswordHashing,
  account: NewAccount,
): Promise<number> {
  const address = normalAddress(account.address);
  const aliases = [...new Set((account.aliases ?? []).map(normalAddress))]
    .filter((alias) => alias !== address);
  const hash = account.password === undefined ? "" : await passwords.hash(usable(account.password));
  try {
    return await db.transaction(async (tx) => {
      for (const wanted of [address, ...aliases]) await refuseTaken(tx, wanted);
      const [row] = await tx.all<{ id: number }>(
        "INSERT INTO core_account (address, name, password, admin, created) " +
          "VALUES (?, ?, ?, ?, ?) RETURNING id",
        [address, account.name?.trim() ?? "", hash, account.admin ? 1 : 0, clock.now()],
      );
      for (const alias of aliases) {
        await tx.run("INSERT INTO core_alias (address, account) VALUES (?, ?)", [alias, row!.id]);
      }
      return row!.id;
    });
  } catch (error) {
    if (!(error instanceof ConstraintError)) throw error;
    throw new RangeError(`Cannot add ${address}: the address is taken`, { cause: error });
  }
}

async function refuseTaken(tx: Database, address: string): Promise<void> {
  const taken = await tx.all(
    "SELECT 1 FROM core_account WHERE address = ?1 UNION ALL " +
      "SELECT 1 FROM core_alias WHERE address = ?1",
    [address],
  );
  if (taken.length > 0) throw new RangeError(`Cannot add ${address}: the address is taken`);
}
