// One account's mailbox in the embedded store.
import type { Account } from "../../../../core/mod.ts";
import type {
  AutoReply,
  AutoReplyChange,
  EditsFolders,
  Empties,
  ListFrom,
  Listing,
  Mailbox,
  NewItem,
  Outgoing,
  Page,
  Replies,
  Searches,
  Span,
  ThreadItem,
  Threads,
} from "../../api.ts";
import type { Send } from "../../api.ts";
import { Refused } from "../../api.ts";
import type {
  Cursor,
  Folder,
  FolderChange,
  FolderId,
  Item,
  ItemChange,
  ItemClass,
  ItemId,
  ItemState,
  Marks,
  PartBytes,
  Want,
} from "../../model.ts";
import type { Found, Query, SearchPage } from "../../query.ts";
import { readPart } from "./content.ts";
import { createItem, replaceItem } from "./deliver.ts";
import { createFolder, folderChanges, updateFolder } from "./folders.ts";
import {
  countItems,
  itemChanges,
  listItems,
  markItem,
  moveItem,
  needItem,
  removeItem,
} from "./items.ts";
import { readItems } from "./read.ts";
import { emptyFolder, removeFolder } from "./removal.ts";
import { changeAutoReply, readAutoReply } from "./replies.ts";
import { reviveState } from "./rows.ts";
import { conversation, countOlder, divert, spans } from "./threads.ts";
import { searchItems } from "./search/search.ts";
import type { Store } from "./write.ts";
import { write } from "./write.ts";

/** The port's methods, each handed on to the file that does it. */
export class LocalMailbox implements Mailbox, EditsFolders, Empties, Replies, Searches, Threads {
  readonly #store: Store;
  readonly #account: Account;
  readonly #id: number;
  readonly #send: Send | undefined;

  constructor(store: Store, account: Account, send: Send | undefined) {
    this.#store = store;
    this.#account = account;
    this.#id = account.id;
    this.#send = send;
  }

  folders(since: Cursor | undefined): Promise<Page<FolderChange>> {
    return folderChanges(this.#store, this.#id, since);
  }

  changes(folder: FolderId, since: Cursor | undefined, limit: number): Promise<Page<ItemChange>> {
    return itemChanges(this.#store.db, this.#id, folder, since, limit);
  }

  list(folder: FolderId, from: ListFrom, limit: number): Promise<Listing> {
    return listItems(this.#store.db, this.#id, folder, from, limit);
  }

  count(folder: FolderId, from: ListFrom): Promise<number> {
    return countItems(this.#store.db, this.#id, folder, from);
  }

  read(items: readonly ItemId[], want: Want): AsyncIterable<Item> {
    return readItems(this.#store.db, this.#id, items, want);
  }

  async part(
    item: ItemId,
    part: string,
    range: { from: number; to?: number } = { from: 0 },
  ): Promise<PartBytes> {
    const { message } = await needItem(this.#store.db, this.#id, item);
    return await readPart(this.#store.db, message, part, range);
  }

  create(folder: FolderId, item: NewItem, token: string): Promise<ItemState> {
    return createItem(this.#store, this.#id, folder, item, token);
  }

  replace(item: ItemId, content: NewItem, token: string): Promise<ItemState> {
    return replaceItem(this.#store, this.#id, item, content, token);
  }

  async mark(item: ItemId, marks: Partial<Marks>, token: string): Promise<ItemState> {
    const state = await this.#write(token, (open) => markItem(open, item, marks));
    return reviveState(state);
  }

  move(item: ItemId, to: FolderId, token: string): Promise<ItemId> {
    return this.#write(token, (open) => moveItem(open, item, to));
  }

  async remove(item: ItemId, token: string): Promise<void> {
    await this.#write(token, (open) => removeItem(open, item));
  }

  empty(folder: FolderId, mayGoOn?: () => boolean): Promise<boolean> {
    return emptyFolder(this.#store, this.#id, folder, mayGoOn);
  }

  async send(message: Outgoing, token: string): Promise<void> {
    if (!this.#send) throw new Refused("other", "Cannot send: this mailbox has no way out");
    await this.#send(this.#account, message, token);
  }

  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    return this.#store.watchers.watch(this.#id, folders, changed);
  }

  createFolder(
    folder: { name: string; parent: FolderId | undefined; class: ItemClass },
    token: string,
  ): Promise<Folder> {
    return createFolder(this.#store, this.#id, folder, token);
  }

  updateFolder(
    id: FolderId,
    to: { name: string; parent: FolderId | undefined },
  ): Promise<Folder> {
    return updateFolder(this.#store, this.#id, id, to);
  }

  removeFolder(id: FolderId, keepIn?: FolderId): Promise<void> {
    return removeFolder(this.#store, this.#id, id, keepIn);
  }

  conversation(thread: string): Promise<readonly ThreadItem[]> {
    return conversation(this.#store.db, this.#id, thread);
  }

  divert(thread: string, to: FolderId | undefined): Promise<void> {
    return divert(this.#store, this.#id, thread, to);
  }

  spans(folder: FolderId, threads: readonly string[]): Promise<Map<string, Span>> {
    return spans(this.#store.db, this.#id, folder, threads);
  }

  countOlder(folder: FolderId, date: number): Promise<number> {
    return countOlder(this.#store.db, this.#id, folder, date);
  }

  autoReply(): Promise<AutoReply> {
    return readAutoReply(this.#store.db, this.#id);
  }

  setAutoReply(change: AutoReplyChange): Promise<AutoReply> {
    return changeAutoReply(this.#store, this.#id, change);
  }

  search(query: Query, page: SearchPage): Promise<Found> {
    return searchItems(this.#store, this.#id, query, page);
  }

  #write<T>(token: string, work: Parameters<typeof write<T>>[3]): Promise<T> {
    return write(this.#store, this.#id, token, work);
  }
}
