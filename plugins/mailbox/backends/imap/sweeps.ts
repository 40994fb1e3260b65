// Looks at the folders that somebody waits for, every now and then, and tells what has changed.
import type { Clock } from "../../../../core/mod.ts";
import type { FolderId } from "../../model.ts";
import type { Connections } from "./connections.ts";
import { folderNumbers } from "./folder_numbers.ts";
import type { Places } from "./places.ts";

export interface SweepsOptions {
  readonly clock: Clock;
  readonly places: Places;
  readonly connections: Connections;
  /** Milliseconds between two looks. */
  readonly every: number;
  /** Keeps the account's password for as long as somebody waits. */
  readonly hold: () => () => void;
}

interface Watch {
  readonly folders: ReadonlySet<FolderId>;
  readonly changed: (folder: FolderId) => void;
}

/** One for an account, whoever waits; it looks only while somebody does. */
export class Sweeps {
  readonly #options: SweepsOptions;
  readonly #watches = new Set<Watch>();
  readonly #seen = new Map<FolderId, string>();
  #stop: (() => void) | undefined;
  #release: (() => void) | undefined;

  constructor(options: SweepsOptions) {
    this.#options = options;
  }

  /** As `Mailbox.watch`. */
  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    const watch = { folders: new Set(folders), changed };
    this.#watches.add(watch);
    this.#release ??= this.#options.hold();
    if (!this.#stop) this.#next(0);
    return () => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.close();
    };
  }

  /** Something was written here. */
  changed(folder: FolderId): void {
    for (const { folders, changed } of [...this.#watches]) {
      if (folders.has(folder)) changed(folder);
    }
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#release?.();
    this.#release = undefined;
    this.#seen.clear();
  }

  #next(wait: number): void {
    this.#stop = this.#options.clock.after(wait, () => {
      const stop = this.#stop;
      // What cannot be seen now is seen at the next look.
      void this.#look().catch(() => {}).then(() => {
        if (this.#stop === stop && this.#watches.size > 0) this.#next(this.#options.every);
      });
    });
  }

  async #look(): Promise<void> {
    const { places, connections } = this.#options;
    const wanted = new Set([...this.#watches].flatMap(({ folders }) => [...folders]));
    const now = new Map<FolderId, string>();
    if (wanted.has("")) {
      await places.refresh();
      now.set("", String(places.version));
    }
    const all = (await places.all()).filter(({ id }) => wanted.has(id));
    await connections.use(async (client) => {
      for (const { id, path } of all) {
        const { uidValidity, uidNext, messages, highestModseq } = await folderNumbers(client, path);
        now.set(id, [uidValidity, uidNext, messages, highestModseq].join(" "));
      }
    }, { repeatable: true });
    for (const [id, numbers] of now) {
      const before = this.#seen.get(id);
      this.#seen.set(id, numbers);
      if (before !== undefined && before !== numbers) this.changed(id);
    }
  }
}
