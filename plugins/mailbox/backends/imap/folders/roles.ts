// Which folder is for what: as configured, as the server says, or by its name in any language.
import { specialUse } from "imapflow/lib/special-use.js";
import type { Role } from "../../../model.ts";
import type { Listed } from "./folder_list.ts";
import type { ServerConfig } from "../servers/server.ts";

/** RFC 6154. */
const byFlag: Readonly<Record<string, Role>> = {
  "\\drafts": "drafts",
  "\\sent": "sent",
  "\\trash": "trash",
  "\\junk": "junk",
  "\\archive": "archive",
};

interface Candidate {
  readonly path: string;
  readonly role: Role;
  /** Lower is better. */
  readonly rank: number;
  readonly depth: number;
}

/**
 * The role of each folder that has one; no role twice, and no folder with two. `own` are the account's
 * own folders that can be opened, `held` is who has which role already and keeps it against equals.
 */
export function rolesOf(
  own: readonly Listed[],
  configured: ServerConfig["folders"],
  held: ReadonlyMap<string, Role>,
): Map<string, Role> {
  const candidates = own.flatMap((folder) => candidatesFor(folder, configured));
  candidates.sort((a, b) =>
    a.rank - b.rank ||
    Number(held.get(b.path) === b.role) - Number(held.get(a.path) === a.role) ||
    a.depth - b.depth ||
    (a.path < b.path ? -1 : 1)
  );
  const roles = new Map<string, Role>();
  const taken = new Set<Role>();
  for (const { path, role } of candidates) {
    if (roles.has(path) || taken.has(role)) continue;
    roles.set(path, role);
    taken.add(role);
  }
  return roles;
}

function candidatesFor(folder: Listed, configured: ServerConfig["folders"]): Candidate[] {
  const { path, delimiter, flags } = folder;
  if (path === "INBOX") return [{ path, role: "inbox", rank: 0, depth: 0 }];
  const levels = delimiter ? path.split(delimiter) : [path];
  const found = (role: Role, rank: number) => ({ path, role, rank, depth: levels.length });
  const wanted = Object.entries(configured)
    .filter(([, name]) => name === path)
    .map(([role]) => found(role as Role, 0));
  const told = [...flags].flatMap((flag) => byFlag[flag] ? [found(byFlag[flag], 1)] : []);
  const { flag, source } = specialUse(false, { flags: new Set(), name: levels.at(-1)! });
  const named = flag && byFlag[flag.toLowerCase()];
  const guessed = named ? [found(named, source === "name" ? 2 : 3)] : [];
  return [...wanted, ...told, ...guessed];
}
