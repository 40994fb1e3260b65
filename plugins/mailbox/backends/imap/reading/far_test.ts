// A server that is far away is asked less often: each answer takes longer than all else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

for (
  const [where, ms, fetches] of [["near", 1, 2], ["far away", 40, 1]] as const
) {
  test(
    `texts of a page come by ${fetches} FETCH where the server is ${where}`,
    found,
    async () => {
      const user = await dovecot.addUser();
      const desk = await openDesk({ server: dovecot, port: tap.port, user });
      const { box, inbox, clock } = desk;
      try {
        const imap = await desk.other();
        for (let n = 0; n < 30; n++) await imap.append("INBOX", message(`no ${n}`));
        tap.rule = ({ name }) => {
          if (name === "NOOP") void clock.tick(ms);
          return undefined;
        };
        await box.changes(inbox, undefined, 0);
        const { items } = await box.list(inbox, {}, 30);
        assert.ok(tap.names().includes("NOOP"));
        const ids = items.map(({ id }) => id);
        tap.reset();
        const read = await Array.fromAsync(box.read(ids, { text: 100 }));
        assert.deepEqual(read.map(({ id }) => id), ids);
        assert.equal(tap.names().filter((name) => name === "UID FETCH").length, fetches);
      } finally {
        await desk.close();
      }
    },
  );
}
