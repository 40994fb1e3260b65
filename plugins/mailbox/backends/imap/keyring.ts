// The passwords with which accounts log in to their server, for as long as they are in use.
import type { Account, Clock } from "../../../../core/mod.ts";

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
export function makeKeyring(
  { clock, keep, dropped }: KeyringOptions,
): Keyring & { close(): void } {
  const entries = new Map<number, Entry>();
  const held = new Map<number, number>();
  let closed = false;
  let stop: (() => void) | undefined;
  const later = () => clock.now() + keep * 1000;
  /** One timer for all of them: what is due goes, though nobody asks for it. */
  const sweepLater = () => {
    if (stop || entries.size === 0) return;
    stop = clock.after(keep * 1000, () => {
      stop = undefined;
      for (const [id, { until }] of entries) {
        if (until <= clock.now() && !held.has(id)) entries.delete(id);
      }
      sweepLater();
    });
  };
  const current = ({ id }: Account) => {
    const entry = entries.get(id);
    if (!entry || entry.until > clock.now() || held.has(id)) return entry;
    entries.delete(id);
    return undefined;
  };
  return {
    put(account, secret) {
      if (closed) return;
      entries.set(account.id, { secret, until: later() });
      sweepLater();
    },
    get: (account) => current(account)?.secret,
    drop(account) {
      entries.delete(account.id);
      dropped?.(account);
    },
    hold(account) {
      const { id } = account;
      held.set(id, (held.get(id) ?? 0) + 1);
      let done = false;
      return () => {
        if (done) return;
        done = true;
        const left = held.get(id)! - 1;
        if (left > 0) held.set(id, left);
        else {
          const entry = current(account);
          if (entry) entry.until = later();
          held.delete(id);
        }
      };
    },
    close() {
      closed = true;
      stop?.();
      entries.clear();
    },
  };
}
