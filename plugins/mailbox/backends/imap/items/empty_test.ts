// Folders that are emptied at once: few commands, whatever fails, and nobody else's messages.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { listAll, message } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { Unavailable } from "../../../../../core/mod.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());
const many = 1200;

for (const without of [[], ["QRESYNC", "CONDSTORE", "ESEARCH", "UIDPLUS", "MOVE"]]) {
  const kind = without.length > 0 ? "IMAP4rev1 only" : "everything";
  describe(`a folder that is emptied, with ${kind}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);

    interface World {
      readonly desk: Desk;
      readonly imap: ImapFlow;
      readonly device: Device;
      /** How many messages the server has that nobody has marked as deleted. */
      left(): Promise<number>;
    }

    /** A trash with so many messages, one that somebody else has marked as deleted, and a device. */
    async function begin(count: number, work: (world: World) => Promise<void>): Promise<void> {
      tap.reset();
      const user = await dovecot.addUser();
      const desk = await openDesk({ server: dovecot, port: tap.port, user });
      try {
        const imap = await desk.other();
        await imap.mailboxOpen("Trash");
        await imap.append("Trash", message("old"));
        for (let there = 1; there < count;) {
          await imap.noop();
          const some = Math.min(there, count - there);
          await imap.messageCopy(`1:${some}`, "Trash");
          there += some;
        }
        await imap.append("Trash", message("theirs"), ["\\Deleted"]);
        const device = await new Device(desk.box, desk.folder("trash")).begin();
        assert.equal(device.items.size, count);
        tap.reset();
        const left = async () => {
          await imap.noop();
          return (await imap.search({ deleted: false }) || []).length;
        };
        await work({ desk, imap, device, left });
      } finally {
        await desk.close();
      }
    }

    test(`${many} messages take three steps, and others' deleted ones stay`, () =>
      begin(many, async ({ desk, imap, device, left }) => {
        const trash = desk.folder("trash");
        assert.equal(await desk.box.empty(trash), true);
        const steps = without.length > 0 ? ["UID STORE"] : ["UID STORE", "UID EXPUNGE"];
        const names = tap.names().filter((name) => name !== "NOOP" && name !== "STATUS");
        assert.deepEqual(names, ["UID SEARCH", ...steps, ...steps, ...steps]);
        assert.equal(await left(), 0);
        assert.equal(
          (await imap.search({ deleted: true }) || []).length,
          without.length ? 1201 : 1,
        );
        tap.reset();
        const ends = await device.sync(500);
        assert.equal(ends.length, many);
        assert.equal(device.items.size, 0);
        assert.ok(tap.names().length < 12, tap.names().join());
        await desk.clock.tick(1001);
        assert.deepEqual(await listAll(desk.box, trash), []);
      }));

    test("where it has to stop, what is left stays whole", () =>
      begin(many, async ({ desk, device, left }) => {
        let asked = 0;
        assert.equal(await desk.box.empty(desk.folder("trash"), () => ++asked < 3), false);
        await device.sync();
        assert.equal(device.items.size, 200);
        assert.equal(await left(), 200);
      }));

    for (const fate of ["cut", "cut answer"] as const) {
      test(`${fate} at any command, then again`, async () => {
        for (let at = 1, came = true; came; at++) {
          await begin(3, async ({ desk, device, left }) => {
            let count = 0;
            // Once more on another connection, and that one is cut too.
            tap.rule = () => ++count >= at ? fate : undefined;
            await desk.box.empty(desk.folder("trash")).catch((error) => {
              assert.ok(error instanceof Unavailable, error.stack);
            });
            came = count >= at;
            tap.reset();
            assert.equal(await desk.box.empty(desk.folder("trash")), true);
            assert.equal(await left(), 0);
            await device.sync();
            assert.equal(device.items.size, 0, `${fate} at ${at}`);
          });
        }
      });
    }
  });
}
