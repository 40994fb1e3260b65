// The mailbox suite's tests of items, against Cyrus, and Dovecots that tell much, less and nothing.
import { after, before, describe } from "node:test";
import type { Mailbox } from "../../../api.ts";
import { type WithPlace } from "../../../../../tests/conformance/mailbox.ts";
import { changesOfItems } from "../../../../../tests/conformance/mailbox_changes.ts";
import { tokensOnce } from "../../../../../tests/conformance/mailbox_deliveries.ts";
import { account, allFolders, openTwice } from "../../../../../tests/conformance/mailbox_kit.ts";
import { listings } from "../../../../../tests/conformance/mailbox_listings.ts";
import { replacing } from "../../../../../tests/conformance/mailbox_replacing.ts";
import { fakeClock } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { startDovecot } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { type Desk, itemDatabase, openDesk } from "../_items_kit.ts";

const found = needs("dovecot", dovecotPresent());

const dovecot = (...without: string[]) => () => startDovecot({ specialFolders: true, without });

const servers: Readonly<Record<string, readonly [typeof found, () => Promise<MailServer>]>> = {
  "QRESYNC": [found, dovecot()],
  "CONDSTORE alone": [found, dovecot("QRESYNC")],
  "no CONDSTORE, no ESEARCH": [found, dovecot("QRESYNC", "CONDSTORE", "ESEARCH")],
  "nothing beyond IMAP4rev1": [
    found,
    dovecot("QRESYNC", "CONDSTORE", "ESEARCH", "UIDPLUS", "MOVE"),
  ],
  "Cyrus": [needs("cyrus", cyrusPresent()), () => startCyrus({ specialFolders: true })],
};

for (const [name, [present, start]] of Object.entries(servers)) {
  describe(`items over IMAP with ${name}`, present, () => {
    let server: MailServer;
    before(async () => {
      server = await start();
    });
    after(() => server?.stop());

    const withPlace: WithPlace = async (work) => {
      const db = await itemDatabase();
      const clock = fakeClock();
      const desks = new Map<number, Desk>();
      for (const id of [1, 2]) {
        const user = await server.addUser();
        desks.set(id, await openDesk({ server, user, account: account(id), db, clock }));
      }
      const backend = {
        id: "imap",
        open: ({ id }: { id: number }): Mailbox => desks.get(id)!.box,
      };
      try {
        const mailbox = openTwice(backend);
        const folder = async (role: string) =>
          (await allFolders(mailbox)).find((each) => each.role === role)!.id;
        const place = { backend, clock, dateStep: 1000, close: () => Promise.resolve() };
        await work({ ...place, mailbox, folder, inbox: await folder("inbox") });
      } finally {
        for (const desk of desks.values()) await desk.close();
        await db.close();
      }
    };
    listings(withPlace);
    changesOfItems(withPlace);
    replacing(withPlace);
    tokensOnce(withPlace);
  });
}
