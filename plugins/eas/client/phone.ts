// A phone: the client with a memory of folders, items and keys, and the habits of real devices.
import { Collection } from "./collection.ts";
import type { EasClient } from "./client.ts";
import type { FolderEdited, FolderPlace } from "./folder_edits.ts";
import type { PhoneFolder } from "./folder_sync.ts";
import type { Moved } from "./move_items.ts";
import type { PingReply } from "./ping.ts";
import type { SyncCollection, SyncReply } from "./sync.ts";
import type { SyncOptions } from "./sync_options.ts";

export interface PhoneOptions {
  /** Items in an answer; default 100. */
  readonly windowSize?: number;
  /** What it asks of every folder; default: all mail, 512 bytes of text. */
  readonly options?: SyncOptions;
  /** Whole conversations, from 14.0; default: not said, which means no. */
  readonly conversationMode?: boolean;
  /** Deleted items go to the trash; default: not said, which means so. */
  readonly deletesAsMoves?: boolean;
}

/** How a Sync is asked for. */
export interface PhoneSync {
  /** Minutes to wait for changes. */
  readonly wait?: number;
  /** Seconds to wait for changes. */
  readonly heartbeat?: number;
  /** Only the user's commands: ask for no changes. */
  readonly getChanges?: boolean;
  /** In place of what it asks of every folder. */
  readonly options?: SyncOptions;
  readonly signal?: AbortSignal;
}

/** A Sync that does not come to an end: more is announced, but nothing comes. */
export class EndlessSync extends Error {
  override name = "EndlessSync";
}

/**
 * Holds what a device holds. A request that fails changes nothing: the next one carries the same key
 * and repeats the user's commands, as devices do.
 */
export class Phone {
  readonly client: EasClient;
  readonly folders: Map<string, PhoneFolder> = new Map();
  /** The hierarchy's key. */
  folderKey = "0";
  /** How often the server made it start again: status 3 and 9. */
  resets = 0;
  /** How many Syncs were answered. */
  requests = 0;
  private readonly collections: Map<string, Collection> = new Map();
  private readonly options: PhoneOptions;

  constructor(client: EasClient, options: PhoneOptions = {}) {
    this.client = client;
    this.options = options;
  }

  /** What the phone has of a folder. */
  collection(id: string): Collection {
    const known = this.collections.get(id);
    if (known) return known;
    const collection = new Collection(id, this.folders.get(id)?.class ?? "Email");
    this.collections.set(id, collection);
    return collection;
  }

  /** The first folder with this name or type (2: inbox); throws RangeError where there is none. */
  folder(nameOrType: string | number): PhoneFolder {
    for (const folder of this.folders.values()) {
      if (folder.name === nameOrType || folder.type === nameOrType) return folder;
    }
    throw new RangeError(`Cannot find the folder ${nameOrType} on the phone`);
  }

  /** FolderSync; starts again where the server does not know the key. Items of a folder stay. */
  async syncFolders(): Promise<void> {
    let reply = await this.client.folderSync(this.folderKey);
    if (reply.status === 9 && this.folderKey !== "0") {
      this.resets++;
      this.folderKey = "0";
      reply = await this.client.folderSync("0");
    }
    if (reply.status !== 1) throw new Error(`Cannot sync the folders: status ${reply.status}`);
    if (this.folderKey === "0") this.folders.clear();
    for (const folder of [...reply.adds, ...reply.updates]) this.folders.set(folder.id, folder);
    for (const id of reply.deletes) this.folders.delete(id);
    this.folderKey = reply.key ?? this.folderKey;
    for (const id of this.collections.keys()) {
      if (!this.folders.has(id)) this.collections.delete(id);
    }
  }

  /** The user makes a folder; returns its id. Throws where the server refuses. */
  async createFolder(name: string, parent = "0"): Promise<string> {
    const reply = await this.client.folderCreate(this.folderKey, { name, parent });
    const id = reply.id ?? "";
    this.edited(reply, () => this.folders.set(id, { id, parent, name, type: 12, class: "Email" }));
    return id;
  }

  /** The user renames or moves a folder. */
  async updateFolder(id: string, to: FolderPlace): Promise<void> {
    const reply = await this.client.folderUpdate(this.folderKey, id, to);
    const parent = to.parent ?? "0";
    this.edited(reply, () => {
      this.folders.set(id, { ...this.folders.get(id)!, name: to.name, parent });
    });
  }

