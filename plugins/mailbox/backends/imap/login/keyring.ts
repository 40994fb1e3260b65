// The passwords with which accounts log in to their server, for as long as they are in use.
import type { Account, Clock } from "../../../../../core/mod.ts";

/** What an account shows to its server. Never logged, never stored in clear. */
export interface Secret {
  /** Calls the password out; kept in a closure so that no printed object shows it. */
  readonly reveal: () => string;
}

/**
 * In this process only: the last password with which an account has logged in. It stays while it is
 * used (a request, a wait), and for a short time after.
 */
export interface Keyring {
  /** Remembers what has just been accepted by the server. */
  put(account: Account, secret: Secret): void;
  /** undefined: nobody has logged in lately, so nothing can be done in the account's name. */
  get(account: Account): Secret | undefined;
  /** The server does not accept it any more. */
  drop(account: Account): void;
  /** Keeps the account's secret until the answer is called: somebody waits. */
  hold(account: Account): () => void;
}

export interface KeyringOptions {
  readonly clock: Clock;
  /** Seconds for which a password stays after its last use. */
  readonly keep: number;
  /** Told of each account whose password a server does not accept any more. */
  readonly dropped?: (account: Account) => void;
}

interface Entry {
  readonly secret: Secret;
  /** When it goes, unless somebody waits. */
  until: number;
}

/** A keyring that ends with `close`: then it is empty and stays so. */
export function makeKeyring(options: KeyringOptions): Keyring & { close(): void } {
  return new MemoryKeyring(options);
}

class MemoryKeyring implements Keyring {
  readonly #options: KeyringOptions;
  readonly #entries = new Map<number, Entry>();
  /** How many wait, by account. */
  readonly #held = new Map<number, number>();
  #closed = false;
  #stop: (() => void) | undefined;

  constructor(options: KeyringOptions) {
    this.#options = options;
  }

  put({ id }: Account, secret: Secret): void {
    if (this.#closed) return;
    this.#entries.set(id, { secret, until: this.#later() });
    this.#sweepLater();
  }

  get({ id }: Account): Secret | undefined {
    return this.#entry(id)?.secret;
  }

  drop(account: Account): void {
    this.#entries.delete(account.id);
    this.#options.dropped?.(account);
  }

  hold({ id }: Account): () => void {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    let done = false;
    return () => {
      if (!done) this.#release(id);
      done = true;
    };
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
    this.#entries.clear();
  }

  #release(id: number): void {
    const left = this.#held.get(id)! - 1;
    if (left > 0) {
      this.#held.set(id, left);
      return;
    }
    const entry = this.#entry(id);
    if (entry) entry.until = this.#later();
    this.#held.delete(id);
  }

  #entry(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (!entry || entry.until > this.#options.clock.now() || this.#held.has(id)) return entry;
    this.#entries.delete(id);
    return undefined;
  }

  #later(): number {
    return this.#options.clock.now() + this.#options.keep * 1000;
  }

  /** One timer for all of them: what is due goes, though nobody asks for it. */
  #sweepLater(): void {
    if (this.#stop || this.#entries.size === 0) return;
    const { clock, keep } = this.#options;
    this.#stop = clock.after(keep * 1000, () => {
      this.#stop = undefined;
      for (const id of [...this.#entries.keys()]) this.#entry(id);
      this.#sweepLater();
    });
  }
}
