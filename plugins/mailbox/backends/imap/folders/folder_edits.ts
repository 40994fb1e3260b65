// Edits of the hierarchy: folders are made, renamed, moved and removed on the server.
import type { EditsFolders } from "../../../api.ts";
import { NotFound, Refused } from "../../../api.ts";
import { allowedName, checkKeeper, checkParent, withDescendants } from "../../../folders.ts";
import type { Folder, FolderId } from "../../../model.ts";
import type { ItemStore } from "../items/item_store.ts";
import { keepMessages } from "./keep.ts";
import { folderWord } from "./mailbox_name.ts";
import {
  dropPlace,
  folderOfRow,
  intendPlace,
  movePlaces,
  placeId,
  placeNumber,
  placeOfToken,
  type PlaceRow,
} from "./place_rows.ts";
import { type PlaceBook, placeOf } from "./places.ts";
import { command } from "../connections/raw.ts";

type NewFolder = Parameters<EditsFolders["createFolder"]>[0];
type Target = Parameters<EditsFolders["updateFolder"]>[1];

/** Makes a folder, once per token, and subscribes to it. */
export function createFolder(book: PlaceBook, wanted: NewFolder, token: string): Promise<Folder> {
  return book.alone(async () => {
    const { db } = book.options;
    await know(book);
    const before = await placeOfToken(db, book.account, token);
    if (before && before.gone !== 2) return folderOfRow(before);
    if (wanted.class !== "mail") {
      throw new Refused("other", `Cannot make a folder of ${wanted.class}s: it is a mail server`);
    }
    const path = before?.path ?? pathFor(book, wanted, undefined);
    const id = before?.id ??
      await intendPlace(db, book.account, token, { path, delimiter: delimiterFor(book, wanted) });
    await make(book, path, before !== undefined).catch(async (error) => {
      // What can never work is forgotten; what may have happened is looked at by the next try.
      if (error instanceof Refused || error instanceof NotFound) await dropPlace(db, id);
      throw error;
    });
    await book.look();
    return folderOfRow(liveRow(book, placeId(id)));
  });
}

/** Renames a folder, or moves it below another one, with all that is in and below it. */
export function updateFolder(book: PlaceBook, id: FolderId, to: Target): Promise<Folder> {
  return book.alone(async () => {
    await know(book);
    const row = ownRow(book, id);
    const folders = foldersOf(book);
    checkExists(book, to.parent);
    checkParent(id, to.parent, folders);
    const name = allowedName(to, folders, id);
    const now = folderOfRow(row);
    if (name === now.name && to.parent === now.parent) return now;
    const path = pathFor(book, { ...to, name }, id);
    await rename(book, row, path);
    await book.look();
    return folderOfRow(liveRow(book, id));
  });
}

/** What the end of a folder concerns: the hierarchy, and its messages. */
export interface Removal {
  readonly places: PlaceBook;
  readonly store: ItemStore;
}

/** Removes a folder and those below it; what is in them goes to `keepIn`, where that is told. */
export function removeFolder(desk: Removal, id: FolderId, keepIn?: FolderId): Promise<void> {
  const { places: book } = desk;
  return book.alone(async () => {
    await know(book);
    ownRow(book, id);
    const ids = withDescendants(id, foldersOf(book));
    checkExists(book, keepIn);
    checkKeeper(keepIn, ids);
    // From the bottom up; none of them may be special.
    const rows = ids.map((each) => ownRow(book, each));
    const keeper = keepIn === undefined ? undefined : liveRow(book, keepIn);
    try {
      for (const row of rows) await removeOne(desk, row, keeper);
    } finally {
      await book.look();
    }
  });
}

/** The hierarchy is as it was last seen: edits do not look first. */
async function know(book: PlaceBook): Promise<void> {
  if (!(await book.rows()).length) await book.look();
}

const foldersOf = (book: PlaceBook): Folder[] => book.live().map(folderOfRow);