  /** The user removes a folder; of those below it the next FolderSync tells. */
  async deleteFolder(id: string): Promise<void> {
    this.edited(await this.client.folderDelete(this.folderKey, id), () => {
      this.folders.delete(id);
      this.collections.delete(id);
    });
  }

  private edited({ status, key }: FolderEdited, apply: () => void): void {
    if (status !== 1) throw new Error(`Cannot change the folders: status ${status}`);
    apply();
    this.folderKey = key ?? this.folderKey;
  }

  /**
   * The user moves items to another folder. What the server moved is gone from here at once, and
   * comes with a Sync of the other folder.
   */
  async move(ids: readonly string[], from: string, to: string): Promise<Moved[]> {
    const moved = await this.client.moveItems(ids.map((id) => ({ id, from, to })));
    // MS-ASCMD 2.2.3.177.10: 3 is success
    const gone = moved.filter(({ status }) => status === 3).flatMap(({ id }) => id ?? []);
    for (const id of gone) this.collection(from).moved(id);
    return moved;
  }

  /** The folders of mail, inbox first. */
  mailFolders(): PhoneFolder[] {
    return [...this.folders.values()]
      .filter((folder) => folder.class === "Email")
      .sort((a, b) => Number(b.type === 2) - Number(a.type === 2));
  }

  /** One Sync of these folders, all in one request; what it brings is applied. */
  async sync(ids: readonly string[], asked: PhoneSync = {}): Promise<SyncReply> {
    const collections = ids.map((id) => this.collection(id));
    const { signal, wait, heartbeat } = asked;
    const reply = await this.client.sync({
      collections: collections.map((collection) => this.requestOf(collection, asked)),
      ...(wait === undefined ? {} : { wait }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    }, signal);
    this.requests++;
    if (reply.empty) collections.forEach((collection) => collection.applyNothing());
    for (const part of reply.collections) {
      if (part.status === 3) this.resets++;
      this.collection(part.id).apply(part);
    }
    return reply;
  }

  /** Syncs one folder until the server has no more and knows all that the user did. */
  async syncAll(id: string): Promise<void> {
    let starts = 0;
    for (let idle = 0; idle < 3;) {
      const before = this.collection(id).key;
      const outcome = await this.syncOnce(id);
      if (outcome === "gone") return;
      if (outcome === "again" && ++starts > 2) {
        throw new EndlessSync(`Cannot sync folder ${id}: it must always start again`);
      }
      const { key, moreAvailable, waiting } = this.collection(id);
      if (outcome === "done" && before !== "0" && !moreAvailable && waiting === 0) return;
      idle = outcome === "done" && key === before ? idle + 1 : 0;
    }
    throw new EndlessSync(`Cannot sync folder ${id}: more is announced, but nothing comes`);
  }

  private async syncOnce(id: string): Promise<"done" | "again" | "gone"> {
    const reply = await this.sync([id]);
    const part = reply.collections.find((other) => other.id === id);
    const status = reply.status === 1 ? part?.status ?? 1 : reply.status;
    if (status === 1) return "done";
    if (status === 3) return "again";
    // The folder is gone, or the tree has changed: a phone looks at the folders first.
    if (status !== 8 && status !== 12) {
      throw new Error(`Cannot sync folder ${id}: status ${status}`);
    }
    await this.syncFolders();
    return this.folders.has(id) ? "again" : "gone";
  }

  /** Waits for changes in these folders. */
  ping(heartbeat: number, ids: readonly string[], signal?: AbortSignal): Promise<PingReply> {
    const folders = ids.map((id) => ({ id, class: this.collection(id).class }));
    return this.client.ping({ heartbeat, folders }, signal);
  }

  private requestOf(
    collection: Collection,
    { getChanges, options }: PhoneSync,
  ): SyncCollection {
    const { id, key, class: folderClass } = collection;
    // MS-ASCMD 2.2.3.84: the first request brings no items, so that it must not ask for any.
    if (key === "0") return { id, key, class: folderClass };
    const { deletesAsMoves, conversationMode } = this.options;
    return {
      id,
      key,
      class: folderClass,
      getChanges: getChanges ?? true,
      ...(deletesAsMoves === undefined ? {} : { deletesAsMoves }),
      windowSize: this.options.windowSize ?? 100,
      ...(conversationMode === undefined ? {} : { conversationMode }),
      options: options ?? this.options.options ??
        { filter: 0, bodies: [{ type: 1, truncationSize: 512 }] },
      commands: collection.take(),
    };
  }
}
