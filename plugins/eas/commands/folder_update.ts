// FolderUpdate: the user renames a folder or puts it below another one.
import { type Folder, type FolderId, NotFound } from "../../mailbox/api.ts";
import type { EasCall } from "../api.ts";
import {
  type EditCommand,
  editCommand,
  type Editing,
  type EditOutcome,
  exists,
  type FolderEdit,
  missing,
  noParent,
  ok,
  recipients,
  required,
  special,
} from "./folder_edits.ts";
import { describe, path, shownFolders, top } from "./hierarchy.ts";
import type { Work } from "./work.ts";

/** MS-ASCMD 2.2.1.6 */
export function folderUpdate(work: Work): EditCommand {
  return editCommand(work, "FolderUpdate", read);
}

/** Undefined: malformed. */
function read({ document }: EasCall): FolderEdit | undefined {
  const key = required(document, "FolderHierarchy:SyncKey");
  const folder = required(document, "FolderHierarchy:ServerId");
  const parent = required(document, "FolderHierarchy:ParentId");
  const name = document?.textOf("FolderHierarchy:DisplayName");
  if (!key || !folder || !parent || !name?.trim()) return undefined;
  const id = `update:${JSON.stringify([folder, parent, name])}`;
  // MS-ASCMD 2.2.3.177.5: 2 is said of special folders too, 3 of that one alone
  return { key, id, forbidden: exists, run: (editing) => update(editing, folder, parent, name) };
}

async function update(
  { mailbox }: Editing,
  id: FolderId,
  parent: string,
  name: string,
): Promise<EditOutcome> {
  if (id === recipients) return { status: special };
  const folders = await shownFolders(mailbox);
  if (!folders.some((folder) => folder.id === id)) return { status: missing };
  if (parent !== top && !isPlace(parent, id, folders)) return { status: noParent };
  try {
    const to = { name, parent: parent === top ? undefined : parent };
    const folder = await mailbox.updateFolder(id, to);
    return { status: ok, held: describe({ ...folder, name }, true).held };
  } catch (error) {
    // It, or its new parent, went in between: the next FolderSync tells which.
    if (error instanceof NotFound) return { status: missing };
    throw error;
  }
}

/** Whether a folder can be put there: it exists, and not inside of the folder itself. */
function isPlace(parent: FolderId, id: FolderId, folders: readonly Folder[]): boolean {
  return folders.some((folder) => folder.id === parent) && !path(parent, folders).includes(id);
}
