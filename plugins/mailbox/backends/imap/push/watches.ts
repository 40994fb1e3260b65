// Who waits for news of which folder, and who has been told of what.
import type { FolderId } from "../../../model.ts";
import type { FolderNumbers } from "../folders/folder_numbers.ts";

type Tell = (folder: FolderId) => void;

/** All watches of one account. A watch costs an entry in a set per folder. */
export class Watches {
  readonly #failed: (error: unknown) => void;
  readonly #told = new Map<FolderId, Set<Tell>>();
  /** The state of folders that those who wait know of, or will look at by themselves. */
  readonly #known = new Map<FolderId, FolderNumbers>();

  /** `failed`: what becomes of an error of somebody who was told. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** The folders that are watched; "" stands for the hierarchy. */
  get folders(): readonly FolderId[] {
    return [...this.#told.keys()];
  }

  get size(): number {
    return this.#told.size;
  }

  has(folder: FolderId): boolean {
    return this.#told.has(folder);
  }

  /** Answers what ends it. `last`: how a folder was last seen; whoever comes now looks after this. */
  add(
    folders: readonly FolderId[],
    changed: Tell,
    last: (folder: FolderId) => FolderNumbers | undefined,
  ): () => void {
    // A function of its own per watch: the same `changed` may be handed in twice.
    const tell: Tell = (folder) => changed(folder);
    const own = new Set(folders);
    for (const folder of own) {
      const others = this.#told.get(folder);
      if (others) others.add(tell);
      else {
        this.#told.set(folder, new Set([tell]));
        const numbers = this.#known.get(folder) ?? last(folder);
        if (numbers) this.#known.set(folder, numbers);
      }
    }
    return () => {
      for (const folder of own) {
        const all = this.#told.get(folder);
        if (all?.delete(tell) && all.size === 0) this.#told.delete(folder);
      }
    };
  }

  /** A folder was found like this, in part at least: whoever watches it is told where that is new. */
  found(folder: FolderId, numbers: FolderNumbers): void {
    const before = this.#known.get(folder);
    this.#known.set(folder, { ...before, ...numbers });
    if (!before || differs(before, numbers)) this.tell(folder);
  }

  tell(folder: FolderId): void {
    for (const tell of [...this.#told.get(folder) ?? []]) {
      try {
        tell(folder);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Nobody listens any more: what is known grows old. */
  forget(): void {
    this.#known.clear();
  }
}

/** Something that `now` says is not as before. */
function differs(before: FolderNumbers, now: FolderNumbers): boolean {
  return (Object.keys(now) as (keyof FolderNumbers)[]).some((name) => before[name] !== now[name]);
}
