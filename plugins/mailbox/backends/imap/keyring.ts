// The passwords with which accounts log in to their server, for as long as they are in use.
import type { Account } from "../../../../core/mod.ts";

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
