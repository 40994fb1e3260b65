// One account's mailbox in memory: folders, items, a history, watchers and remembered writes.
import type { Account, Clock } from "../../../../core/mod.ts";
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
import { NotFound, Refused } from "../../api.ts";
import type { Send } from "../../api.ts";
import {
  allowedName,
  checkKeeper,
  checkParent,
  parentsFirst,
  specialFolders,
  withDescendants,
} from "../../folders.ts";
import { firstMarks, sameMarks, withMarks } from "../../marks.ts";
import { threadKeys } from "../../mime/thread.ts";
import { changedReply, noAutoReply } from "../../auto_reply.ts";
import type { Found, Query, SearchPage } from "../../query.ts";
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
import { History, Writes } from "./history.ts";
import type { Message } from "./message.ts";
import { mailOf, parseMessage, partOf, readAll } from "./message.ts";
import { searchAll } from "./search.ts";

interface Kept {
  readonly number: number;
  readonly folder: FolderId;
  readonly state: ItemState;
  readonly message: Message;
  readonly thread: string;
}

export class MemoryMailbox implements Mailbox, EditsFolders, Empties, Replies, Searches, Threads {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #send: Send | undefined;
  readonly #folders = new Map<FolderId, Folder>();
  readonly #items = new Map<ItemId, Kept>();
  readonly #history = new History();
  readonly #writes = new Writes();
  #ids = 0;
  readonly #threads = new Map<string, string>();
  readonly #diversions = new Map<string, FolderId>();
  #autoReply = noAutoReply;

  constructor(account: Account, clock: Clock, send: Send | undefined) {
    this.#account = account;
    this.#clock = clock;
    this.#send = send;
    for (const { role, name } of specialFolders) {
      this.#putFolder({ id: this.#newId(), parent: undefined, name, class: "mail", role });
    }
  }

  async folders(since: Cursor | undefined): Promise<Page<FolderChange>> {
    const changes = this.#history.since(Number(since ?? 0), (change) => change.item === undefined)
      .map(({ folder }) => ({ id: folder, folder: this.#folders.get(folder) }))
      .filter(({ folder }) => folder || since !== undefined);
    return { changes: parentsFirst(changes), cursor: String(this.#history.now), more: false };
  }

  async changes(
    folder: FolderId,
    since: Cursor | undefined,
    limit: number,
  ): Promise<Page<ItemChange>> {
    this.#folder(folder);
    if (since === undefined) return { changes: [], cursor: String(this.#history.now), more: false };
    const all = this.#history.since(
      Number(since),
      (at) => at.folder === folder && at.item !== undefined,
    );
    const page = all.slice(0, limit);
    const changes = page.map(({ item, thread }): ItemChange => {
      const state = this.#items.get(item!)?.state;
      return { id: item!, state, ...(!state && thread && { thread }) };
    });
    const more = page.length < all.length;
    return { changes, cursor: String(more ? page.at(-1)!.at : this.#history.now), more };
  }

  async list(folder: FolderId, from: ListFrom, limit: number): Promise<Listing> {
    const all = this.#listed(folder, from);
    const page = all.slice(0, limit);
    const last = page.at(-1);
    const next = last && page.length < all.length ? `${last.state.date}.${last.number}` : undefined;
    return { items: page.map(({ state }) => state), next };
  }

  async count(folder: FolderId, from: ListFrom): Promise<number> {
    return this.#listed(folder, from).length;
  }

  async *read(items: readonly ItemId[], want: Want): AsyncGenerator<Item> {
    for (const id of items) {
      const kept = this.#items.get(id);
      if (!kept) continue;
      const { problem } = kept.message.read;
      const mail = problem ? undefined : mailOf(kept.message, kept.thread, want);
      yield { id, folder: kept.folder, state: kept.state, mail, problem };
    }
  }

  async part(
    item: ItemId,
    part: string,
    range: { from: number; to?: number } = { from: 0 },
  ): Promise<PartBytes> {
    return partOf(this.#item(item).message, part, range);
  }

  create(folder: FolderId, item: NewItem, token: string): Promise<ItemState> {
    return this.#writes.once(token, async () => {
      this.#folder(folder);
      const message = await parseMessage(await readAll(item.mime));
      return this.#add(folder, message, item.date ?? this.#clock.now(), firstMarks(item.marks));
    });
  }

  replace(item: ItemId, content: NewItem, token: string): Promise<ItemState> {
    return this.#writes.once(token, async () => {
      this.#item(item);
      const message = await parseMessage(await readAll(content.mime));
      const kept = this.#item(item);
      const marks = withMarks(kept.state.marks, content.marks ?? {});
      const date = content.date ?? kept.state.date;
      const thread = this.#thread(message);
      const state = { id: item, date, revision: String(++this.#ids), marks, thread };
      this.#putItem({ ...kept, state, message, thread });
      return state;
    });
  }

  /** Stores a message in the inbox, or where its conversation goes. */
  deliver(bytes: Uint8Array, token: string): Promise<ItemState> {
    return this.#writes.once(token, async () => {
      const message = await parseMessage(bytes);
      const inbox = [...this.#folders.values()].find(({ role }) => role === "inbox")!;
      const folder = this.#folders.get(this.#diversions.get(this.#thread(message)) ?? "") ?? inbox;
      return this.#add(folder.id, message, this.#clock.now(), firstMarks(undefined));
    });
  }

  mark(item: ItemId, marks: Partial<Marks>, token: string): Promise<ItemState> {
    return this.#writes.once(token, async () => {
      const kept = this.#item(item);
      const next = withMarks(kept.state.marks, marks);
      if (sameMarks(kept.state.marks, next)) return kept.state;
      const state = { ...kept.state, marks: next };
      this.#putItem({ ...kept, state });
      return state;
    });
  }

  move(item: ItemId, to: FolderId, token: string): Promise<ItemId> {
    return this.#writes.once(token, async () => {
      const kept = this.#item(item);
      this.#folder(to);
      if (kept.folder === to) return item;
      this.#removeItem(kept);
      const { date, marks } = kept.state;
      return this.#add(to, kept.message, date, marks, kept).id;
    });
  }

  remove(item: ItemId, token: string): Promise<void> {
    return this.#writes.once(token, async () => {
      const kept = this.#items.get(item);
      if (kept) this.#removeItem(kept);
    });
  }

