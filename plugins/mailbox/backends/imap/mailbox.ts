// An account's mailbox at its IMAP server.
import type { Account } from "../../../../core/mod.ts";
import type {
  EditsFolders,
  Empties,
  FolderId,
  Found,
  Item,
  ItemId,
  ItemState,
  Listing,
  Mailbox,
  Marks,
  NewItem,
  Outgoing,
  Page,
  PartBytes,
  Query,
  Searches,
  SearchPage,
  Send,
  Want,
} from "../../api.ts";
import type { Cursor, FolderChange, ItemChange } from "../../model.ts";
import type { Desk } from "./desk.ts";
import { createFolder, removeFolder, updateFolder } from "./folders/folder_edits.ts";
import { readPart } from "./reading/part.ts";
import { readItems } from "./reading/read.ts";
import { searchItems } from "./searching/search.ts";
import { makeSpecialFolders } from "./folders/special_folders.ts";

type ListFrom = Parameters<Mailbox["list"]>[1];

/**
 * What the port asks for, each by the part that does it. The account's desk is asked for each time:
 * it may have been closed since, where many others were in use.
 */
export class ImapMailbox implements Mailbox, EditsFolders, Empties, Searches {
  readonly #desk: () => Desk;
  readonly #account: Account;
  readonly #send: Send;

  constructor(desk: () => Desk, account: Account, send: Send) {
    this.#desk = desk;
    this.#account = account;
    this.#send = send;
  }

  async folders(since: Cursor | undefined): Promise<Page<FolderChange>> {
    const { places } = this.#desk();
    const page = await places.folders(since);
    if (since !== undefined || !await makeSpecialFolders(places)) return page;
    return await places.folders(undefined);
  }

  changes(
    folder: FolderId,
    since: Cursor | undefined,
    limit: number,
  ): Promise<Page<ItemChange>> {
    return this.#desk().items.changes(folder, since, limit);
  }

  list(folder: FolderId, from: ListFrom, limit: number): Promise<Listing> {
    return this.#desk().items.list(folder, from, limit);
  }

  count(folder: FolderId, from: ListFrom): Promise<number> {
    return this.#desk().items.count(folder, from);
  }

  read(items: readonly ItemId[], want: Want): AsyncIterable<Item> {
    return readItems(this.#desk(), items, want);
  }

  part(item: ItemId, part: string, range?: { from: number; to?: number }): Promise<PartBytes> {
    return readPart(this.#desk(), item, part, range);
  }

  search(query: Query, page: SearchPage): Promise<Found> {
    return searchItems(this.#desk(), query, page);
  }

  create(folder: FolderId, item: NewItem, token: string): Promise<ItemState> {
    return this.#desk().items.create(folder, item, token);
  }

  replace(item: ItemId, content: NewItem, token: string): Promise<ItemState> {
    return this.#desk().items.replace(item, content, token);
  }

  mark(item: ItemId, marks: Partial<Marks>, token: string): Promise<ItemState> {
    return this.#desk().items.mark(item, marks, token);
  }

  move(item: ItemId, to: FolderId, token: string): Promise<ItemId> {
    return this.#desk().items.move(item, to, token);
  }

  remove(item: ItemId, token: string): Promise<void> {
    return this.#desk().items.remove(item, token);
  }

  empty(...[folder, mayGoOn]: Parameters<Empties["empty"]>): Promise<boolean> {
    return this.#desk().items.empty(folder, mayGoOn);
  }

  send(message: Outgoing, token: string): Promise<void> {
    return this.#send(this.#account, message, token);
  }

  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    return this.#desk().watcher.watch(folders, changed);
  }

  createFolder(...[folder, token]: Parameters<EditsFolders["createFolder"]>) {
    return createFolder(this.#desk().places, folder, token);
  }

  updateFolder(...[id, to]: Parameters<EditsFolders["updateFolder"]>) {
    return updateFolder(this.#desk().places, id, to);
  }

  removeFolder(...[id, keepIn]: Parameters<EditsFolders["removeFolder"]>) {
    return removeFolder(this.#desk(), id, keepIn);
  }
}
