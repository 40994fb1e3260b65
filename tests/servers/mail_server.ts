// What the tests may do with a mail server, whichever product it is.
import type { Certificate } from "./certificate.ts";

/** Somebody who can log in. */
export interface User {
  /** Also the name of the login. */
  readonly address: string;
  readonly password: string;
}

/** A running mail server: IMAP for its users, LMTP for mail that comes in. */
export interface MailServer {
  /** As on the package: "dovecot", "cyrus". */
  readonly product: string;
  readonly host: "127.0.0.1";
  /** Plain IMAP; with `tls` it offers STARTTLS. */
  readonly port: number;
  /** IMAP over TLS; only with `tls`. */
  readonly tlsPort: number;
  readonly lmtpPort: number;
  /** A Unix socket for LMTP. */
  readonly lmtpSocket: string;
  /** Only with `tls`. */
  readonly certificate: Certificate | undefined;
  /** Who may open every mailbox; only with `master`. */
  readonly master: { readonly user: string; readonly password: string };
  /** Where everything lies. */
  readonly dir: string;
  /**
   * Makes a user. "anna" becomes anna@example.test, or anna2@…, whatever is free; a name with "@"
   * is taken as it is.
   */
  addUser(name?: string, options?: { password?: string }): Promise<User>;
  /** From now on only this password is right. */
  setPassword(user: User, password: string): Promise<User>;
  /** From now on nobody of this name can log in; the mail stays. */
  removeUser(user: User): Promise<void>;
  /** Delivers a message by LMTP; rejects with the server's words where it is refused. */
  deliver(to: User | string, mime: string | Uint8Array): Promise<void>;
  /** The processes of it that live. */
  processes(): number[];
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Ends it orderly. */
  shutDown(): Promise<void>;
  /** Starts it again, after `kill` where it still runs: same ports, same mail. */
  restart(): Promise<void>;
  /** Ends it and removes everything. */
  stop(): Promise<void>;
}

/** Gives addresses that nobody has yet. */
export class Addresses {
  #taken = new Set<string>();

  take(name: string): string {
    const free = () => {
      for (let n = 1;; n++) {
        const address = `${name}${n === 1 ? "" : n}@example.test`;
        if (!this.#taken.has(address)) return address;
      }
    };
    const address = name.includes("@") ? name : free();
    this.#taken.add(address);
    return address;
  }
}
