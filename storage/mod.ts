// Chooses the storage by its address. Each adapter is loaded when it is used.
import type { Storage } from "../core/database.ts";
import { filePath, isRemote } from "./url.ts";

export { restore } from "./restore.ts";

/**
 * Opens the storage at `url`: a path, `:memory:` or `file:` for SQLite; `libsql:`, `https:` or `http:`
 * for a libSQL server, which may want a token. Throws `StorageError`.
 */
export async function openStorage(
  url: string,
  { token }: { readonly token?: string | undefined } = {},
): Promise<Storage> {
  if (!isRemote(url)) return await (await import("./sqlite/mod.ts")).openSqlite(filePath(url));
  const { openLibsql } = await import("./libsql/mod.ts");
  return await openLibsql(url, token === undefined ? {} : { token });
}
