// The folders that an account shows, of those that its server lists: names, levels, roles.
import type { Role } from "../../../model.ts";
import type { Listed } from "./folder_list.ts";
import { isForeign, type Namespaces, prefixOf } from "./namespaces.ts";
import { rolesOf } from "./roles.ts";
import type { ServerConfig } from "../servers/server.ts";

/** A folder as it is shown. */
export interface Shown {
  readonly listed: Listed;
  /** The path of the folder above it; undefined: at the top. */
  readonly parent: string | undefined;
  readonly name: string;
  readonly role: Role | undefined;
  /** It can hold messages that this account may read. */
  readonly selectable: boolean;
}

/** What decides which folders are shown. */
export type Wanted = Pick<ServerConfig, "subscribed" | "shared" | "folders">;

/** Chooses and arranges. `held` is who has which role already. */
export function arrange(
  listed: readonly Listed[],
  namespaces: Namespaces,
  config: Wanted,
  held: ReadonlyMap<string, Role>,
): Shown[] {
  const foreign = (path: string) => isForeign(path, namespaces);
  const wanted = listed.filter(({ path }) => config.shared || !foreign(path));
  const whole = withMissingLevels(wanted, namespaces);
  const kept = keep(whole, namespaces, config.subscribed);
  const roles = rolesOf(
    kept.filter((each) => isSelectable(each) && !foreign(each.path)),
    config.folders,
    held,
  );
  return kept.map((each) => ({
    listed: each,
    parent: parentOf(each, namespaces),
    name: nameOf(each, namespaces),
    role: roles.get(each.path),
    selectable: isSelectable(each),
  }));
}

/** The path above, within its namespace: the personal prefix is no folder. */
function parentOf({ path, delimiter }: Listed, namespaces: Namespaces): string | undefined {
  const start = prefixOf(path, namespaces).length;
  const end = delimiter ? path.lastIndexOf(delimiter) : -1;
  return end > start ? path.slice(0, end) : undefined;
}

function nameOf(folder: Listed, namespaces: Namespaces): string {
  const { path, delimiter } = folder;
  if (path === "INBOX") return "Inbox";
  const above = parentOf(folder, namespaces);
  return above === undefined
    ? path.slice(prefixOf(path, namespaces).length)
    : path.slice(above.length + delimiter.length);
}

function isSelectable({ flags, rights }: Listed): boolean {
  return !flags.has("\\noselect") && !flags.has("\\nonexistent") &&
    (rights === undefined || (rights.includes("r") && isVisible(rights)));
}

/** RFC 4314: "l" is the right to know that it is there. */
const isVisible = (rights: string | undefined) => rights === undefined || rights.includes("l");

/** Servers may leave out a level that holds nothing but folders. */
function withMissingLevels(listed: readonly Listed[], namespaces: Namespaces): Listed[] {
  const all = new Map(listed.map((each) => [each.path, each]));
  for (const each of listed) {
    const { delimiter } = each;
    for (
      let path = parentOf(each, namespaces);
      path !== undefined && !all.has(path);
      path = parentOf({ path, delimiter, flags: new Set() }, namespaces)
    ) all.set(path, { path, delimiter, flags: new Set(["\\nonexistent"]) });
  }
  return [...all.values()];
}

/** Those that can be opened (and are subscribed, where only those are wanted), and what is above. */
function keep(all: readonly Listed[], namespaces: Namespaces, subscribed: boolean): Listed[] {
  const byPath = new Map(all.map((each) => [each.path, each]));
  const kept = new Set<Listed>();
  for (const each of all) {
    const asked = !subscribed || each.path === "INBOX" || each.flags.has("\\subscribed");
    if (!asked || !isSelectable(each)) continue;
    for (let at: Listed | undefined = each; at && !kept.has(at);) {
      kept.add(at);
      const above = parentOf(at, namespaces);
      at = above === undefined ? undefined : byPath.get(above);
    }
  }
  return all.filter((each) => kept.has(each));
}
