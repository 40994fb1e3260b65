// What changed in a mailbox in memory, who waits for it, and which writes happened.
import type { FolderId, ItemId } from "../../model.ts";

/** Something that changed: a folder (`item` undefined) or an item, at a place in the history. */
export interface Change {
  readonly at: number;
  readonly folder: FolderId;
  readonly item: ItemId | undefined;
  /** The item's conversation. */
  readonly thread: string | undefined;
}

/** The latest change of each folder and item, oldest first, and who is told of new ones. */
export class History {
  #changes: Change[] = [];
  #now = 0;
  readonly #watchers = new Set<{ folders: ReadonlySet<FolderId>; tell: (id: FolderId) => void }>();

  /** The place after all changes. */
  get now(): number {
    return this.#now;
  }

  /** The changes after a place that are `wanted`. */
  since(at: number, wanted: (change: Change) => boolean): Change[] {
    return this.#changes.filter((change) => change.at > at && wanted(change));
  }

  /** Notes a change and tells those who wait for it. */
  add(folder: FolderId, item: ItemId | undefined, thread?: string): void {
    this.#changes = this.#changes.filter((old) => old.folder !== folder || old.item !== item);
    this.#changes.push({ at: ++this.#now, folder, item, thread });
    const id = item === undefined ? "" : folder;
    for (const { folders, tell } of [...this.#watchers]) if (folders.has(id)) tell(id);
  }

  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    const watcher = { folders: new Set(folders), tell: changed };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** The writes that happened, by their tokens. */
export class Writes {
  readonly #results = new Map<string, Promise<unknown>>();

  /** The same token means the same write: it happens once. A write that failed did not happen. */
  once<T>(token: string, write: () => Promise<T>): Promise<T> {
    const first = this.#results.get(token) as Promise<T> | undefined;
    const result = first ?? write();
    this.#results.set(token, result);
    if (!first) result.catch(() => this.#results.delete(token));
    return result;
  }
}
