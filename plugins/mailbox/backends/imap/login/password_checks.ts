// Checks passwords by logging in at the server, and remembers for a short time how that went.
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock, Log } from "../../../../../core/mod.ts";
import { type Login, WrongPassword } from "./connect.ts";
import type { Secret } from "./keyring.ts";
import type { Server } from "../servers/server.ts";

/** A question to a server, by the account's main address. */
export interface PasswordCheck {
  readonly server: Server;
  readonly address: string;
  readonly secret: Secret;
}

export interface PasswordChecks {
  /** Whether the server takes the password. Throws `Unavailable` where it cannot tell. */
  check(question: PasswordCheck): Promise<boolean>;
  /** What is remembered of an address is true no more. */
  forget(address: string): void;
}

export interface PasswordChecksOptions {
  readonly clock: Clock;
  /** Logs in and out again; throws {@link WrongPassword} or `Unavailable`. */
  readonly tryLogin: (server: Server, login: Login) => Promise<void>;
  readonly log: Log;
}

/**
 * Seconds for which a wrong password is not shown to the server again: a device that does not know
 * of a new password asks several times a minute, and servers lock out whoever guesses so often.
 */
const refusedFor = 60;

const remembered = 20_000;

interface Outcome {
  readonly fits: boolean;
  readonly until: number;
}

/**
 * No password is kept for this, only its HMAC under a key that this process alone has. Questions for
 * the same password that come together share one login.
 */
export function passwordChecks({ clock, tryLogin, log }: PasswordChecksOptions): PasswordChecks {
  const key = createSecretKey(randomBytes(32));
  const outcomes = new LRUCache<string, Outcome>({ max: remembered });
  const running = new Map<string, Promise<boolean>>();
  // A new word in the digest makes everything unknown that was remembered before.
  const eras = new LRUCache<string, number>({ max: remembered });
  let era = 0;

  const ask = async (digest: string, { server, address, secret }: PasswordCheck) => {
    const { rememberLogin } = server.config;
    let fits = true;
    try {
      await tryLogin(server, { address, secret });
    } catch (error) {
      if (!(error instanceof WrongPassword)) throw error;
      fits = false;
      // Often more than that it is wrong: locked, or that an app password is wanted, and where to get it.
      log.info({ user: address, reason: error.message }, "A server refuses a login");
    }
    const seconds = fits ? rememberLogin : Math.min(rememberLogin, refusedFor);
    outcomes.set(digest, { fits, until: clock.now() + seconds * 1000 });
    return fits;
  };

  return {
    check(question) {
      const { server, address, secret } = question;
      const words = [server.name, address, eras.get(address) ?? 0, secret.reveal()];
      const digest = createHmac("sha256", key).update(JSON.stringify(words)).digest("base64");
      const before = outcomes.get(digest);
      if (before && before.until > clock.now()) return Promise.resolve(before.fits);
      const other = running.get(digest);
      if (other) return other;
      const check = ask(digest, question).finally(() => running.delete(digest));
      running.set(digest, check);
      return check;
    },
    forget(address) {
      eras.set(address, ++era);
    },
  };
}
