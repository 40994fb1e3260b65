// For tests of items: an account on a real server, with its rows in a database of its own.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ImapFlow } from "imapflow";
import type { Account, Database } from "../../../../core/mod.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { type FakeClock, fakeClock } from "../../../../tests/kit.ts";
import type { MailServer, User } from "../../../../tests/servers/mail_server.ts";
import type { EditsFolders, Empties, Mailbox } from "../../api.ts";
import type { Role } from "../../model.ts";
import { openConnection } from "./login/connect.ts";
import { type Connections, makeConnections } from "./connections/connections.ts";
import { testServer } from "./_imap_kit.ts";
import { removeFolder } from "./folders/folder_edits.ts";
import { itemMigrations } from "./items/item_tables.ts";
import type { ItemStore } from "./items/item_store.ts";
import { openItems } from "./items/items.ts";
import { openItemIndex } from "./items/known_items.ts";
import { Orders } from "./items/order.ts";
import { readPart } from "./reading/part.ts";
import { placeMigrations } from "./folders/place_rows.ts";
import { PlaceBook } from "./folders/places.ts";
import { readItems } from "./reading/read.ts";

/** A mailbox whose folders are those that there were at first. */
export interface Desk {
  readonly box: Mailbox & EditsFolders & Empties;
  readonly store: ItemStore;
  readonly db: Database;
  readonly clock: FakeClock;
  readonly inbox: string;
  readonly user: User;
  readonly server: DeskOptions["server"];
  folder(role: Role): string;
  /** The same over another store. */
  with(store: ItemStore): Desk;
  /** A connection of somebody else. */
  other(): Promise<ImapFlow>;
  close(): Promise<void>;
}

export interface DeskOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly user: User;
  readonly account?: Account;
  readonly db?: Database;
  readonly clock?: FakeClock;
  /** Where the mailbox connects to, in place of the server. */
  readonly port?: number;
  readonly limit?: number;
  /** Changes each new connection of the mailbox. */
  readonly fit?: (client: ImapFlow) => void;
  readonly owner?: string;
  /** Only folders that the user has subscribed to are seen. */
  readonly subscribed?: boolean;
}

/** Opens the mailbox of a user. */
export async function openDesk(options: DeskOptions): Promise<Desk> {
  const { server, user, clock = fakeClock(), limit = 4 } = options;
  const db = options.db ?? await itemDatabase();
  const account = options.account ?? accountOf(user);
  const reach = (port: number) =>
    openConnection(testServer({ host: server.host, port }), {
      address: user.address,
      secret: { reveal: () => user.password },
    });
  const connections: Connections = makeConnections({
    account,
    clock,
    limit,
    timeout: 30,
    idle: 60,
    open: async () => {
      const client = await reach(options.port ?? server.port);
      options.fit?.(client);
      return client;
    },
    seen: (mailbox) => places.opened(mailbox),
  });
  const others: ImapFlow[] = [];
  const { config } = testServer({ host: server.host, subscribed: options.subscribed });
  const places = new PlaceBook({ account, db, clock, connections, config });
  const store: ItemStore = {
    db,
    clock,
    connections,
    places,
    maxMessageSize: 10 << 20,
    owner: options.owner ?? "this process",
    running: new Map(),
  };
  await places.folders(undefined);
  const all = await places.all();
  const folder = (role: Role) => all.find((place) => place.role === role)!.id;
  const desk: Desk = {
    box: mailboxOf(store, places, connections),
    store,
    with: (store) => ({ ...desk, store, box: mailboxOf(store, places, store.connections) }),
    db,
    clock,
    user,
    server,
    inbox: folder("inbox"),
    folder,
    async other() {
      const client = await reach(server.port);
      others.push(client);
      return client;
    },
    async close() {
      for (const client of others) client.close();
      await connections.close();
      if (!options.db) await db.close();
    },
  };
  return desk;
}

/** Dovecot numbers the messages of an inbox anew: its own files are gone, as after a bad restore. */
export async function forgetUids(
  { dir: home }: MailServer,
  user: User,
  imap?: ImapFlow,
): Promise<void> {
  await imap?.mailboxClose();
  const dir = join(home, "mail", user.address, "mail");
  for (const name of await readdir(dir)) {
    if (/^dovecot(-uidlist|\.index)/.test(name)) await rm(join(dir, name));
  }
}

/** A store that does `first` before each of its transactions. */
export function beforeTransactions(
  store: ItemStore,
  first: () => Promise<void> | void,
): ItemStore {
  const { db } = store;
  return {
    ...store,
    db: {
      all: (sql, values) => db.all(sql, values),
      run: (sql, values) => db.run(sql, values),
      close: () => db.close(),
      transaction: async (work) => {
        await first();
        return await db.transaction(work);
      },
    },
  };
}

/** A store that waits for `come` when what is going to be done is noted: all was looked at by then. */
export function decided(store: ItemStore, come: () => Promise<void>): ItemStore {
  const { db } = store;
  return {
    ...store,
    db: {
      all: (sql, values) => db.all(sql, values),
      run: async (sql, values) => {
        if (sql.includes("SET intention")) await come();
        return await db.run(sql, values);
      },
      close: () => db.close(),
      transaction: (work) => db.transaction(work),
    },
  };
}

/** When something happens: before a folder is entered, or right after. */
export type When = "before" | "after";

/** A store whose work waits for `come` before it enters a folder, or when it has. */
export function late(store: ItemStore, when: When, come: () => Promise<unknown>): ItemStore {
  const { connections } = store;
  return {
    ...store,
    connections: {
      account: connections.account,
      use: (work, how) => connections.use(work, how),
      own: (wanted) => connections.own(wanted),
      leave: (path, delimiter) => connections.leave(path, delimiter),
      retire: () => connections.retire(),
      close: () => connections.close(),
      inFolder: async (path, work, how) => {
        if (when === "before") await come();
        return await connections.inFolder(path, async (open) => {
          await come();
          return await work(open);
        }, how);
      },
    },
  };
}

/** A database with the tables of items. */
export async function itemDatabase(): Promise<Database> {
  const db = await openStorage(":memory:");
  await makeTables(db);
  return db;
}

/** The tables of folders and of items. */
export async function makeTables(db: Database): Promise<void> {
  const all = [...placeMigrations, ...itemMigrations];
  for (const sql of all.flatMap(({ up }) => up)) await db.run(sql);
}

function accountOf({ address }: User): Account {
  return { id: 1, address, name: "", aliases: [], admin: false, disabled: false };
}

function mailboxOf(
  store: ItemStore,
  places: PlaceBook,
  connections: Connections,
): Mailbox & EditsFolders & Empties {
  const reading = { connections, places, index: openItemIndex(store) };
  const no = () => Promise.reject(new Error("Cannot do that: it is only for items"));
  return {
    ...openItems(store, new Orders()),
    folders: (since) => places.folders(since),
    read: (items, want) => readItems(reading, items, want),
    part: (item, part, range) => readPart(reading, item, part, range),
    send: no,
    watch: () => () => {},
    createFolder: no,
    updateFolder: no,
    removeFolder: (id, keepIn) => removeFolder({ places, store }, id, keepIn),
  };
}
