// The rows of an account's folders, and the history of the hierarchy.
import type { Database, Migration } from "../../../../../core/mod.ts";
import type { Folder, Role } from "../../../model.ts";
import type { Known } from "./recognise.ts";

export const placeMigrations: readonly Migration[] = [{
  id: "20261122_imap_folder",
  up: [
    // A folder that has gone stays as a row, so that a device hears of its end.
    `CREATE TABLE mailbox_imap_folder (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account INTEGER NOT NULL,
      path TEXT NOT NULL,                    -- the whole name, decoded
      delimiter TEXT NOT NULL,
      parent INTEGER,
      name TEXT NOT NULL,                    -- as it is shown
      role TEXT,
      selectable INTEGER NOT NULL,           -- 0: holds folders only
      rights TEXT,                           -- RFC 4314; NULL: nothing is known to be forbidden
      mailbox_id TEXT NOT NULL DEFAULT '',   -- RFC 8474
      validity TEXT NOT NULL DEFAULT '',     -- UIDVALIDITY
      uidnext INTEGER NOT NULL DEFAULT 0,    -- the least that it can be
      token TEXT,                            -- of the write that made it
      seq INTEGER NOT NULL,                  -- the latest change that devices hear of
      gone INTEGER NOT NULL DEFAULT 0,       -- 2: is about to be made
      at INTEGER                             -- when it went; NULL: nothing is kept of its items
    )`,
    "CREATE INDEX mailbox_imap_folder_at ON mailbox_imap_folder (at) WHERE gone = 1",
    "CREATE INDEX mailbox_imap_folder_account ON mailbox_imap_folder (account, seq)",
    `CREATE UNIQUE INDEX mailbox_imap_folder_path ON mailbox_imap_folder (account, path)
      WHERE gone = 0`,
    `CREATE UNIQUE INDEX mailbox_imap_folder_token ON mailbox_imap_folder (account, token)
      WHERE token IS NOT NULL`,
  ],
}];

/** What is kept of a folder. */
export interface PlaceState {
  readonly path: string;
  readonly delimiter: string;
  readonly parent: number | null;
  readonly name: string;
  readonly role: Role | null;
  readonly selectable: number;
  readonly rights: string | null;
  readonly mailbox_id: string;
  readonly validity: string;
  readonly uidnext: number;
}

export interface PlaceRow extends PlaceState {
  readonly id: number;
  readonly seq: number;
  /** 1: was there. 2: is about to be made. */
  readonly gone: number;
}

const COLUMNS =
  "id, path, delimiter, parent, name, role, selectable, rights, mailbox_id, validity, " +
  "uidnext, seq, gone";

export async function readPlaces(db: Database, account: number): Promise<PlaceRow[]> {
  return await db.all<PlaceRow>(
    `SELECT ${COLUMNS} FROM mailbox_imap_folder WHERE account = ? ORDER BY seq`,
    [account],
  );
}

/** The folder that the write with this token has made, or was about to make. */
export async function placeOfToken(
  db: Database,
  account: number,
  token: string,
): Promise<PlaceRow | undefined> {
  const [row] = await db.all<PlaceRow>(
    `SELECT ${COLUMNS} FROM mailbox_imap_folder WHERE account = ? AND token = ?`,
    [account, token],
  );
  return row;
}

/** Notes what shall be made, before it is. Answers its number. */
export async function intendPlace(
  db: Database,
  account: number,
  token: string,
  { path, delimiter }: { path: string; delimiter: string },
): Promise<number> {
  const [row] = await db.transaction((tx) =>
    tx.all<{ id: number }>(
      "INSERT INTO mailbox_imap_folder " +
        "(account, path, delimiter, name, selectable, token, seq, gone) " +
        "VALUES (?, ?, ?, '', 0, ?, 0, 2) RETURNING id",
      [account, path, delimiter, token],
    )
  );
  return row!.id;
}

export async function dropPlace(db: Database, id: number): Promise<void> {
  await db.run("DELETE FROM mailbox_imap_folder WHERE id = ? AND gone = 2", [id]);
}

