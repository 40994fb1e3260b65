// One account's connections to its server: few, kept for a while, each with a folder open in it.
import type { ImapFlow, MailboxObject } from "imapflow";
import type { Account } from "../../../../core/mod.ts";

/** How a connection is used. */
export interface Use {
  /** Once more on a fresh connection where this one breaks: only for work that may be repeated. */
  readonly repeatable?: boolean;
  /** The folder is opened for writing; else read-only (EXAMINE where that saves anything). */
  readonly write?: boolean;
}

/** A connection with a folder open in it. */
export interface OpenFolder {
  readonly client: ImapFlow;
  /** As of now: UIDVALIDITY, UIDNEXT, number of messages, HIGHESTMODSEQ. */
  readonly mailbox: MailboxObject;
}

/**
 * Errors of `work` and of the connection come out as the port's: `Unavailable` where the server is
 * away, too busy or lets nobody in, {@link NotFound} for a folder that is not there, {@link Refused}
 * for what the server will not do (quota, read-only, too large).
 */
export interface Connections {
  readonly account: Account;
  /** Runs `work` on a connection, whatever is open in it. */
  use<R>(work: (client: ImapFlow) => Promise<R>, how?: Use): Promise<R>;
  /** Runs `work` on a connection in which the folder `path` is open. */
  inFolder<R>(path: string, work: (open: OpenFolder) => Promise<R>, how?: Use): Promise<R>;
  /** A connection of its own, which the caller closes: for waiting. Counts against the limit. */
  own(): Promise<ImapFlow>;
  /** Closes what nobody uses, and the rest when it is free. */
  close(): Promise<void>;
}
