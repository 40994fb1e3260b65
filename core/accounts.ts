// Accounts: who may use this server, and how they prove it.

/** A user of this server. */
export interface Account {
  readonly id: number;
  /** The main address, in lower case. */
  readonly address: string;
  /** Display name; may be empty. */
  readonly name: string;
  /** Further addresses, in lower case. */
  readonly aliases: readonly string[];
  /** May use the administration pages. */
  readonly admin: boolean;
  readonly disabled: boolean;
}

/** What somebody shows to be let in. */
export interface Credentials {
  /** As typed: an address, a local part, or `DOMAIN\user`. */
  readonly user: string;
  readonly password: string;
  /** The client's own id where its protocol has one; app passwords are bound to the first one. */
  readonly client?: string;
  /**
   * The request cannot name its client and opens nothing of the account (what does the server offer,
   * is the password right): an app password passes, whatever it is bound to, and is not bound.
   */
  readonly inquiry?: boolean;
  /** Where it comes from, for the rate limit. */
  readonly remote: string;
}

/** A password for one client only. */
export interface AppPassword {
  readonly id: number;
  readonly label: string;
  /** The client that it is bound to, once one has used it. */
  readonly client: string | undefined;
  readonly created: number;
  readonly used: number | undefined;
}

/** The accounts of this server. Addresses are compared without case. */
export interface Accounts {
  /** By main address or alias; disabled ones too. */
  find(address: string): Promise<Account | undefined>;
  get(id: number): Promise<Account | undefined>;
  /**
   * By what somebody types to log in: an address, a local part or `DOMAIN\user`; undefined where
   * nobody is meant, or more than one could be.
   */
  meant(user: string): Promise<Account | undefined>;
  list(): Promise<Account[]>;
  /** The ids of accounts that have no password of their own. */
  withoutPassword(): Promise<ReadonlySet<number>>;
  /** Throws RangeError where an address is malformed or taken. */
  add(account: NewAccount): Promise<Account>;
  /** Sets the account's own password, also where it had none. */
  setPassword(id: number, password: string): Promise<void>;
  setDisabled(id: number, disabled: boolean): Promise<void>;
  /** Emits `accountDeleted` first. */
  remove(id: number): Promise<void>;
  addAppPassword(
    id: number,
    label: string,
  ): Promise<{ readonly id: number; readonly password: string }>;
  appPasswords(id: number): Promise<AppPassword[]>;
  /** Emits `appPasswordRevoked` afterwards. */
  revokeAppPassword(id: number, appPassword: number): Promise<boolean>;
  /**
   * Which app password of the account was shown, if it is one and this client may use it: it is
   * bound to the first client that shows it.
   */
  useAppPassword(id: number, who: Credentials): Promise<number | undefined>;
}

export interface NewAccount {
  readonly address: string;
  readonly name?: string;
  readonly aliases?: readonly string[];
  /** Undefined: it has none of its own, and passes only where an authenticator knows it. */
  readonly password?: string;
  readonly admin?: boolean;
}

/** How a login ended. `limited`: too many failures, come back in `retryAfter` seconds. */
export type LoginResult =
  | { readonly ok: true; readonly account: Account }
  | { readonly ok: false; readonly reason: "wrong" | "disabled" }
  | { readonly ok: false; readonly reason: "limited"; readonly retryAfter: number };

/** Checks credentials by all authenticators, under the rate limit. Throws `Unavailable`. */
export type Login = (who: Credentials) => Promise<LoginResult>;
