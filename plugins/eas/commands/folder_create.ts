// FolderCreate: the user makes a folder on the device.
import { type ItemClass, NotFound } from "../../mailbox/api.ts";
import type { EasCall } from "../api.ts";
import {
  type EditCommand,
  editCommand,
  type Editing,
  type EditOutcome,
  type FolderEdit,
  noParent,
  ok,
  recipients,
  required,
  special,
} from "./folder_edits.ts";
import { describe, isShown, top } from "./hierarchy.ts";
import type { Work } from "./work.ts";

/** What a user's folder of each Type holds; a journal's entries are kept nowhere. */
// MS-ASCMD 2.2.3.186.2
const classOf: Readonly<Record<string, ItemClass>> = {
  1: "mail",
  12: "mail",
  13: "event",
  14: "contact",
  15: "task",
  17: "note",
};

/** MS-ASCMD 2.2.1.3 */
export function folderCreate(work: Work): EditCommand {
  return editCommand(work, "FolderCreate", read);
}

/**
 * Undefined: malformed. So are the Types of special folders, which every mailbox has already, and
 * those that cannot be kept here: trying once more would not help.
 */
function read({ document }: EasCall): FolderEdit | undefined {
  const key = required(document, "FolderHierarchy:SyncKey");
  const parent = required(document, "FolderHierarchy:ParentId");
  const name = document?.textOf("FolderHierarchy:DisplayName");
  const holds = classOf[required(document, "FolderHierarchy:Type") ?? ""];
  if (!key || !parent || !name?.trim() || !holds || !isShown(holds)) return undefined;
  const id = `create:${JSON.stringify([parent, holds, name])}`;
  return { key, id, forbidden: special, run: (editing) => create(editing, parent, name, holds) };
}

async function create(
  { mailbox, token }: Editing,
  parent: string,
  name: string,
  holds: ItemClass,
): Promise<EditOutcome> {
  if (parent === recipients) return { status: special };
  try {
    const place = { name, parent: parent === top ? undefined : parent, class: holds };
    const folder = await mailbox.createFolder(place, token);
    // By the name that the device gave it: where it is kept under another one, FolderSync tells.
    const { held } = describe({ ...folder, name }, true);
    return { status: ok, serverId: folder.id, held };
  } catch (error) {
    if (error instanceof NotFound) return { status: noParent };
    throw error;
  }
}
