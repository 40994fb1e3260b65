// What all sessions of one fake server share: its users, what it offers, and what goes wrong.
import type { FakeAccount } from "./mailbox.ts";

/** A command that has come in. */
export interface FakeCommand {
  /** The connection, counted from 1. */
  readonly connection: number;
  readonly tag: string;
  /** In upper case, with its "UID": `UID FETCH`. */
  readonly name: string;
  /** The rest, with literals as quoted strings; of a long one the first 1,000 characters. */
  readonly words: string;
  /** How many commands of this name came before, on all connections. */
  readonly before: number;
}

/** What goes wrong with one command. Without `refuse`, `silence` or `bye` it is done all the same. */
export interface Fault {
  /** Answered in place of being done: `NO [OVERQUOTA] Full`, `BAD What?`. */
  readonly refuse?: string;
  /** Done, but the client is told this: `NO Internal error`. */
  readonly answer?: string;
  /** Written before the tagged answer, as it is: `* 1 FETCH (UID`, with or without a line's end. */
  readonly say?: string;
  /** The connection is cut after so many bytes of all that is answered. */
  readonly cutAfter?: number;
  /** Not done, never answered; the connection stays. */
  readonly silence?: true;
  /** Not done; the server says BYE with these words and closes the connection. */
  readonly bye?: string;
  /** The answer trickles: so many bytes, each time after so many milliseconds. */
  readonly slow?: { readonly bytes: number; readonly ms: number };
}

/** The state of one fake server. */
export interface World {
  readonly accounts: Map<string, FakeAccount>;
  readonly separator: string;
  /** What it offers besides IMAP4rev1; see `FakeOptions.capabilities`. */
  readonly capabilities: readonly string[];
  /** Decides over each command; see `FakeImap.rule`. */
  readonly rule: (command: FakeCommand) => Fault | undefined;
  /** The first line of a connection; anything but OK ends it. */
  readonly greeting: string;
  /** Logged-in connections that a user may have, and how one more is refused. */
  readonly maxConnections: number;
  readonly tooMany: string;
  /** Every command so far. */
  readonly commands: FakeCommand[];
  /** The accounts of the sessions that are logged in. */
  readonly loggedIn: FakeAccount[];
}
