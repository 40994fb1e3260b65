// What the outbox is made of.
import type { Accounts, Clock, Database, Log } from "../../../core/mod.ts";
import type { Delivery, Mailboxes } from "../api.ts";
import type { Relay } from "./relay.ts";

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
  /** How many messages are handed to the relay at a time. */
  readonly parallel: number;
  /** Told whom an account writes to. */
  readonly wrote?: (account: number, addresses: readonly string[]) => Promise<void>;
  /** Told of each recipient's end. */
  readonly counted?: (outcome: "delivered" | "relayed" | "failed") => void;
}