  async empty(folder: FolderId, mayGoOn: () => boolean = () => true): Promise<boolean> {
    this.#folder(folder);
    for (const kept of [...this.#items.values()].filter((kept) => kept.folder === folder)) {
      if (!mayGoOn()) return false;
      this.#removeItem(kept);
    }
    return true;
  }

  async send(message: Outgoing, token: string): Promise<void> {
    if (!this.#send) throw new Refused("other", "Cannot send: this mailbox has no way out");
    await this.#send(this.#account, message, token);
  }

  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    return this.#history.watch(folders, changed);
  }

  createFolder(
    place: { name: string; parent: FolderId | undefined; class: ItemClass },
    token: string,
  ): Promise<Folder> {
    return this.#writes.once(token, async () => {
      if (place.parent !== undefined) this.#folder(place.parent);
      const name = allowedName(place, [...this.#folders.values()], undefined);
      const folder = { ...place, id: this.#newId(), name, role: undefined };
      this.#putFolder(folder);
      return folder;
    });
  }

  async updateFolder(
    id: FolderId,
    to: { name: string; parent: FolderId | undefined },
  ): Promise<Folder> {
    const folder = this.#ownFolder(id);
    if (to.parent !== undefined) this.#folder(to.parent);
    const all = [...this.#folders.values()];
    checkParent(id, to.parent, all);
    const next = { ...folder, parent: to.parent, name: allowedName(to, all, id) };
    if (next.name !== folder.name || next.parent !== folder.parent) this.#putFolder(next);
    return next;
  }

  async removeFolder(id: FolderId, keepIn?: FolderId): Promise<void> {
    this.#ownFolder(id);
    if (keepIn !== undefined) this.#folder(keepIn);
    const all = withDescendants(id, [...this.#folders.values()]);
    checkKeeper(keepIn, all);
    for (const each of all) {
      for (const kept of [...this.#items.values()].filter(({ folder }) => folder === each)) {
        this.#removeItem(kept);
        const { date, marks } = kept.state;
        if (keepIn !== undefined) this.#add(keepIn, kept.message, date, marks, kept);
      }
      this.#folders.delete(each);
      this.#history.add(each, undefined);
    }
  }

  async conversation(thread: string): Promise<readonly ThreadItem[]> {
    return [...this.#items.values()].filter((kept) => kept.thread === thread)
      .sort((a, b) => b.state.date - a.state.date || b.number - a.number)
      .map(({ folder, state }) => ({ folder, state }));
  }

  async divert(thread: string, to: FolderId | undefined): Promise<void> {
    if (to === undefined) this.#diversions.delete(thread);
    else this.#diversions.set(thread, this.#folder(to).id);
  }

  async spans(folder: FolderId, threads: readonly string[]): Promise<Map<string, Span>> {
    const spans = new Map<string, Span>();
    for (const thread of threads) {
      const dates = this.#listed(folder, { thread }).map(({ state }) => state.date);
      const [newest, oldest] = [dates[0], dates.at(-1)];
      if (newest !== undefined) spans.set(thread, { oldest: oldest!, newest });
    }
    return spans;
  }

  async countOlder(folder: FolderId, date: number): Promise<number> {
    const alive = new Set(this.#listed(folder, { since: date }).map(({ thread }) => thread));
    return this.#listed(folder, { until: date }).filter(({ thread }) => alive.has(thread)).length;
  }

  async search(query: Query, page: SearchPage): Promise<Found> {
    return searchAll(this.#items.values(), this.#folders, query, page);
  }

  async autoReply(): Promise<AutoReply> {
    return this.#autoReply;
  }

  async setAutoReply(change: AutoReplyChange): Promise<AutoReply> {
    return this.#autoReply = changedReply(this.#autoReply, change);
  }

  #folder(id: FolderId): Folder {
    const folder = this.#folders.get(id);
    if (!folder) throw new NotFound(`Cannot find folder ${id}`);
    return folder;
  }

  /** A folder that its user may change. */
  #ownFolder(id: FolderId): Folder {
    const folder = this.#folder(id);
    if (folder.role) {
      throw new Refused("special", `Cannot change the special folder ${folder.name}`);
    }
    return folder;
  }

  #item(id: ItemId): Kept {
    const kept = this.#items.get(id);
    if (!kept) throw new NotFound(`Cannot find item ${id}`);
    return kept;
  }

  #newId(): FolderId {
    return String(++this.#ids);
  }

  #putFolder(folder: Folder): void {
    this.#folders.set(folder.id, folder);
    this.#history.add(folder.id, undefined);
  }

  #add(folder: FolderId, message: Message, date: number, marks: Marks, like?: Kept): ItemState {
    const number = ++this.#ids;
    const revision = like?.state.revision ?? String(number);
    const thread = like?.thread ?? this.#thread(message);
    const state = { id: `${folder}:${number}`, date, revision, marks, thread };
    this.#putItem({ number, folder, state, message, thread });
    return state;
  }

  #putItem(kept: Kept): void {
    this.#items.set(kept.state.id, kept);
    this.#history.add(kept.folder, kept.state.id);
  }

  #removeItem(kept: Kept): void {
    this.#items.delete(kept.state.id);
    this.#history.add(kept.folder, kept.state.id, kept.thread);
  }

  #thread({ read }: Message): string {
    const keys = threadKeys(read.facts);
    const known = keys.lookUp.find((key) => this.#threads.has(key));
    const thread = known ? this.#threads.get(known)! : keys.fresh;
    for (const key of keys.remember) if (!this.#threads.has(key)) this.#threads.set(key, thread);
    if (keys.topic) this.#threads.set(keys.topic, thread);
    return thread;
  }

  #listed(
    folder: FolderId,
    { after, since = -Infinity, until = Infinity, thread }: ListFrom,
  ): Kept[] {
    this.#folder(folder);
    const [date = Infinity, number = Infinity] = after?.split(".").map(Number) ?? [];
    return [...this.#items.values()]
      .filter((kept) => kept.folder === folder && (!thread || kept.thread === thread))
      .filter(({ state }) => state.date >= since && state.date < until)
      .filter((kept) =>
        kept.state.date < date || (kept.state.date === date && kept.number < number)
      )
      .sort((a, b) => b.state.date - a.state.date || b.number - a.number);
  }
}
