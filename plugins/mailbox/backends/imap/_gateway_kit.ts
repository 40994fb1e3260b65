// For tests of the gateway: the whole program in front of a real server, asked over HTTP.
import { Buffer } from "node:buffer";
import { silentLog } from "../../../../core/log.ts";
import { type Account, accounts, type Clock, type Database } from "../../../../core/mod.ts";
import { type FakeClock } from "../../../../tests/kit.ts";
import { type TestApp, testApp } from "../../../../tests/kit_app.ts";
import { accountsOf } from "../../../../tests/kit_mailbox.ts";
import type { Dovecot } from "../../../../tests/servers/dovecot.ts";
import { easClient, Phone } from "../../../eas/client/mod.ts";
import eas from "../../../eas/plugin.ts";
import smartsync from "../../../smartsync/plugin.ts";
import { type Mailbox, mailboxes } from "../../api.ts";
import mailbox from "../../plugin.ts";
import { type Gateway, imapGateway, residence } from "./mod.ts";
import type { ServerConfig } from "./servers/server.ts";

/** What a test can choose: further options of the server, of `[mailbox]`, and whole sections. */
export interface GatewayOptions {
  readonly imap?: Record<string, unknown>;
  readonly mailbox?: Record<string, unknown>;
  readonly config?: Record<string, unknown>;
}

export interface TestGateway<C extends Clock = FakeClock> extends TestApp<C> {
  /** The HTTP status of a login, as a phone would try it. */
  login(user: string, password: string, more?: LoginOptions): Promise<number>;
  /** A phone that is being set up; it has asked for nothing yet. */
  phone(user: { readonly address: string; readonly password: string }): Phone;
  /** The mailbox of an account that there is. */
  box(address: string): Promise<Mailbox>;
}

export interface LoginOptions {
  readonly device?: string;
  readonly remote?: string;
}

/** Runs `work` with a program in front of `dovecot`, which has the domain example.test. */
export async function withGateway(
  dovecot: Dovecot,
  work: (gateway: TestGateway) => Promise<void>,
  options: GatewayOptions = {},
): Promise<void> {
  const home = {
    host: dovecot.host,
    port: dovecot.port,
    security: "none",
    smtp: { security: "none" },
    domains: ["example.test"],
    ...options.imap,
  };
  const app = await testApp({
    plugins: [mailbox, eas, smartsync],
    config: { ...options.config, mailbox: { imap: { home }, ...options.mailbox } },
  });
  try {
    await work({
      ...app,
      login: (user, password, more) => logIn(app, user, password, more),
      phone: ({ address, password }) =>
        new Phone(easClient({
          url: "https://mail.example.test/Microsoft-Server-ActiveSync",
          user: address,
          password,
          deviceId: "PHONE1",
          deviceType: "Test",
          version: "14.1",
          fetch: (request) => app.fetch(request),
        })),
      async box(address) {
        const account = await app.host().one(accounts).find(address);
        return app.host().one(mailboxes).open(account!);
      },
    });
  } finally {
    await app.stop();
  }
}

async function logIn(
  app: TestApp,
  user: string,
  password: string,
  { device, remote = "192.0.2.1" }: LoginOptions = {},
): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  // With a device the request names itself; an empty FolderSync would be refused after the login.
  const query = device ? `?Cmd=Ping&User=x&DeviceId=${device}&DeviceType=Phone` : "";
  const request = new Request(`http://test.invalid/Microsoft-Server-ActiveSync${query}`, {
    method: device ? "POST" : "OPTIONS",
    headers: { authorization, "MS-ASProtocolVersion": "14.1" },
  });
  const response = await app.fetch(request, remote);
  await response.body?.cancel();
  return response.status;
}

/** The gateway alone, in front of one server, for accounts that there are; nothing is sent. */
export function bareGateway(
  home: ServerConfig,
  { db, clock, all }: {
    readonly db: Database;
    readonly clock: Clock;
    readonly all: readonly Account[];
  },
): Gateway {
  return imapGateway({
    residence: residence({ backend: "local", imap: { home }, local: [] }),
    db,
    clock,
    log: silentLog,
    accounts: () => accountsOf(...all),
    send: () => Promise.reject(new Error("Cannot send: this is not about sending")),
    name: () => "mail.example.org",
    maxMessageSize: 10 << 20,
    returned: () => Promise.resolve(),
  });
}
