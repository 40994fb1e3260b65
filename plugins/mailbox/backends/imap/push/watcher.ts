// Push for one account: one connection that listens, shared by all who wait, while somebody does.
import { type Clock, type Log, pause } from "../../../../../core/mod.ts";
import type { FolderId } from "../../../model.ts";
import type { Connections } from "../connections/connections.ts";
import { numbersOf } from "../folders/folder_looks.ts";
import { Listener } from "./listening.ts";
import type { Pace } from "./pace.ts";
import type { Place, PlaceBook } from "../folders/places.ts";
import { Watches } from "./watches.ts";

export interface WatcherOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly places: PlaceBook;
  readonly connections: Connections;
  /** NOTIFY is used where it is offered; else IDLE and looks. */
  readonly notify: boolean;
  /** How often a server that holds news back is asked; absent: never. */
  readonly pace?: Pace;
  /** Milliseconds between looks at folders of which the server tells no news. */
  readonly every: number;
  /** Milliseconds after which a server that says nothing is given up. */
  readonly timeout: number;
  /** Milliseconds for which the connection is kept when nobody waits any more. */
  readonly linger: number;
  /** Keeps the account's password for as long as somebody waits. */
  readonly hold: () => () => void;
  /** Nobody has waited for a while, and the connection is closed. */
  readonly rested?: () => void;
  /** In [0, 1): so that accounts do not come back to a server all at once. */
  readonly random?: () => number;
}

/** Pauses between attempts to reach a server that is away, in milliseconds. */
const PAUSES = [1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000];

/** A connection that has lasted so long was no failure. */
const STEADY_MS = 60_000;

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #watches: Watches;
  /** Ends what runs; undefined: nothing does. */
  #running: AbortController | undefined;
  #listener: Listener | undefined;
  #listening = false;
  /** Ends the pause before the next attempt. */
  #pausing: AbortController | undefined;
  /** What is there is compared with what was there, for the first time. */
  #starting = false;
  #release: (() => void) | undefined;
  /** Cancels the end that comes when nobody has waited for a while. */
  #linger: (() => void) | undefined;
  /** The hierarchy that those who wait know of. */
  #version = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#watches = new Watches((error) =>
      options.log.error({ err: error }, "Whoever waited for mail has failed")
    );
  }

  /** As `Mailbox.watch`. */
  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void {
    const { places } = this.#options;
    if (!this.#watches.has("") && folders.includes("")) this.#version = places.version;
    const before = this.#watches.size;
    const end = this.#watches.add(folders, changed, (folder) => places.numbers(folder));
    this.#linger?.();
    this.#linger = undefined;
    this.#release ??= this.#options.hold();
    // Whoever comes has just been at the server: it is there again, if it was away.
    this.#pausing?.abort();
    if (!this.#running) this.#start();
    else if (this.#watches.size > before) this.#listener?.again();
    return () => {
      end();
      if (this.#watches.size === 0) this.#rest();
    };
  }

  /** Somebody waits. */
  get waits(): boolean {
    return this.#watches.size > 0;
  }

  /** The server is listened to: what happens from here on is heard. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Something was written here. Where it is about to be heard from the server, it is told once. */
  changed(folder: FolderId): void {
    if (!this.#starting && !this.#listener?.hears(folder)) this.#watches.tell(folder);
  }

  /** The hierarchy was looked at, by whomever, and is another one now. */
  treeChanged(): void {
    const { version } = this.#options.places;
    if (version === this.#version) return;
    this.#version = version;
    this.#watches.tell("");
  }

  /** Listens no more, whoever waits. */
  close(): void {
    this.#linger?.();
    this.#linger = undefined;
    this.#release?.();
    this.#release = undefined;
    this.#running?.abort();
    this.#running = undefined;
    this.#watches.forget();
  }

  /** Nobody waits: whoever comes back soon finds the connection as it was. */
  #rest(): void {
    this.#release?.();
    this.#release = undefined;
    if (!this.#running || this.#linger) return;
    this.#linger = this.#options.clock.after(this.#options.linger, () => {
      this.close();
      this.#options.rested?.();
    });
  }

  #start(): void {
    const running = new AbortController();
    this.#running = running;
    this.#starting = true;
    this.#run(running.signal).catch((error) => {
      this.#options.log.error({ err: error }, "Cannot listen for mail");
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, every, random = Math.random } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      const start = clock.now();
      const heard = await this.#listen(signal).catch(() => false);
      if (signal.aborted) return;
      // No connection to listen on, or none any more: a look tells whether the server is there.
      const there = await this.#look().then(() => true, () => false);
      this.#starting = false;
      if (heard && clock.now() - start > STEADY_MS) failures = 0;
      const wait = there && !heard ? every : PAUSES[Math.min(failures, PAUSES.length - 1)]!;
      failures++;
      // Not everybody comes back at the same moment.
      this.#pausing = new AbortController();
      const sooner = AbortSignal.any([signal, this.#pausing.signal]);
      await pause(clock, wait * (0.5 + random() / 2), sooner);
      this.#pausing = undefined;
    }
  }

  /** Listens until the connection ends. Answers whether it ever heard anything. */
  async #listen(signal: AbortSignal): Promise<boolean> {
    const { connections, clock, notify, every, timeout, places } = this.#options;
    const client = await connections.own(() => client.close());
    const end = () => client.close();
    signal.addEventListener("abort", end, { once: true });
    let heard = false;
    try {
      if (signal.aborted) return false;
      this.#listener = new Listener(client, {
        clock,
        notify,
        every,
        pace: this.#options.pace,
        timeout,
        wanted: () => this.#wanted(),
        found: (folder, numbers) => this.#watches.found(folder, numbers),
        changed: (folder) => this.#watches.tell(folder),
        treeChanged: async () => {
          await places.refresh();
          this.treeChanged();
        },
        ready: () => {
          heard = true;
          this.#listening = true;
          this.#starting = false;
        },
      });
      await this.#listener.listen();
      return heard;
    } catch {
      return heard;
    } finally {
      this.#listener = undefined;
      this.#listening = false;
      signal.removeEventListener("abort", end);
      client.close();
    }
  }

  /** What is watched, where it is now. */
  async #wanted(): Promise<{ readonly places: readonly Place[]; readonly tree: boolean }> {
    const watched = new Set(this.#watches.folders);
    const all = await this.#options.places.all();
    return {
      places: all.filter(({ id, selectable }) => selectable && watched.has(id)),
      tree: watched.has(""),
    };
  }

  /** One look at all that is watched, on a connection that others use too. */
  async #look(): Promise<void> {
    const { connections, places } = this.#options;
    const wanted = await this.#wanted();
    if (wanted.tree) await places.refresh();
    this.treeChanged();
    await connections.use(
      (client) =>
        numbersOf(client, wanted.places, (folder, numbers) => this.#watches.found(folder, numbers)),
      { repeatable: true, doing: "look for mail" },
    );
  }
}
