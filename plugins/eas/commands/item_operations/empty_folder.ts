// EmptyFolderContents: everything in a folder goes, and its subfolders where that is asked.
import {
  type EditsFolders,
  type Empties,
  type Folder,
  type FolderId,
  type Mailbox,
  NotFound,
  Refused,
} from "../../../mailbox/api.ts";
import { type EasCall, el, type Element } from "../../api.ts";
import { editsFolders } from "../folder_edits.ts";
import { path, shownFolders } from "../hierarchy.ts";
import type { EmptyFolder } from "./read.ts";

/** Phones give up after 30 s: what is left then is told as partial. Milliseconds. */
const patience = 20_000;
const page = 200;

// MS-ASCMD 2.2.3.177.8
const ok = 1;
const notFound = 6;
const accessDenied = 16;
const partial = 17;

// MS-ASCMD 2.2.3.55
export async function emptyFolder(operation: EmptyFolder, call: EasCall): Promise<Element> {
  const status = await attempt(operation, call);
  return el(
    "ItemOperations:EmptyFolderContents",
    el("ItemOperations:Status", status),
    ...operation.names,
  );
}

async function attempt({ folder, subfolders }: EmptyFolder, call: EasCall): Promise<number> {
  const { mailbox, clock } = call;
  const deadline = clock.now() + patience;
  try {
    const folders = await shownFolders(mailbox);
    if (!folders.some(({ id }) => id === folder)) return notFound;
    const below = subfolders ? removable(folder, folders) : [];
    if (below.length > 0 && !editsFolders(mailbox)) return accessDenied;
    const mayGoOn = () => clock.now() < deadline;
    const empty = empties(mailbox)
      ? await mailbox.empty(folder, mayGoOn)
      : await removeItems(mailbox, folder, mayGoOn);
    if (!empty) return partial;
    for (const id of below) if (editsFolders(mailbox)) await removeFolder(mailbox, id);
    return ok;
  } catch (error) {
    if (error instanceof NotFound) return notFound;
    if (error instanceof Refused) return accessDenied;
    throw error;
  }
}

function empties(mailbox: Mailbox): mailbox is Mailbox & Empties {
  return "empty" in mailbox;
}

/** Removes what is there now; false: there was no time for all of it. */
async function removeItems(
  mailbox: Mailbox,
  folder: string,
  mayGoOn: () => boolean,
): Promise<boolean> {
  let after: string | undefined;
  do {
    const listing = await mailbox.list(folder, after === undefined ? {} : { after }, page);
    for (const { id } of listing.items) {
      if (!mayGoOn()) return false;
      await mailbox.remove(id, `empty:${id}`);
    }
    after = listing.next;
  } while (after !== undefined);
  return true;
}

/**
 * The folders right below a folder that go with all that is in them. Special ones stay, wherever
 * they are, and so does what devices are not shown.
 */
function removable(root: FolderId, folders: readonly Folder[]): FolderId[] {
  const kept = new Set(
    folders.filter(({ role }) => role).flatMap(({ id }) => path(id, folders)),
  );
  return folders.filter(({ id, parent }) => parent === root && !kept.has(id)).map(({ id }) => id);
}

async function removeFolder(mailbox: EditsFolders, id: FolderId): Promise<void> {
  try {
    await mailbox.removeFolder(id);
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof NotFound)) throw error;
  }
}
