// Which folders a device is shown, and what changed since it was told.
import {
  type Cursor,
  type Folder,
  type FolderChange,
  type FolderId,
  Forgotten,
  type ItemClass,
  type Mailbox,
  type Role,
} from "../../mailbox/api.ts";
import type { Held, View } from "../api.ts";

/** A folder that is to be told to the device. */
export interface ShownFolder {
  readonly id: FolderId;
  readonly parent: string;
  readonly name: string;
  /** MS-ASCMD 2.2.3.186.3 */
  readonly type: number;
  /** The device has it already, in another state. */
  readonly known: boolean;
  /** What the device has once it was told. */
  readonly held: Held;
}

export interface HierarchyChanges {
  /** Parents before their children. */
  readonly shown: readonly ShownFolder[];
  readonly gone: readonly FolderId[];
  /** The place in the mailbox's history after all this. */
  readonly cursor: Cursor;
}

/** What a device that is at `since` must be told; without `since`: everything. */
export async function hierarchyChanges(
  view: View,
  mailbox: Mailbox,
  since: Cursor | undefined,
): Promise<HierarchyChanges> {
  if (since === undefined) return await everything(view, mailbox);
  try {
    const { changes, cursor } = await history(mailbox, since);
    return { ...await compare(view, changes), cursor };
  } catch (error) {
    if (error instanceof Forgotten) return await everything(view, mailbox);
    throw error;
  }
}

/** The whole hierarchy against what the device has: it keeps ids and reconciles. */
async function everything(view: View, mailbox: Mailbox): Promise<HierarchyChanges> {
  const { changes, cursor } = await history(mailbox, undefined);
  const present = new Set(changes.filter(({ folder }) => folder).map(({ id }) => id));
  const missing: FolderChange[] = [];
  for await (const { item } of allHeld(view)) {
    if (!present.has(item)) missing.push({ id: item, folder: undefined });
  }
  return { ...await compare(view, [...changes, ...missing]), cursor };
}

async function* allHeld(view: View): AsyncIterable<Held> {
  const limit = 500;
  let page = await view.heldBefore(Number.MAX_SAFE_INTEGER, limit);
  while (page.length > 0) {
    yield* page;
    if (page.length < limit) return;
    page = await view.heldBefore(Number.MAX_SAFE_INTEGER, limit, page.at(-1));
  }
}

/** All pages of the hierarchy's history; each folder once, in its last state. */
async function history(mailbox: Mailbox, since: Cursor | undefined) {
  const last = new Map<FolderId, FolderChange>();
  let page = await mailbox.folders(since);
  for (;;) {
    for (const change of page.changes) last.set(change.id, change);
    if (!page.more) return { changes: [...last.values()], cursor: page.cursor };
    page = await mailbox.folders(page.cursor);
  }
}

async function compare(view: View, changes: readonly FolderChange[]) {
  const held = await view.held(changes.map(({ id }) => id));
  const shown: ShownFolder[] = [];
  const gone: FolderId[] = [];
  for (const { id, folder } of changes) {
    const before = held.get(id);
    if (folder && isShown(folder.class)) {
      const now = describe(folder, before !== undefined);
      if (before?.has !== now.held.has) shown.push(now);
    } else if (before) {
      gone.push(id);
    }
  }
  return { shown: parentsFirst(shown), gone };
}

/** The folders that devices are shown. */
export async function shownFolders(mailbox: Mailbox): Promise<Folder[]> {
  const { changes } = await history(mailbox, undefined);
  return changes.map(({ folder }) => folder).filter((folder) => folder !== undefined)
    .filter(({ class: holds }) => isShown(holds));
}

/** A folder, and those above it. */
export function path(id: FolderId, folders: readonly Folder[]): FolderId[] {
  const parents = new Map(folders.map((folder) => [folder.id, folder.parent]));
  const above: FolderId[] = [];
  for (let at: FolderId | undefined = id; at !== undefined; at = parents.get(at)) above.push(at);
  return above;
}

/** Only mail for now: a folder of another class would be shown without anything in it. */
export const isShown = (holds: ItemClass): boolean => holds === "mail";

/** The top of the hierarchy, as a ParentId. */
export const top = "0";

/** A folder as devices are told of it. */
export function describe(folder: Folder, known: boolean): ShownFolder {
  const { id, parent = top, name, role } = folder;
  const type = typeOf(role);
  const held = { item: id, date: 0, has: `${type}/${parent}/${name}` };
  return { id, parent, name, type, known, held };
}

/** MS-ASCMD 2.2.3.186.3: what is special gets its own type, all else is a user's mail folder. */
function typeOf(role: Role | undefined): number {
  switch (role) {
    case "inbox":
      return 2;
    case "drafts":
      return 3;
    case "trash":
      return 4;
    case "sent":
      return 5;
    case "outbox":
      return 6;
    default:
      return 12;
  }
}

/** Devices put a folder below one that they know. */
function parentsFirst(folders: readonly ShownFolder[]): ShownFolder[] {
  const waiting = new Map(folders.map((folder) => [folder.id, folder]));
  const ordered: ShownFolder[] = [];
  const place = (folder: ShownFolder) => {
    if (!waiting.delete(folder.id)) return;
    const parent = waiting.get(folder.parent);
    if (parent) place(parent);
    ordered.push(folder);
  };
  for (const folder of folders) place(folder);
  return ordered;
}
