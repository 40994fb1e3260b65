// The folder tree of the local backend.
import type { Database } from "../../../../core/mod.ts";
import type { Page } from "../../api.ts";
import { NotFound, Refused } from "../../api.ts";
import { allowedName, checkParent, parentsFirst, specialFolders } from "../../folders.ts";
import type { Cursor, Folder, FolderChange, FolderId, ItemClass, Role } from "../../model.ts";
import type { FolderRow } from "./rows.ts";
import { folderNumber, folderOf } from "./rows.ts";
import type { Store, Write } from "./write.ts";
import { write } from "./write.ts";

const COLUMNS = "id, parent, name, class, role";

/** The hierarchy since a cursor. */
export async function folderChanges(
  store: Store,
  account: number,
  since: Cursor | undefined,
): Promise<Page<FolderChange>> {
  await ensureSpecial(store, account);
  const rows = await store.db.all<FolderRow & { seq: number; removed: number }>(
    `SELECT ${COLUMNS}, seq, removed FROM mailbox_folder WHERE account = ? AND seq > ? ORDER BY seq`,
    [account, Number(since ?? 0) || 0],
  );
  const changes = rows
    .map((row) => ({ id: String(row.id), folder: row.removed ? undefined : folderOf(row) }))
    .filter(({ folder }) => folder || since !== undefined);
  const cursor = rows.length ? String(rows.at(-1)!.seq) : since ?? "0";
  return { changes: parentsFirst(changes), cursor, more: false };
}

/** What a store knows of a folder besides its place. */
export interface FolderState {
  readonly class: ItemClass;
  readonly role: Role | null;
  readonly items: number;
  readonly changed: number;
  readonly forgotten: number;
}

/** A folder of the account. Throws NotFound. */
export async function findFolder(
  db: Database,
  account: number,
  id: FolderId,
): Promise<FolderState & { readonly number: number }> {
  const number = folderNumber(id);
  const [row] = await db.all<FolderState>(
    "SELECT class, role, items, changed, forgotten FROM mailbox_folder " +
      "WHERE id = ? AND account = ? AND removed = 0",
    [number, account],
  );
  if (!row) throw new NotFound(`Cannot find folder ${id}`);
  return { ...row, number };
}

/** The number of a special folder. */
export async function specialFolder(db: Database, account: number, role: Role): Promise<number> {
  const [row] = await db.all<{ id: number }>(
    "SELECT id FROM mailbox_folder WHERE account = ? AND role = ?",
    [account, role],
  );
  return row!.id;
}

/** Makes the special folders that an account lacks: at its first use, once, whoever comes first. */
export async function ensureSpecial(store: Store, account: number): Promise<void> {
  const [row] = await store.db.all<{ have: number }>(
    "SELECT count(*) AS have FROM mailbox_folder WHERE account = ? AND role IS NOT NULL",
    [account],
  );
  if (row!.have >= specialFolders.length) return;
  await write(store, account, undefined, async (open) => {
    for (const { role, name } of specialFolders) {
      const seq = await open.next();
      await open.tx.run(
        "INSERT INTO mailbox_folder (account, parent, name, class, role, seq, changed) " +
          "VALUES (?, NULL, ?, 'mail', ?, ?, ?) ON CONFLICT DO NOTHING",
        [account, name, role, seq, seq],
      );
      open.note("", seq);
    }
  });
}

export async function createFolder(
  store: Store,
  account: number,
  place: { name: string; parent: FolderId | undefined; class: ItemClass },
  token: string,
): Promise<Folder> {
  await ensureSpecial(store, account);
  const folder = await write(store, account, token, async (open) => {
    const folders = await liveFolders(open);
    checkExists(place.parent, folders);
    const name = allowedName(place, folders, undefined);
    const parent = place.parent === undefined ? null : folderNumber(place.parent);
    const seq = await open.next();
    const [row] = await open.tx.all<FolderRow>(
      "INSERT INTO mailbox_folder (account, parent, name, class, seq, changed) " +
        `VALUES (?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
      [account, parent, name, place.class, seq, seq],
    );
    open.note("", seq);
    return folderOf(row!);
  });
  return { ...folder, parent: folder.parent, role: folder.role };
}

export async function updateFolder(
  store: Store,
  account: number,
  id: FolderId,
  to: { name: string; parent: FolderId | undefined },
): Promise<Folder> {
  return await write(store, account, undefined, async (open) => {
    const folders = await liveFolders(open);
    const folder = ownFolder(id, folders);
    checkExists(to.parent, folders);
    checkParent(id, to.parent, folders);
    const next = { ...folder, parent: to.parent, name: allowedName(to, folders, id) };
    if (next.name === folder.name && next.parent === folder.parent) return folder;
    const parent = to.parent === undefined ? null : folderNumber(to.parent);
    const seq = await open.next();
    await open.tx.run(
      "UPDATE mailbox_folder SET name = ?, parent = ?, seq = ?, changed = ? WHERE id = ?",
      [next.name, parent, seq, seq, folderNumber(id)],
    );
    open.note("", seq);
    return next;
  });
}

/** The folders that are there. */
export async function liveFolders({ tx, account }: Write): Promise<Folder[]> {
  const rows = await tx.all<FolderRow>(
    `SELECT ${COLUMNS} FROM mailbox_folder WHERE account = ? AND removed = 0`,
    [account],
  );
  return rows.map(folderOf);
}

/** Throws NotFound. */
export function checkExists(id: FolderId | undefined, folders: readonly Folder[]): void {
  if (id === undefined || folders.some((folder) => folder.id === id)) return;
  throw new NotFound(`Cannot find folder ${id}`);
}

/** A folder that its user may change. Throws NotFound, Refused. */
export function ownFolder(id: FolderId, folders: readonly Folder[]): Folder {
  const folder = folders.find((each) => each.id === id);
  if (!folder) throw new NotFound(`Cannot find folder ${id}`);
  if (folder.role) throw new Refused("special", `Cannot change the special folder ${folder.name}`);
  return folder;
}
