// The gateway keeps what the port promises of folders and of waiting: in front of Dovecot and of Cyrus.
import { setTimeout as wait } from "node:timers/promises";
import { after, before, describe } from "node:test";
import type { Database } from "../../../../../core/mod.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { type MailStore, placesIn } from "../../../../../tests/conformance/mailbox.ts";
import { hierarchy } from "../../../../../tests/conformance/mailbox_folders.ts";
import { account } from "../../../../../tests/conformance/mailbox_kit.ts";
import { watching } from "../../../../../tests/conformance/mailbox_watching.ts";
import { type FakeClock, fakeClock, until } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer, User } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { together } from "../../../../../tests/together.ts";
import { bareGateway } from "../_gateway_kit.ts";
import { testServer } from "../_imap_kit.ts";
import { type Gateway, imapMigrations } from "../mod.ts";

const password = "the same for all";
/** Whoever the suite knows. */
const all = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => account(id));

let stores = 0;

/** A store whose accounts are users of the server that nobody else has. */
async function storeAt(server: MailServer): Promise<MailStore> {
  const number = ++stores;
  const db = await openStorage(":memory:");
  for (const sql of imapMigrations.flatMap(({ up }) => up)) await db.run(sql);
  const clock = fakeClock();
  const users = new Map<number, Promise<User>>();
  const made = (id: number) => {
    const user = users.get(id) ??
      server.addUser(`user${id}-${number}@example.test`, { password });
    users.set(id, user);
    return user;
  };
  for (const id of [1, 2, 7, 8]) await made(id);
  // Two look at this one's folders at once.
  if ("makeFolders" in server) await (server as Dovecot).makeFolders(await made(8));
  const gateways: Gateway[] = [];
  const open = async () => {
    const gateway = gatewayTo(server, number, db, clock);
    gateways.push(gateway);
    for (const id of users.keys()) {
      await gateway.unlock(account(id), () => Promise.resolve(password));
    }
    return gateway.backends[0]!;
  };
  return {
    backend: await open(),
    clock,
    roles: ["inbox", "drafts", "sent", "trash", "junk", "archive"],
    dateStep: 1000,
    lines: true,
    letters: true,
    // Names of folders are names of directories, in modified UTF-7.
    longestName: 60,
    // Dovecot waits for half a second before it tells, unless it is asked, and for longer where a
    // folder is renamed.
    async news(heard) {
      await until(() => clock.tick(100).then(heard), "the server has told of it");
      for (let quiet = 0; quiet < 70; quiet++) {
        await clock.tick(20);
        await wait(10);
      }
    },
    reopen: open,
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.close()));
      await db.close();
    },
  };
}

function gatewayTo(
  { host, port }: MailServer,
  store: number,
  db: Database,
  clock: FakeClock,
): Gateway {
  const user = `{local}-${store}@example.test`;
  // The clock runs ahead of the server, which is not to be given up for that.
  const timeout = 86_400;
  const { config } = testServer({ host, port, domains: ["example.org"], user, timeout });
  return bareGateway(config, { db, clock, all });
}

for (
  const { product, found, start } of [
    {
      product: "Dovecot",
      found: needs("dovecot", dovecotPresent()),
      start: () => startDovecot({ specialFolders: true }),
    },
    {
      product: "Cyrus",
      found: needs("cyrus", cyrusPresent()),
      start: () => startCyrus({ specialFolders: true }),
    },
  ]
) {
  describe(`mailbox: the gateway in front of ${product}`, found, () => {
    let server: MailServer;
    before(async () => {
      if (!found.skip) server = await start();
    });
    after(() => server?.stop());
    const withPlace = placesIn(() => storeAt(server));
    // Each has users of its own, and most of its time is spent waiting for the server.
    const test = together();
    hierarchy(withPlace, test);
    watching(withPlace, test);
  });
}
