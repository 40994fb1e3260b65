// The embedded store: a backend in the program's own database.
import type { Account, Clock, Database, Log } from "../../../../core/mod.ts";
import type { Backend, Mailbox, Send } from "../../api.ts";
import { deliver } from "./deliver.ts";
import { LocalMailbox } from "./mailbox.ts";
import { reachable } from "./reachable.ts";
import { Watchers } from "./watchers.ts";
import type { Store } from "./write.ts";

export { dropAccount, housekeeping, tidy } from "./housekeeping.ts";
export { migrations } from "./migrations.ts";
export { indexFinding, searchIndexing, wordless } from "./search/indexing.ts";

export interface LocalOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** How mail leaves; without it sending is refused. */
  readonly send?: Send;
  /** Told whom an account has written to when a message is put into its Sent folder. */
  readonly wrote?: (tx: Database, account: number, addresses: readonly string[]) => Promise<void>;
}

/** The backend that can deliver to several accounts at once. */
export interface LocalBackend extends Backend {
  open(account: Account): Mailbox & LocalMailbox;
  deliver(
    mime: AsyncIterable<Uint8Array>,
    to: readonly Account[],
    token: string,
  ): Promise<void>;
}

/** Mailboxes in the tables that {@link migrations} make. */
export function localBackend({ db, clock, log, send, wrote }: LocalOptions): LocalBackend {
  const storage = reachable(db);
  const store: Store = { db: storage, clock, watchers: new Watchers(storage, clock, log), wrote };
  return {
    id: "local",
    open: (account) => new LocalMailbox(store, account, send),
    deliver: (mime, to, token) => deliver(store, mime, to, token),
  };
}
