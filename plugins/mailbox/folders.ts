// Rules for folders that every editable backend shares: the special ones, and which names are allowed.
import type { Folder, FolderChange, FolderId, Role } from "./model.ts";
import { Refused } from "./api.ts";

/** The folders that every mailbox has, and what they are called at first. */
export const specialFolders: readonly { readonly role: Role; readonly name: string }[] = [
  { role: "inbox", name: "Inbox" },
  { role: "drafts", name: "Drafts" },
  { role: "sent", name: "Sent" },
  { role: "trash", name: "Trash" },
  { role: "junk", name: "Junk" },
  { role: "archive", name: "Archive" },
  { role: "outbox", name: "Outbox" },
];

/** Where a folder is, or shall be. */
export interface FolderPlace {
  readonly name: string;
  readonly parent: FolderId | undefined;
}

/**
 * Checks that a folder may be called so there, and gives the name as it is kept. `id` is the folder
 * itself where it exists already. Throws {@link Refused}.
 */
export function allowedName(
  place: FolderPlace,
  folders: readonly Folder[],
  id: FolderId | undefined,
): string {
  const name = place.name.normalize("NFC").trim();
  // deno-lint-ignore no-control-regex
  if (!name || [...name].length > 256 || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new Refused("other", "Cannot name the folder: a name has 1 to 256 printable characters");
  }
  const taken = folders.some((other) =>
    other.id !== id && other.parent === place.parent &&
    other.name.toLowerCase() === name.toLowerCase()
  );
  if (taken) throw new Refused("exists", `Cannot name the folder "${name}": there is one already`);
  return name;
}

/** Throws {@link Refused} where `folder` would end up inside itself. */
export function checkParent(
  folder: FolderId,
  parent: FolderId | undefined,
  folders: readonly Folder[],
): void {
  const parents = new Map(folders.map((other) => [other.id, other.parent]));
  for (let above = parent; above !== undefined; above = parents.get(above)) {
    if (above === folder) {
      throw new Refused("other", "Cannot move the folder: it would be inside itself");
    }
  }
}

/** Throws {@link Refused} where the folder that keeps what is removed is removed itself. */
export function checkKeeper(keepIn: FolderId | undefined, removed: readonly FolderId[]): void {
  if (keepIn === undefined || !removed.includes(keepIn)) return;
  throw new Refused("other", "Cannot remove the folder: what is in it would go to one below it");
}

/** A folder and all that are below it, from the bottom up. */
export function withDescendants(folder: FolderId, folders: readonly Folder[]): FolderId[] {
  const below = folders.filter((other) => other.parent === folder);
  return [...below.flatMap((child) => withDescendants(child.id, folders)), folder];
}

/** The same changes with each parent in front of its children. */
export function parentsFirst(changes: readonly FolderChange[]): FolderChange[] {
  const within = new Map(changes.map((change) => [change.id, change]));
  const sorted = new Set<FolderChange>();
  const put = (change: FolderChange) => {
    const parent = change.folder?.parent;
    const above = parent === undefined ? undefined : within.get(parent);
    if (above && !sorted.has(above)) put(above);
    sorted.add(change);
  };
  for (const change of changes) put(change);
  return [...sorted];
}
