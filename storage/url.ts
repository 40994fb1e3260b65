// How a storage is named: a path, `:memory:`, `file:`, or the address of a libSQL server.
import { fileURLToPath } from "node:url";
import { StorageError } from "../core/database.ts";

/** Whether `url` names a server. */
export function isRemote(url: string): boolean {
  return /^(libsql|https?):/i.test(url);
}

/** The path that `url` names. Throws {@link StorageError} for a scheme that nobody knows. */
export function filePath(url: string): string {
  if (/^file:\/\//i.test(url)) return fileURLToPath(url);
  if (/^file:/i.test(url)) return url.slice("file:".length);
  if (url !== ":memory:" && /^[a-z][a-z0-9+.-]+:/i.test(url)) { // one letter is a Windows drive
    const scheme = url.slice(0, url.indexOf(":"));
    throw new StorageError(
      "other",
      `Cannot open a storage by "${scheme}:": a path, file:, libsql:, https: or http: is wanted`,
    );
  }
  return url;
}

/** The address without secrets, and the token, which may be given in the address as well. */
export function remoteAddress(
  url: string,
  token?: string,
): { address: string; token: string | undefined } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new StorageError("other", "Cannot open the storage: its address is not a URL");
  }
  const given = token ?? parsed.searchParams.get("authToken") ?? undefined;
  // Not by its parts: these cannot be set where the scheme is not one of the web's.
  const { protocol, host, pathname } = parsed;
  return { address: `${protocol}//${host}${pathname.replace(/\/$/, "")}`, token: given };
}
