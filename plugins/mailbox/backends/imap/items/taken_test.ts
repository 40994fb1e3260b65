// Devices that take the same message from its folder at the same moment: it goes where one of them said.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listAll, message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { decided, type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());

const ways: Readonly<Record<string, (desk: Desk, item: string) => Promise<unknown>>> = {
  "removed": ({ box }, item) => box.remove(item, token()),
  "in a folder that is emptied": ({ box, inbox }) => box.empty(inbox),
};

for (const without of [[], ["UIDPLUS"], ["MOVE"]]) {
  const kind = without.length ? `without ${without.join()}` : "with everything";
  describe(`an item that is moved meanwhile, ${kind}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);

    for (const [way, take] of Object.entries(ways)) {
      test(`one that is ${way} is where it was moved to, and shown there`, async () => {
        const user = await dovecot.addUser();
        const desk = await openDesk({ server: dovecot, port: tap.port, user });
        try {
          const imap = await desk.other();
          const { box, inbox, folder } = desk;
          const { id } = await box.create(inbox, { mime: message("wanted") }, token());
          tap.reset();
          // It is marked as deleted, and does not go before it was moved.
          tap.rule = ({ name }) => name === "UID EXPUNGE" ? "freeze" : undefined;
          const marked = () => tap.names().includes("UID EXPUNGE");
          let taken: Promise<unknown> | undefined;
          const mover = desk.with(decided(desk.store, async () => {
            taken ??= take(desk, id);
            taken.catch(() => {});
            // As long as it would take, with a login; where it waits for the move, it does nothing.
            for (let n = 0; n < 1000 && !marked(); n++) await imap.noop();
            tap.rule = () => undefined;
          }));
          const moved = await mover.box.move(id, folder("archive"), token());
          const there = await listAll(box, folder("archive"));
          assert.deepEqual(there.map(({ id }) => id), [moved]);
          await taken;
          assert.deepEqual(await listAll(box, inbox), []);
        } finally {
          await desk.close();
        }
      });
    }
  });
}
