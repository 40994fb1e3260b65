// A small IMAP server for faults that real servers do not produce on demand, with mail in memory.
import { createServer } from "node:net";
import { FakeAccount, type FakeMailbox } from "./fake_imap/mailbox.ts";
import { Session } from "./fake_imap/session.ts";
import type { FakeCommand, Fault, World } from "./fake_imap/world.ts";
import { Addresses, type User } from "./mail_server.ts";

export type { FakeAccount, FakeMailbox, FakeMessage } from "./fake_imap/mailbox.ts";
export type { FakeCommand, Fault } from "./fake_imap/world.ts";

/** What a test can choose of its fake server. */
export interface FakeOptions {
  /**
   * What it offers besides IMAP4rev1; `IDLE` alone unless told. It really has UIDPLUS, MOVE,
   * SPECIAL-USE, CONDSTORE, NAMESPACE, UNSELECT, LITERAL+, SASL-IR, AUTH=PLAIN, ENABLE, ID and IDLE;
   * any other is a promise that it does not keep.
   */
  readonly capabilities?: readonly string[];
  /** Between the levels of a folder's name; "/" unless told. */
  readonly separator?: string;
}

/** A running fake server. */
export interface FakeImap {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Every command since `reset`, and their names: what a test compares. */
  readonly commands: FakeCommand[];
  readonly names: () => string[];
  /** Sessions that are logged in. */
  readonly sessions: number;
  /** Decides what goes wrong with a command; undefined: nothing. Stays until `reset`. */
  rule: (command: FakeCommand) => Fault | undefined;
  /** What is said at connecting; `BYE Too busy` turns clients away. */
  greeting: string;
  /** Logged-in connections that one user may have, and how one more is refused. */
  maxConnections: number;
  tooMany: string;
  /** Makes a user with an empty inbox; names as with `MailServer.addUser`. */
  addUser(name?: string, options?: { password?: string }): User;
  /** The mail of a user. */
  account(user: User): FakeAccount;
  /** Puts a message into the inbox of a user, as a mail transport would. */
  deliver(user: User, mime: string | Uint8Array): void;
  /** Ends all connections without a word. */
  cut(): void;
  /** No faults, nothing counted; users and mail stay. */
  reset(): void;
  stop(): Promise<void>;
}

const usual = {
  rule: (): Fault | undefined => undefined,
  greeting: "OK Fake IMAP server ready",
  maxConnections: Infinity,
  tooMany: "NO [LIMIT] Too many connections",
};

/** Starts a fake server without users. */
export async function startFakeImap(options: FakeOptions = {}): Promise<FakeImap> {
  const accounts = new Map<string, FakeAccount>();
  const addresses = new Addresses();
  const sessions = new Set<Session>();
  const loggedIn: FakeAccount[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const session = new Session(world, ++connections, socket);
    sessions.add(session);
    socket.once("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const commands: FakeCommand[] = [];
  const fake: FakeImap = {
    ...usual,
    host: "127.0.0.1",
    port: (server.address() as { port: number }).port,
    commands,
    names: () => commands.map(({ name }) => name),
    get sessions() {
      return loggedIn.length;
    },
    addUser(name = "user", { password } = {}) {
      const address = addresses.take(name);
      const user = { address, password: password ?? `secret of ${address}` };
      accounts.set(address, new FakeAccount(user.password));
      return user;
    },
    account: ({ address }) => accounts.get(address)!,
    deliver: (user, mime) => void inbox(accounts, user).add(mime),
    cut: () => sessions.forEach((session) => session.end()),
    reset() {
      commands.length = 0;
      Object.assign(fake, usual);
    },
    stop() {
      fake.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  const world = worldOf(fake, options, accounts, loggedIn);
  return fake;
}

/** What the sessions see of the server, as it is at the moment. */
function worldOf(
  fake: FakeImap,
  options: FakeOptions,
  accounts: Map<string, FakeAccount>,
  loggedIn: FakeAccount[],
): World {
  return {
    accounts,
    separator: options.separator ?? "/",
    capabilities: options.capabilities ?? ["IDLE"],
    rule: (command) => fake.rule(command),
    get greeting() {
      return fake.greeting;
    },
    get maxConnections() {
      return fake.maxConnections;
    },
    get tooMany() {
      return fake.tooMany;
    },
    commands: fake.commands,
    loggedIn,
  };
}

function inbox(accounts: ReadonlyMap<string, FakeAccount>, { address }: User): FakeMailbox {
  const account = accounts.get(address);
  if (!account) throw new Error(`Cannot deliver: there is no ${address}`);
  return account.mailbox("INBOX");
}
