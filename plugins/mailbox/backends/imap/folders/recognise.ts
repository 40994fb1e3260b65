// Which of the folders that a server has now is which of those that were known: renames are seen here.
import type { Listed } from "./folder_list.ts";

/** A folder as it was last seen; also one that has gone, which may come back. */
export interface Known {
  readonly path: string;
  readonly delimiter: string;
  /** Empty: not known. */
  readonly mailboxId: string;
  readonly validity: string;
  /** The least that UIDNEXT can be. */
  readonly uidnext: number;
  readonly gone: boolean;
}

/**
 * Pairs what is known with what is found; what is in no pair is new, or has gone. In this order: the
 * server's own id; name and UIDVALIDITY together; another name with a UIDVALIDITY that nothing else
 * has (renamed); the same name (whose UIDVALIDITY has changed, for example after a repair); a
 * container without numbers, by what is in it; one that was gone, and is back.
 */
export function recognise<K extends Known>(
  known: readonly K[],
  found: readonly Listed[],
): Map<Listed, K> {
  const made = new Map<Listed, K>();
  const pair = (old: readonly K[], by: (folder: Seen) => string, fits = sameFolder) =>
    pairUnique(old.map(seenBefore), found.filter((now) => !made.has(now)).map(seenNow), by, fits)
      .forEach(([before, now]) => made.set(now, before));
  const here = () => {
    const paired = new Set(made.values());
    return known.filter((old) => !old.gone && !paired.has(old));
  };
  const gone = known.filter((old) => old.gone);
  pair(here(), ({ mailboxId }) => mailboxId);
  pair(here(), numbersAnd(({ path }) => path));
  pair(here(), numbersAnd(leaf));
  pair(here(), numbersAnd(above));
  pair(here(), numbersAnd(() => ""));
  pair(here(), ({ path }) => path, () => true);
  containers(known, made, found);
  pair(gone, ({ mailboxId }) => mailboxId);
  pair(gone, numbersAnd(({ path }) => path));
  return made;
}

/** What is compared of a folder, then and now. */
interface Seen {
  readonly path: string;
  readonly delimiter: string;
  readonly mailboxId: string;
  readonly validity: string;
  readonly uidnext: number;
}

function seenBefore<K extends Known>(old: K): readonly [Seen, K] {
  return [old, old];
}

function seenNow(now: Listed): readonly [Seen, Listed] {
  const { path, delimiter, mailboxId = "", numbers } = now;
  const validity = String(numbers?.uidValidity ?? "");
  return [{ path, delimiter, mailboxId, validity, uidnext: numbers?.uidNext ?? Infinity }, now];
}

/** Pairs those who have the same key, which is not empty, and share it with nobody else. */
function pairUnique<A, B>(
  old: readonly (readonly [Seen, A])[],
  now: readonly (readonly [Seen, B])[],
  by: (folder: Seen) => string,
  fits: (old: Seen, now: Seen) => boolean,
): (readonly [A, B])[] {
  const before = unique(old, by);
  return [...unique(now, by)].flatMap(([key, each]) => {
    const match = before.get(key);
    return each && match && fits(match[0], each[0]) ? [[match[1], each[1]] as const] : [];
  });
}

/** By key; undefined where several have it. */
function unique<T extends readonly [Seen, unknown]>(
  all: readonly T[],
  by: (folder: Seen) => string,
) {
  const found = new Map<string, T | undefined>();
  for (const each of all) {
    const key = by(each[0]);
    if (key !== "") found.set(key, found.has(key) ? undefined : each);
  }
  return found;
}

/** UIDs never fall while UIDVALIDITY stays, and two ids of the server's are two folders. */
function sameFolder(old: Seen, now: Seen): boolean {
  if (old.mailboxId !== "" && now.mailboxId !== "") return old.mailboxId === now.mailboxId;
  return old.validity === now.validity && now.uidnext >= old.uidnext;
}

/** A key of UIDVALIDITY and something else; none without UIDVALIDITY. */
function numbersAnd(more: (folder: Seen) => string): (folder: Seen) => string {
  return (folder) => folder.validity && `${folder.validity} ${more(folder)}`;
}

const above = ({ path, delimiter }: { path: string; delimiter: string }) =>
  delimiter ? path.slice(0, Math.max(0, path.lastIndexOf(delimiter))) : "";

const leaf = ({ path, delimiter }: { path: string; delimiter: string }) =>
  delimiter ? path.slice(path.lastIndexOf(delimiter) + delimiter.length) : path;

/** A container has no numbers of its own; it is where what was in it is now. From the bottom up. */
function containers<K extends Known>(
  known: readonly K[],
  made: Map<Listed, K>,
  found: readonly Listed[],
): void {
  const free = new Set(known.filter((old) => !old.gone && old.validity === ""));
  for (const old of made.values()) free.delete(old);
  if (!free.size) return;
  const byPath = new Map([...free].map((old) => [old.path, old]));
  const deepestFirst = found.filter((now) => !made.has(now) && !now.numbers)
    .sort((a, b) => b.path.length - a.path.length);
  for (const now of deepestFirst) {
    for (const [child, before] of made) {
      const old = above(child) === now.path ? byPath.get(above(before)) : undefined;
      if (!old) continue;
      made.set(now, old);
      byPath.delete(old.path);
      break;
    }
  }
}