function liveRow(book: PlaceBook, id: FolderId): PlaceRow {
  const number = placeNumber(id);
  const row = book.live().find((each) => each.id === number);
  if (!row) throw new NotFound(`Cannot find folder ${id}`);
  return row;
}

/** A folder that its user may change. Throws NotFound, Refused. */
function ownRow(book: PlaceBook, id: FolderId): PlaceRow {
  const row = liveRow(book, id);
  if (row.role) throw new Refused("special", `Cannot change the special folder ${row.name}`);
  return row;
}

function checkExists(book: PlaceBook, id: FolderId | undefined): void {
  if (id !== undefined) liveRow(book, id);
}

function delimiterFor(book: PlaceBook, { parent }: { parent: FolderId | undefined }): string {
  return parent === undefined ? book.top.delimiter : liveRow(book, parent).delimiter;
}

/** The whole name of a folder that is called so there. Throws NotFound, Refused. */
function pathFor(book: PlaceBook, place: Target, id: FolderId | undefined): string {
  checkExists(book, place.parent);
  const name = allowedName(place, foldersOf(book), id);
  const delimiter = delimiterFor(book, place);
  if (delimiter && name.includes(delimiter)) {
    throw new Refused(
      "other",
      `Cannot name the folder "${name}": "${delimiter}" stands between folders on this mail server`,
    );
  }
  if (place.parent === undefined) return book.top.prefix + name;
  if (!delimiter) throw new Refused("other", "Cannot put a folder there: it can hold none");
  return liveRow(book, place.parent).path + delimiter + name;
}

/** `again`: it may have been made before. */
async function make(book: PlaceBook, path: string, again: boolean): Promise<void> {
  const made = await book.options.connections.use(async (client) => {
    const { created } = await client.mailboxCreate(path);
    return created;
  }, { doing: "make the folder" }).catch((error) => {
    // Some servers say it by a code, which the library knows, others in words only.
    if (error instanceof Refused && error.reason === "exists") return false;
    throw error;
  });
  if (made) return;
  if (!again) {
    throw new Refused("exists", `Cannot make the folder "${path}": there is one already`);
  }
  // An earlier try may not have come so far.
  await book.options.connections.use((client) => client.mailboxSubscribe(path));
}

async function rename(book: PlaceBook, row: PlaceRow, path: string): Promise<void> {
  const { connections, db, config } = book.options;
  await connections.leave(row.path, row.delimiter);
  await connections.use(async (client) => {
    await command(client, "RENAME", [row.path, path].map((each) => folderWord(client, each)));
    // Servers leave the subscriptions at the old names.
    const below = config.subscribed ? book.live().filter((each) => isBelow(each, row)) : [];
    for (const old of [row, ...below]) {
      await client.mailboxSubscribe(path + old.path.slice(row.path.length));
      await client.mailboxUnsubscribe(old.path);
    }
  }, { doing: "rename the folder" });
  await movePlaces(db, book.account, row, path);
}

const isBelow = ({ path }: PlaceRow, { path: above, delimiter }: PlaceRow) =>
  delimiter !== "" && path.startsWith(above + delimiter);

async function removeOne(
  { places: book, store }: Removal,
  row: PlaceRow,
  keeper: PlaceRow | undefined,
): Promise<void> {
  const { connections } = book.options;
  const { path, delimiter, selectable } = row;
  try {
    if (keeper && selectable) await keepMessages(store, placeOf(row), placeOf(keeper));
    await connections.leave(path, delimiter);
    await connections.use(async (client) => {
      await command(client, "DELETE", [folderWord(client, path)]);
      await client.mailboxUnsubscribe(path);
    }, { doing: "remove the folder" });
  } catch (error) {
    // Gone already, or a level that was there only for the sake of what was below.
    const over = error instanceof NotFound || (!selectable && error instanceof Refused);
    if (!over) throw error;
  }
}
