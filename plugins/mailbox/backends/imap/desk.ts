// What this process has of one account: its connections, its folders, its items.
import { randomUUID } from "node:crypto";
import { LRUCache } from "lru-cache";
import {
  type Account,
  type Clock,
  type Database,
  type Log,
  Unavailable,
} from "../../../../core/mod.ts";
import { openConnection, type Wishes, WrongPassword } from "./login/connect.ts";
import { type Connections, makeConnections } from "./connections/connections.ts";
import type { ItemStore } from "./items/item_store.ts";
import type { Running } from "./items/in_turn.ts";
import type { Keyring } from "./login/keyring.ts";
import type { Spares } from "./login/spares.ts";
import { openItems } from "./items/items.ts";
import { openItemIndex } from "./items/known_items.ts";
import { Orders } from "./items/order.ts";
import { Pace } from "./push/pace.ts";
import { PlaceBook } from "./folders/places.ts";
import { imapPlace, type Server } from "./servers/server.ts";
import { type ThreadRoots, threadRoots } from "./searching/thread_roots.ts";
import { Watcher } from "./push/watcher.ts";

/** What the accounts of one server share. */
export interface DeskParts {
  readonly server: Server;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly keyring: Keyring;
  /** Where connections are left on which a password was checked. */
  readonly spares?: Pick<Spares, "take">;
  /** The largest message that is stored, in bytes. */
  readonly maxMessageSize: number;
  /** Accounts that are at hand at a time; {@link MOST_DESKS} unless told. */
  readonly most?: number;
}

/** One account at its server. */
export interface Desk {
  readonly connections: Connections;
  readonly places: PlaceBook;
  readonly store: ItemStore;
  readonly items: ReturnType<typeof openItems>;
  readonly index: ReturnType<typeof openItemIndex>;
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly roots: ThreadRoots;
}

/** Accounts that are at hand at a time; an account that is asked for again starts with a login. */
const MOST_DESKS = 2000;
/** So many conversations of an account at least are remembered by their first message; 200 bytes each. */
const LEAST_ROOTS = 1000;

/** Where it retires, something may be under way there, which goes on to its end. */
type Ending = "retire" | "close";

/** The accounts of one server that are in use in this process. */
export class Desks {
  readonly #parts: DeskParts;
  readonly #orders = new Orders();
  readonly #running: Running = new Map();
  readonly #pace: Pace;
  #owner: string | undefined;
  readonly #closing = new Set<Promise<void>>();
  readonly #desks: LRUCache<number, Desk>;
  /** Desks at which somebody waits, and that were not asked for since many others. */
  readonly #waiting = new Map<number, Desk>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.server.config.hurry);
    this.#desks = new LRUCache({
      max: parts.most ?? MOST_DESKS,
      dispose: (desk, account, reason) => {
        if (reason !== "evict") this.#end(desk, "close");
        // Whoever waits for mail asks for nothing for long, and must not be forgotten for that.
        else if (desk.watcher.waits) this.#waiting.set(account, desk);
        else this.#end(desk, "retire");
      },
    });
  }

  of(account: Account): Desk {
    const known = this.#desks.get(account.id) ?? this.#waiting.get(account.id);
    if (known) return known;
    const desk = this.#make(account);
    this.#desks.set(account.id, desk);
    return desk;
  }

  /** Closes what this process has of an account. */
  drop(account: number): void {
    this.#desks.delete(account);
    this.#endWaiting(account, "close");
  }

  /** Closes everything; resolves when the connections are closed. */
  async close(): Promise<void> {
    this.#desks.clear();
    for (const account of [...this.#waiting.keys()]) this.#endWaiting(account, "close");
    await Promise.all(this.#closing);
  }

  #make(account: Account): Desk {
    const { server, db, clock, log, maxMessageSize, keyring } = this.#parts;
    const { connections: limit, timeout, idle, sweep, push } = server.config;
    const connections = makeConnections({
      account,
      clock,
      limit,
      timeout,
      idle,
      open: (wishes) => open(this.#parts, account, wishes),
      seen: (mailbox) => places.opened(mailbox),
    });
    const places: PlaceBook = new PlaceBook({
      account,
      db,
      clock,
      connections,
      config: server.config,
      changed: () => watcher.treeChanged(),
    });
    const watcher: Watcher = new Watcher({
      clock,
      log,
      places,
      connections,
      notify: push === "notify",
      pace: this.#pace,
      every: sweep * 1000,
      timeout: timeout * 1000,
      linger: idle * 1000,
      hold: () => keyring.hold(account),
      rested: () => this.#rested(account.id),
    });
    const store: ItemStore = {
      db,
      clock,
      connections,
      places,
      maxMessageSize,
      owner: this.#owner ??= ownerName(db),
      hasEnded: (owner) => db.presence?.()?.hasEnded(owner.split("/")[0]!) ?? false,
      running: this.#running,
      wrote: (folder) => watcher.changed(folder),
    };
    const items = openItems(store, this.#orders);
    const roots = threadRoots(LEAST_ROOTS);
    return {
      connections,
      places,
      store,
      items,
      index: openItemIndex(store),
      watcher,
      clock,
      roots,
    };
  }

  /** Nobody waits there any more. */
  #rested(account: number): void {
    this.#endWaiting(account, "retire");
  }

  #endWaiting(account: number, how: Ending): void {
    const desk = this.#waiting.get(account);
    if (this.#waiting.delete(account)) this.#end(desk!, how);
  }

  #end({ watcher, connections }: Desk, how: Ending): void {
    watcher.close();
    const closing: Promise<void> = connections[how]().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** What writes are claimed under: the name of the process, and which of its parts it is. */
function ownerName(db: Database): string {
  return `${db.presence?.()?.name ?? ""}/${randomUUID()}`;
}

/** A connection in the account's name: with the password that it has last shown, or by the master. */
async function open({ server, keyring, spares }: DeskParts, account: Account, wishes: Wishes) {
  const { address } = account;
  const secret = server.config.master.user === "" ? keyring.get(account) : undefined;
  if (!secret && server.config.master.user === "") {
    throw new Unavailable(
      `Cannot log in at ${imapPlace(server)}: ${address} has not logged in here`,
    );
  }
  // Who waits has wishes, which a connection has from its beginning.
  const spare = secret && Object.keys(wishes).length === 0 && spares?.take(server, address);
  if (spare) return spare;
  try {
    return await openConnection(server, { address, secret }, wishes);
  } catch (error) {
    if (!(error instanceof WrongPassword)) throw error;
    // Another password may have been shown meanwhile, and that one may be right.
    if (keyring.get(account)?.reveal() === secret?.reveal()) keyring.drop(account);
    throw new Unavailable(
      `Cannot log in at ${imapPlace(server)}: the password is not right any more`,
    );
  }
}
