// Searching in the embedded store: one statement, whatever is looked for.
import type { Database } from "../../../../../core/mod.ts";
import { NotFound } from "../../../api.ts";
import { withDescendants } from "../../../folders.ts";
import { type Found, mostCounted, type Query, type SearchPage } from "../../../query.ts";
import { folderNumber, folderOf, type FolderRow, itemId } from "../rows.ts";
import type { Store } from "../write.ts";
import { type Folders, searchPlan, type Sql } from "./compile.ts";
import { indexOlder } from "./indexing.ts";

/** Items that a search puts into the index itself where the background task has not come to them. */
const CATCH_UP = 200;

/** Finds items, newest first. Throws NotFound for a folder that is not there. */
export async function searchItems(
  { db }: Store,
  account: number,
  query: Query,
  { offset, limit }: SearchPage,
): Promise<Found> {
  const folders = await foldersOf(db, account);
  const { find, count } = searchPlan(query, { account, folders });
  const left = await indexOlder(db, folders.all, CATCH_UP);
  const end = offset + limit;
  const most = Math.max(mostCounted, end);
  const brought = (count ? end : most) + 1;
  const rows = await db.all<{ id: number; folder: number }>(find.sql, [...find.values, brought]);
  const more = rows.length > end;
  return {
    items: rows.slice(offset, end).map(({ id, folder }) => itemId(folder, id)),
    total: Math.min(more && count ? await counted(db, count, most) : rows.length, most),
    more,
    complete: !left,
  };
}

async function counted(db: Database, { sql, values }: Sql, most: number): Promise<number> {
  const [row] = await db.all<{ found: number }>(sql, [...values, most]);
  return row!.found;
}

async function foldersOf(db: Database, account: number): Promise<Folders> {
  const rows = await db.all<FolderRow>(
    "SELECT id, parent, name, class, role FROM mailbox_folder WHERE account = ? AND removed = 0",
    [account],
  );
  const folders = rows.map(folderOf);
  return {
    all: rows.map(({ id }) => id),
    ofClass: (wanted) => rows.filter((row) => row.class === wanted).map(({ id }) => id),
    at(id, below) {
      const number = folderNumber(id);
      if (!rows.some((row) => row.id === number)) throw new NotFound(`Cannot find folder ${id}`);
      return below ? withDescendants(id, folders).map(Number) : [number];
    },
  };
}
