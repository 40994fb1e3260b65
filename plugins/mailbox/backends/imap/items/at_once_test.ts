// Devices that come to a folder at the same moment: what one of them is at must not escape the other.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { message } from "../../../../../tests/conformance/mailbox_kit.ts";
import { deferred } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { Device } from "../_device_kit.ts";
import { beforeTransactions, type Desk, openDesk } from "../_items_kit.ts";
import type { ItemStore } from "./item_store.ts";

const found = needs("dovecot", dovecotPresent());

/** A store that does `first` before it looks for rows by their UIDs, the first time. */
function beforeRows(store: ItemStore, first: () => Promise<unknown>): ItemStore {
  const { db } = store;
  let done: Promise<unknown> | undefined;
  return {
    ...store,
    db: {
      all: async (sql, values) => {
        if (sql.includes("i.uid IN")) await (done ??= first());
        return await db.all(sql, values);
      },
      run: (sql, values) => db.run(sql, values),
      close: () => db.close(),
      transaction: (work, how) => db.transaction(work, how),
    },
  };
}

for (const without of [[], ["QRESYNC"]]) {
  const kind = without.length ? `without ${without.join(" and ")}` : "with everything";
  describe(`two devices at the same moment, ${kind}`, found, () => {
    let dovecot: Dovecot;
    before(async () => {
      if (!found.skip) dovecot = await startDovecot({ specialFolders: true, without });
    });
    after(() => dovecot?.stop());

    /** Three messages; somebody has looked at the folder, and listed the newest of them. */
    async function begin(work: (desk: Desk, imap: ImapFlow) => Promise<void>): Promise<void> {
      const desk = await openDesk({ server: dovecot, user: await dovecot.addUser() });
      try {
        const imap = await desk.other();
        for (let n = 0; n < 3; n++) {
          await imap.append("INBOX", message(`no ${n}`), [], new Date(Date.UTC(2026, 1, 1 + n)));
        }
        await imap.mailboxOpen("INBOX");
        await desk.box.changes(desk.inbox, undefined, 0);
        await desk.box.list(desk.inbox, {}, 1);
        await desk.clock.tick(1001);
        await work(desk, imap);
      } finally {
        await desk.close();
      }
    }

    const read = ({ states }: Device) => states.map(({ marks }) => marks.read);

    test("both list all that there is", () =>
      begin(async (desk) => {
        let other: Promise<Device> | undefined;
        const late = beforeTransactions(desk.store, async () => {
          await (other ??= new Device(desk.box, desk.inbox).begin());
        });
        const device = await new Device(desk.with(late).box, desk.inbox).begin();
        assert.ok(other);
        assert.equal(device.states.length, 3);
        assert.deepEqual(device.states, (await other).states);
      }));

    test("who lists hears of a change that another listing was the first to see", () =>
      begin(async (desk, imap) => {
        let other: Promise<Device> | undefined;
        const late = beforeRows(desk.store, () =>
          other ??= imap.messageFlagsAdd("1", ["\\Seen"])
            .then(() => new Device(desk.box, desk.inbox).begin()));
        const device = await new Device(desk.with(late).box, desk.inbox).begin();
        assert.ok(other);
        await desk.clock.tick(1001);
        await device.sync();
        assert.deepEqual(read(device), read(await other));
        assert.equal(device.states.filter(({ marks }) => marks.read).length, 1);
      }));

    const changes: Readonly<Record<string, (imap: ImapFlow) => Promise<unknown>>> = {
      "marked as read": (imap) => imap.messageFlagsAdd("1", ["\\Seen"]),
      "removed": (imap) => imap.messageDelete("1"),
    };
    for (const [change, make] of Object.entries(changes)) {
      test(`a message that is ${change} while it is listed, and another device is told of changes`, () =>
        begin(async (desk, imap) => {
          const [listing, told] = [deferred<void>(), deferred<void>()];
          // It has seen the message, and does not keep it before the other one has looked.
          const lister = desk.with(beforeTransactions(desk.store, async () => {
            listing.resolve();
            await told.promise;
          }));
          const device = new Device(lister.box, desk.inbox);
          const begun = device.begin();
          await listing.promise;
          await make(imap);
          // It has looked, and does not keep that before the message is listed.
          let first = true;
          const looker = desk.with(beforeTransactions(desk.store, async () => {
            if (!first) return;
            first = false;
            told.resolve();
            await begun;
          }));
          await looker.box.changes(desk.inbox, "1", 100);
          assert.equal(first, false);
          await desk.clock.tick(1001);
          await device.sync();
          const known = device.states.toSorted((a, b) => a.date - b.date);
          if (change === "removed") assert.equal(known.length, 2);
          else assert.deepEqual(known.map(({ marks }) => marks.read), [true, false, false]);
        }));
    }
  });
}
