// A folder is removed and what is in it kept, cut off anywhere: nothing lost, nothing doubled.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { listAll, message, subjects, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { fakeClock } from "../../../../../tests/kit.ts";
import { troubled, type TroubledStorage } from "../../../../../tests/kit_trouble.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { Refused } from "../../../api.ts";
import { type Desk, makeTables, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());

for (const without of [[], ["MOVE"], ["MOVE", "UIDPLUS"]]) {
  const kind = without.length > 0 ? `without ${without.join(" and ")}` : "with everything";
  describe(`what is kept of a folder that is removed, ${kind}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    let refusing = false;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);

    interface World {
      readonly desk: Desk;
      readonly storage: TroubledStorage;
      readonly imap: ImapFlow;
      readonly work: string;
      /** Once more, as a phone does that has heard nothing. */
      remove(desk?: Desk): Promise<void>;
      /** All is in the trash, once, and the folder is gone. */
      check(what: string): Promise<void>;
    }

    async function begin(work: (world: World) => Promise<void>): Promise<void> {
      tap.reset();
      const storage = troubled(await openStorage(":memory:"));
      await makeTables(storage);
      const user = await dovecot.addUser();
      const first = await openDesk({ server: dovecot, user, db: storage });
      const imap = await first.other();
      await imap.mailboxCreate("Work");
      // Two of them look alike; one is deleted already, and no item.
      const date = new Date(first.clock.now());
      for (const name of ["one", "two", "two"]) await imap.append("Work", message(name), [], date);
      await imap.append("Work", message("deleted"), ["\\Deleted"]);
      await imap.append("Trash", message("two"), [], date);
      await first.close();
      refusing = false;
      const fit = (client: ImapFlow) => refuseDelete(client, () => refusing);
      const desk = await openDesk({ server: dovecot, port: tap.port, user, db: storage, fit });
      const trash = desk.folder("trash");
      const place = (await desk.store.places.all()).find(({ path }) => path === "Work")!;
      await work({
        desk,
        storage,
        imap: await desk.other(),
        work: place.id,
        remove: ({ box } = desk) => box.removeFolder(place.id, trash),
        async check(what) {
          await desk.clock.tick(1001); // what was seen just now is not asked again
          const kept = await subjects(desk.box, await listAll(desk.box, trash));
          assert.deepEqual(kept.sort(), ["one", "two", "two", "two"], what);
          const places = await desk.store.places.all();
          assert.ok(!places.some(({ path }) => path === "Work"), what);
        },
      });
      await desk.close();
      await storage.close();
    }

    for (const fate of ["cut", "cut answer"] as const) {
      test(`${fate} at any command, then again`, async () => {
        for (let at = 1, came = true; came; at++) {
          await begin(async ({ desk, remove, check }) => {
            let count = 0;
            tap.rule = () => ++count === at ? fate : undefined;
            await remove().catch((error) => {
              assert.ok(error instanceof Unavailable, `${fate} at ${at}: ${error.stack}`);
            });
            came = count >= at;
            const name = tap.names()[at - 1];
            tap.reset();
            await desk.store.places.refresh();
            const there = (await desk.store.places.all()).some(({ path }) => path === "Work");
            if (there) await remove();
            await check(`${fate} at command ${at} (${name})`);
          });
        }
      });
    }

    for (
      const [what, half] of [
        ["all was in both folders", (imap) => imap.messageCopy("1:3", "Trash")],
        ["one of two that look alike was moved", (imap) => imap.messageMove("2", "Trash")],
      ] as [string, (imap: ImapFlow) => Promise<unknown>][]
    ) {
      test(`the server died when ${what}: once more, and all is in one`, () =>
        begin(async ({ imap, remove, check }) => {
          const name = without.includes("MOVE") ? "UID COPY" : "UID MOVE";
          tap.rule = (command) => command.name === name ? "cut" : undefined;
          await assert.rejects(remove(), Unavailable);
          tap.reset();
          await imap.mailboxOpen("Work");
          await half(imap);
          await imap.mailboxClose();
          await remove();
          await check("once more");
        }));
    }

    if (!without.includes("MOVE")) return;

    test("the storage fails around any statement, then another process goes on", async () => {
      for (const when of ["before", "after"] as const) {
        for (let at = 1, came = true; came; at++) {
          await begin(async ({ desk, storage, remove, check }) => {
            const error = () => new Unavailable("Cannot reach the storage");
            storage.expect({ at, when, error });
            await remove().catch((error) => assert.ok(error instanceof Unavailable, error.stack));
            came = storage.recover();
            await desk.store.places.refresh();
            const clock = fakeClock(desk.clock.now() + 60_000);
            const other = { ...desk.store, owner: "another process", clock, running: new Map() };
            const there = (await desk.store.places.all()).some(({ path }) => path === "Work");
            if (there) await remove(desk.with(other));
            await check(`fails ${when} statement ${at}`);
          });
        }
      }
    });

    test("what could not be removed is empty, and what comes into it later is kept too", () =>
      begin(async ({ desk, imap, remove, check }) => {
        refusing = true;
        await assert.rejects(remove(), Refused);
        const [row] = await desk.db.all<{ n: number }>(
          "SELECT count(*) AS n FROM mailbox_imap_write",
        );
        assert.equal(row!.n, 0, "nothing is to be looked for any more");
        const trash = await subjects(desk.box, await listAll(desk.box, desk.folder("trash")));
        assert.deepEqual(trash.sort(), ["one", "two", "two", "two"]);
        await imap.mailboxOpen("Trash");
        await imap.messageDelete("1");
        await imap.append("Work", message("two"));
        refusing = false;
        await remove();
        await check("later");
      }));

    test("what a write has left behind is not kept", () =>
      begin(async ({ desk, work, remove, check }) => {
        const { box } = desk;
        await box.changes(work, undefined, 0);
        const made = await box.create(work, { mime: message("draft") }, token());
        tap.rule = ({ name }) => name === "UID STORE" ? "cut" : undefined;
        await box.move(made.id, desk.inbox, token());
        tap.reset();
        await remove();
        await check("removed");
      }));
  });
}

/** Lets a connection refuse to delete folders, as long as `is` says so. */
function refuseDelete(client: ImapFlow, is: () => boolean): void {
  const inside = client as unknown as { exec(name: string, ...more: unknown[]): Promise<unknown> };
  const exec = inside.exec.bind(client);
  inside.exec = (name, ...more) => {
    if (name !== "DELETE" || !is()) return exec(name, ...more);
    const refusal = { responseStatus: "NO", responseText: "[NOPERM] Not yours" };
    return Promise.reject(Object.assign(new Error("Command failed"), refusal));
  };
}
