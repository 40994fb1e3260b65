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
  page: SearchPage,
): Promise<Found> {
  const folders = await foldersOf(db, account);
  const plan = searchPlan(query, { account, folders });
  const left = await indexOlder(db, folders.all, CATCH_UP);
  const end = page.offset + page.limit;
  const most = Math.max(mostCounted, end);
  const { items, total } = "hits" in plan
    ? await findHits(db, plan.hits, page, most + 1)
    : await findRows(db, plan.rows, page, most + 1);
  return { items, total: Math.min(total, most), more: total > end, complete: !left };
}

type Part = Pick<Found, "items" | "total">;

async function findHits(
  db: Database,
  { sql, values }: Sql,
  { offset, limit }: SearchPage,
  most: number,
): Promise<Part> {
  const [row] = await db.all<{ total: number; page: string }>(sql, [
    ...values,
    most,
    limit,
    offset,
  ]);
  const page = JSON.parse(row!.page) as [order: number, id: number, folder: number][];
  const sorted = page.sort(([a], [b]) => b - a);
  return { items: sorted.map(([, id, folder]) => itemId(folder, id)), total: row!.total };
}

async function findRows(
  db: Database,
  { sql, values }: Sql,
  { offset, limit }: SearchPage,
  most: number,
): Promise<Part> {
  const rows = await db.all<{ id: number; folder: number }>(sql, [...values, most]);
  const page = rows.slice(offset, offset + limit);
  return { items: page.map(({ id, folder }) => itemId(folder, id)), total: rows.length };
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
