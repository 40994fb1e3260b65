// EmptyFolderContents: everything in a folder goes, and its subfolders where that is asked.
import { type EditsFolders, type Mailbox, NotFound, Refused } from "../../../mailbox/api.ts";
import { type EasCall, el, type Element } from "../../api.ts";
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
    const below = subfolders ? await descendants(mailbox, folder) : [];
    if (below.length > 0 && !editsFolders(mailbox)) return accessDenied;
    for (const id of [...below, folder]) {
      if (!await removeItems(mailbox, id, () => clock.now() < deadline)) return partial;
      if (id !== folder && editsFolders(mailbox)) await mailbox.removeFolder(id);
    }
    return ok;
  } catch (error) {
    if (error instanceof NotFound) return notFound;
    if (error instanceof Refused) return accessDenied;
    throw error;
  }
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

/** The folders below a folder, deepest first. */
async function descendants(mailbox: Mailbox, root: string): Promise<string[]> {
  const children = new Map<string | undefined, string[]>();
  let since: string | undefined;
  let more = true;
  while (more) {
    const found = await mailbox.folders(since);
    for (const { id, folder } of found.changes) {
      if (folder) children.set(folder.parent, [...children.get(folder.parent) ?? [], id]);
    }
    since = found.cursor;
    more = found.more;
  }
  const below = (id: string): string[] =>
    (children.get(id) ?? []).flatMap((child) => [...below(child), child]);
  return below(root);
}

function editsFolders(mailbox: Mailbox): mailbox is Mailbox & EditsFolders {
  return "removeFolder" in mailbox;
}