/** A folder was renamed here, and what is below it with it; devices hear of it at the next look. */
export async function movePlaces(
  db: Database,
  account: number,
  { path: from, delimiter }: PlaceRow,
  to: string,
): Promise<void> {
  await db.run(
    "UPDATE mailbox_imap_folder SET path = ?1 || substr(path, ?2) WHERE account = ?3 AND gone = 0 " +
      "AND (path = ?4 OR (?5 <> '' AND substr(path, 1, ?6) = ?4 || ?5))",
    [to, chars(from) + 1, account, from, delimiter, chars(from + delimiter)],
  );
}

/** SQLite counts code points. */
const chars = (value: string) => [...value].length;

/** Writes the hierarchy of one account: each change of it has a number of its own. */
export class PlaceWrite {
  readonly #tx: Database;
  readonly #account: number;
  readonly #now: number;
  #seq: number;

  constructor(tx: Database, account: number, rows: readonly PlaceRow[], now: number) {
    this.#tx = tx;
    this.#account = account;
    this.#now = now;
    this.#seq = Math.max(0, ...rows.map(({ seq }) => seq));
  }

  async add(state: PlaceState): Promise<number> {
    const [row] = await this.#tx.all<{ id: number }>(
      "INSERT INTO mailbox_imap_folder (account, path, delimiter, parent, name, role, selectable, " +
        "rights, mailbox_id, validity, uidnext, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) " +
        "RETURNING id",
      [this.#account, ...values(state), ++this.#seq],
    );
    return row!.id;
  }

  /** Devices hear of it where what they see is another than before. */
  async set({ id, seq, ...before }: PlaceRow, state: PlaceState): Promise<void> {
    const told = before.gone !== 0 || before.parent !== state.parent ||
      before.name !== state.name || before.role !== state.role;
    await this.#tx.run(
      "UPDATE mailbox_imap_folder SET path = ?, delimiter = ?, parent = ?, name = ?, role = ?, " +
        "selectable = ?, rights = ?, mailbox_id = ?, validity = ?, uidnext = ?, seq = ?, gone = 0, " +
        "at = NULL WHERE id = ?",
      [...values(state), told ? ++this.#seq : seq, id],
    );
  }

  /** Out of the way of a name that another folder takes in the same write. */
  async hide(id: number): Promise<void> {
    await this.#tx.run("UPDATE mailbox_imap_folder SET gone = 1 WHERE id = ?", [id]);
  }

  async end(id: number): Promise<void> {
    await this.#tx.run("UPDATE mailbox_imap_folder SET gone = 1, seq = ?, at = ? WHERE id = ?", [
      ++this.#seq,
      this.#now,
      id,
    ]);
  }
}

function values(state: PlaceState) {
  return [
    state.path,
    state.delimiter,
    state.parent,
    state.name,
    state.role,
    state.selectable,
    state.rights,
    state.mailbox_id,
    state.validity,
    state.uidnext,
  ];
}

/** Nothing has changed that is kept; UIDNEXT is a lower bound, and may fall behind. */
export function isSameState(row: PlaceRow, state: PlaceState): boolean {
  return row.gone === 0 && row.path === state.path && row.delimiter === state.delimiter &&
    row.parent === state.parent && row.name === state.name && row.role === state.role &&
    row.selectable === state.selectable && row.rights === state.rights &&
    row.mailbox_id === state.mailbox_id && row.validity === state.validity;
}

export function knownOf(row: PlaceRow): Known & { readonly row: PlaceRow } {
  const { path, delimiter, mailbox_id, validity, uidnext, gone } = row;
  return { path, delimiter, mailboxId: mailbox_id, validity, uidnext, gone: gone !== 0, row };
}

export const placeId = (number: number) => `f${number}`;

/** 0 where it is no id of a folder. */
export function placeNumber(id: string): number {
  return /^f[1-9]\d{0,14}$/.test(id) ? Number(id.slice(1)) : 0;
}

export function folderOfRow({ id, parent, name, role }: PlaceRow): Folder {
  return {
    id: placeId(id),
    parent: parent === null ? undefined : placeId(parent),
    name,
    class: "mail",
    role: role ?? undefined,
  };
}
