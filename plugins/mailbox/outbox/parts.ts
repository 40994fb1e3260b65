// What the outbox is made of.
import type { Account, Accounts, Clock, Database, Log } from "../../../core/mod.ts";
import type { Delivery, Mailboxes } from "../api.ts";
import type { Relay, Submission } from "../way_out.ts";

/** What the outbox works with; services are asked for when they are needed. */
export interface OutboxParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly accounts: () => Accounts;
  readonly delivery: () => Delivery;
  readonly mailboxes: () => Mailboxes;
  /** Undefined: no relay is configured, mail for other servers bounces. */
  readonly relay: Relay | undefined;
  /**
   * The account's own way out, where its mail lies elsewhere: then all of its mail goes that way, and
   * the first attempt is made while the sender waits.
   */
  readonly submission?: (account: Account) => Submission | undefined;
  /** How this server calls itself. */
  readonly name: () => string;
  /** Largest message, in bytes. */
  readonly maxSize: number;
  /** Domains of which every address without an account is wrong, in lower case. */
  readonly domains: readonly string[];
  /** Seconds between attempts; the last one repeats. */
  readonly retry: readonly number[];
  /** Seconds after which waiting mail bounces. */
  readonly giveUpAfter: number;
  /** Seconds after which a sender is told that mail still waits. */
  readonly warnAfter: number;
  /** How many messages are handed to the relay at a time. */
  readonly parallel: number;
  /** Told whom an account writes to. */
  readonly wrote?: (account: number, addresses: readonly string[]) => Promise<void>;
  /** Told of each recipient's end. */
  readonly counted?: (outcome: "delivered" | "relayed" | "failed") => void;
}
