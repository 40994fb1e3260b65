// The gateway: mailboxes that lie at IMAP servers, and the logins of those who have them there.
import {
  type Account,
  type Accounts,
  type Authenticator,
  type Clock,
  type Database,
  type Log,
  type Migration,
  type PasswordKeeper,
  pause,
  type Task,
} from "../../../../core/mod.ts";
import type { Backend, Mailbox, Send, Submission } from "../../api.ts";
import { imapAuthenticator, imapPasswordKeeper } from "./login/authenticator.ts";
import { type Login, openConnection } from "./login/connect.ts";
import { Desks } from "./desk.ts";
import { dropAccountItems, itemMigrations, tidyFolders, tidyItems } from "./items/item_tables.ts";
import { makeKeyring } from "./login/keyring.ts";
import { ImapMailbox } from "./mailbox.ts";
import { type PasswordChecks, passwordChecks } from "./login/password_checks.ts";
import { placeMigrations } from "./folders/place_rows.ts";
import { makeSeals, sealMigrations, type Seals } from "./login/seals.ts";
import { Spares } from "./login/spares.ts";
import type { Server } from "./servers/server.ts";
import type { Residence } from "./servers/servers.ts";
import { submissionOf } from "./submission.ts";

export { diagnoseServers } from "./servers/diagnosis.ts";
export { atServer } from "./servers/server.ts";
export { type Residence, residence } from "./servers/servers.ts";

export const imapMigrations: readonly Migration[] = [
  ...placeMigrations,
  ...itemMigrations,
  ...sealMigrations,
];

export interface GatewayOptions {
  readonly residence: Residence;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly accounts: () => Accounts;
  /** How mail leaves: the outbox, which goes by {@link Gateway.submission}. */
  readonly send: Send;
  /** How this server calls itself in mail. */
  readonly name: () => string;
  /** The largest message that is stored, in bytes. */
  readonly maxMessageSize: number;
  /** Told when an account can be acted for again, after nobody had logged in for a while. */
  readonly returned: (account: Account) => Promise<void>;
}

export interface Gateway {
  /** One for each server, by its name. */
  readonly backends: readonly Backend[];
  readonly authenticator: Authenticator;
  readonly keeper: PasswordKeeper;
  /** The way out of an account whose mail lies at a server. */
  submission(account: Account): Submission | undefined;
  /** Makes the mailbox usable for as long as a command runs, with what `ask` brings. */
  unlock(account: Account, ask: () => Promise<string>): Promise<void>;
  /** Removes what is kept for a while only. */
  readonly housekeeping: Task;
  /** The account is deleted. */
  forget(account: Account): Promise<void>;
  /** An app password was taken back. */
  revoked(appPassword: number): Promise<void>;
  close(): Promise<void>;
}

/** Seconds for which a password stays after a request: a device asks again within that time. */
const keepFor = 900;

const hour = 3_600_000;

/** What the servers share in this process. */
interface Shared {
  readonly options: GatewayOptions;
  readonly keyring: ReturnType<typeof makeKeyring>;
  readonly checks: PasswordChecks;
  readonly seals: Seals;
  readonly spares: Spares;
  /** By the server's name. */
  readonly desks: ReadonlyMap<string, Desks>;
}

/** Makes the gateway of all servers. Nothing is opened before somebody logs in. */
export function imapGateway(options: GatewayOptions): Gateway {
  const shared = share(options);
  const { keyring, seals, spares, desks } = shared;
  const { residence, send, name } = options;
  const parts = { ...options, ...shared };
  return {
    backends: [...desks].map(([id, desks]): Backend => ({
      id,
      open: (account): Mailbox => new ImapMailbox(() => desks.of(account), account, send),
    })),
    authenticator: imapAuthenticator(parts),
    keeper: imapPasswordKeeper(parts),
    submission(account) {
      const server = residence.serverOf(account.address);
      return server && submissionOf({ server, keyring, name }, account);
    },
    unlock: (account, ask) => unlock(shared, account, ask),
    housekeeping: { name: "imap housekeeping", run: (signal) => keepHouse(options, signal) },
    forget: (account) => forget(shared, account),
    revoked: (appPassword) => seals.remove(appPassword),
    async close() {
      keyring.close();
      spares.close();
      await Promise.all([...desks.values()].map((each) => each.close()));
    },
  };
}

function share(options: GatewayOptions): Shared {
  const { residence: { servers }, db, clock, log, maxMessageSize } = options;
  const spares = new Spares(clock);
  const checks = passwordChecks({ clock, tryLogin: (...who) => tryLogin(spares, ...who), log });
  const longest = Math.max(0, ...servers.map(({ config }) => config.rememberLogin));
  const keyring = makeKeyring({
    clock,
    keep: Math.max(keepFor, longest),
    dropped: ({ address }) => checks.forget(address),
  });
  const parts = { db, clock, log, keyring, spares, maxMessageSize };
  const desks = new Map(
    servers.map((server) => [server.name, new Desks({ server, ...parts })] as const),
  );
  return { options, keyring, checks, seals: makeSeals(db), spares, desks };
}

/** Whoever logs in wants something next, most likely. */
async function tryLogin(spares: Spares, server: Server, login: Login): Promise<void> {
  spares.put(server, login.address, await openConnection(server, login));
}

async function unlock(
  { options: { residence }, keyring, spares }: Shared,
  account: Account,
  ask: () => Promise<string>,
): Promise<void> {
  const server = residence.serverOf(account.address);
  if (!server || server.config.master.user !== "") return;
  const password = await ask();
  const secret = { reveal: () => password };
  await tryLogin(spares, server, { address: account.address, secret });
  keyring.put(account, secret);
}

async function forget({ options: { db }, keyring, desks, seals }: Shared, account: Account) {
  keyring.drop(account);
  for (const each of desks.values()) each.drop(account.id);
  await seals.removeAccount(account.id);
  await db.transaction(async (tx) => {
    await dropAccountItems(tx, account.id);
    await tx.run("DELETE FROM mailbox_imap_folder WHERE account = ?", [account.id]);
  });
}

async function keepHouse(
  { db, clock, log }: GatewayOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const tidy of [tidyItems, tidyFolders]) {
        while (await tidy(db, clock.now()) && !signal.aborted) await pause(clock, 100, signal);
      }
    } catch (error) {
      log.warn({ err: error }, "Housekeeping of IMAP accounts failed; it is tried again");
    }
    await pause(clock, hour, signal);
  }
}
