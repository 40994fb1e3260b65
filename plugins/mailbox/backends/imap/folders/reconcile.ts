// Writes down what has become of an account's folders, where anything has.
import type { Database } from "../../../../../core/mod.ts";
import type { Listed } from "./folder_list.ts";
import type { Namespaces } from "./namespaces.ts";
import {
  isSameState,
  knownOf,
  type PlaceRow,
  type PlaceState,
  PlaceWrite,
  readPlaces,
} from "./place_rows.ts";
import { recognise } from "./recognise.ts";
import { arrange, type Shown, type Wanted } from "./tree.ts";

/** What a server was found to have. */
export interface Found {
  readonly listed: readonly Listed[];
  readonly namespaces: Namespaces;
  readonly config: Wanted;
}

/**
 * Brings the rows of an account to what was found. `seen` are the rows as this process knows them:
 * where they say it already, which is mostly so, nothing is written. Answers whether anything was.
 */
export async function reconcile(
  db: Database,
  account: number,
  found: Found,
  seen: readonly PlaceRow[],
  now: number,
): Promise<boolean> {
  if (isSame(seen, planOf(found, seen))) return false;
  return await db.transaction(async (tx) => {
    const rows = await readPlaces(tx, account);
    await writeAll(new PlaceWrite(tx, account, rows, now), rows, planOf(found, rows));
    return true;
  });
}

/** What is shown, and as which row. */
type Plan = readonly { readonly shown: Shown; readonly row: PlaceRow | undefined }[];

function planOf({ listed, namespaces, config }: Found, rows: readonly PlaceRow[]): Plan {
  const held = new Map(rows.flatMap(({ path, role, gone }) => !gone && role ? [[path, role]] : []));
  const shown = arrange(listed, namespaces, config, held);
  const pairs = pairUp(rows, shown.map(({ listed }) => listed));
  return shown.map((each) => ({ shown: each, row: pairs.get(each.listed) }));
}

function pairUp(rows: readonly PlaceRow[], found: readonly Listed[]): Map<Listed, PlaceRow> {
  // What was about to be made is there: by this path, whoever was faster.
  const there = new Set(rows.filter(({ gone }) => gone === 0).map(({ path }) => path));
  const intended = new Map(
    rows.filter(({ gone, path }) => gone === 2 && !there.has(path)).map((row) => [row.path, row]),
  );
  const pairs = new Map<Listed, PlaceRow>();
  for (const each of found) {
    const row = intended.get(each.path);
    if (row) pairs.set(each, row);
  }
  const known = rows.filter(({ gone }) => gone !== 2).map(knownOf);
  for (const [each, { row }] of recognise(known, found.filter((each) => !pairs.has(each)))) {
    pairs.set(each, row);
  }
  return pairs;
}

function stateOf(
  { listed, name, role, selectable }: Shown,
  parent: number | null,
  before: PlaceRow | undefined,
): PlaceState {
  const { path, delimiter, numbers, mailboxId, rights } = listed;
  return {
    path,
    delimiter,
    parent,
    name,
    role: role ?? null,
    selectable: selectable ? 1 : 0,
    rights: rights ?? null,
    mailbox_id: mailboxId ?? before?.mailbox_id ?? "",
    validity: numbers?.uidValidity === undefined
      ? before?.validity ?? ""
      : String(numbers.uidValidity),
    uidnext: numbers?.uidNext ?? before?.uidnext ?? 0,
  };
}

function isSame(rows: readonly PlaceRow[], plan: Plan): boolean {
  const ids = new Map(plan.map(({ shown, row }) => [shown.listed.path, row?.id]));
  return rows.filter(({ gone }) => gone === 0).length === plan.length &&
    plan.every(({ shown, row }) => {
      const parent = shown.parent === undefined ? null : ids.get(shown.parent) ?? null;
      return row !== undefined && isSameState(row, stateOf(shown, parent, row));
    });
}

async function writeAll(write: PlaceWrite, rows: readonly PlaceRow[], plan: Plan): Promise<void> {
  const paths = new Map(plan.map(({ shown, row }) => [row?.id, shown.listed.path]));
  for (const { id, path, gone } of rows) {
    if (gone !== 0) continue;
    if (!paths.has(id)) await write.end(id);
    // Its name may be another folder's by now.
    else if (paths.get(id) !== path) await write.hide(id);
  }
  const ids = new Map<string, number>();
  // Shorter paths first: parents have their number before their children need it.
  for (const { shown, row } of plan.toSorted((a, b) => depth(a.shown) - depth(b.shown))) {
    const parent = shown.parent === undefined ? null : ids.get(shown.parent) ?? null;
    const state = stateOf(shown, parent, row);
    const moved = row !== undefined && !isSameState(row, state);
    if (moved) await write.set(row, state);
    ids.set(shown.listed.path, row ? row.id : await write.add(state));
  }
}

const depth = ({ listed }: Shown) => listed.path.length;
