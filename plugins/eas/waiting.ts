// Held requests: one timer and one subscription for each waiting device, a newer wait ends the older.
import type { Clock } from "../../core/mod.ts";
import type { FolderId } from "../mailbox/api.ts";
import type { DeviceRef } from "./sync_state.ts";

/** What a request waits for. */
export interface Wait<R> {
  /** At most so long. */
  readonly ms: number;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Where changes are to be noticed; "" stands for the hierarchy. */
  readonly folders: readonly FolderId[];
  /** See `Mailbox.watch`. */
  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void;
  /**
   * Looks whether these folders have something to tell; undefined: nothing. Called with all folders
   * at first, then with those in which something happened, never twice at once.
   */
  check(folders: readonly FolderId[]): Promise<R | undefined>;
}

export interface Waits {
  /**
   * Waits until a check finds something. undefined: time is over, the client has gone, the server
   * stops, or a newer request of the device took over. What `check` throws ends the wait.
   */
  wait<R>(device: DeviceRef, wait: Wait<R>): Promise<R | undefined>;
  /** Ends the wait of a device, if there is one. */
  end(device: DeviceRef): void;
  /** How many devices wait. */
  readonly count: number;
}

/** The waits of all devices. */
export function deviceWaits(clock: Clock): Waits {
  const running = new Map<string, Bell>();
  const keyOf = ({ account, device }: DeviceRef) => `${account}/${device}`;
  return {
    async wait<R>(device: DeviceRef, wait: Wait<R>): Promise<R | undefined> {
      const key = keyOf(device);
      const bell = new Bell(wait.folders);
      running.get(key)?.end();
      running.set(key, bell);
      const unwatch = wait.watch(wait.folders, (folder) => bell.ring(folder));
      const cancel = clock.after(wait.ms, bell.end);
      wait.signal.addEventListener("abort", bell.end, { once: true });
      try {
        if (wait.signal.aborted) return undefined;
        return await answer(bell, wait.check);
      } finally {
        unwatch();
        cancel();
        wait.signal.removeEventListener("abort", bell.end);
        if (running.get(key) === bell) running.delete(key);
      }
    },
    end: (device) => running.get(keyOf(device))?.end(),
    get count() {
      return running.size;
    },
  };
}

async function answer<R>(bell: Bell, check: Wait<R>["check"]): Promise<R | undefined> {
  for (;;) {
    const folders = await bell.heard();
    if (folders === undefined) return undefined;
    const found = await check(folders);
    if (found !== undefined) return found;
  }
}

/** Collects where something happened, until somebody listens. */
class Bell {
  #folders: FolderId[];
  #ended = false;
  #wake: (() => void) | undefined;
  /** An arrow, because timers and signals call it without its object. */
  readonly end = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  constructor(folders: readonly FolderId[]) {
    this.#folders = [...folders];
  }

  ring(folder: FolderId): void {
    if (!this.#folders.includes(folder)) this.#folders.push(folder);
    this.#wake?.();
  }

  /** The folders in which something happened; undefined: it is over. */
  async heard(): Promise<readonly FolderId[] | undefined> {
    while (this.#folders.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    if (this.#ended) return undefined;
    const folders = this.#folders;
    this.#folders = [];
    return folders;
  }
}
