// FolderDelete: the user removes a folder; the mail in it goes to the trash.
import { type Folder, type FolderId, NotFound } from "../../mailbox/api.ts";
import type { EasCall } from "../api.ts";
import {
  type EditCommand,
  editCommand,
  type Editing,
  type EditOutcome,
  type FolderEdit,
  missing,
  ok,
  recipients,
  required,
  special,
} from "./folder_edits.ts";
import { path, shownFolders } from "./hierarchy.ts";
import type { Work } from "./work.ts";

/** MS-ASCMD 2.2.1.4 */
export function folderDelete(work: Work): EditCommand {
  return editCommand(work, "FolderDelete", read);
}

/** Undefined: malformed. */
function read({ document }: EasCall): FolderEdit | undefined {
  const key = required(document, "FolderHierarchy:SyncKey");
  const folder = required(document, "FolderHierarchy:ServerId");
  if (!key || !folder) return undefined;
  const run = (editing: Editing) => remove(editing, folder);
  return { key, id: `delete:${folder}`, forbidden: special, run };
}

/** Folders below it go too; the device hears of them by its next FolderSync. */
async function remove(
  { mailbox, begun, begin }: Editing,
  id: FolderId,
): Promise<EditOutcome> {
  if (id === recipients) return { status: special };
  const done: EditOutcome = { status: ok, gone: id };
  const folders = await shownFolders(mailbox);
  const folder = folders.find((one) => one.id === id);
  if (!folder) return begun ? done : { status: missing };
  if (folders.some(({ id: at, role }) => role && path(at, folders).includes(id))) {
    return { status: special };
  }
  await begin();
  try {
    await mailbox.removeFolder(id, keeperOf(folder, folders));
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof NotFound)) throw error;
  }
  return done;
}

/**
 * Where the mail of a removed folder goes: to the trash. What is removed inside the trash, and what
 * has no trash to go to, goes for good.
 */
function keeperOf(folder: Folder, folders: readonly Folder[]): FolderId | undefined {
  const trash = folders.find(({ role }) => role === "trash")?.id;
  return trash !== undefined && path(folder.id, folders).includes(trash) ? undefined : trash;
}
