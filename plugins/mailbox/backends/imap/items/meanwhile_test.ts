// Writes that come upon an item which has got another message while they were on their way to it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { listAll, message, subjects, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { deferred } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import type { Mailbox } from "../../../api.ts";
import { Device } from "../_device_kit.ts";
import {
  beforeTransactions,
  decided,
  type Desk,
  late,
  openDesk,
  type When,
} from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());

/** `work`, the first time. */
function once(work: () => Promise<unknown>): (() => Promise<void>) & { done?: boolean } {
  const come = async () => {
    if (come.done) return;
    come.done = true;
    await work();
  };
  come.done = false;
  return come;
}

for (const without of [[], ["QRESYNC"], ["QRESYNC", "MOVE"]]) {
  const kind = without.length ? `without ${without.join(" and ")}` : "with everything";
  describe(`an item that is replaced meanwhile, ${kind}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);

    /** An item, and a device that has it. */
    async function begin(work: (world: World) => Promise<void>): Promise<void> {
      const user = await dovecot.addUser();
      const desk = await openDesk({ server: dovecot, port: tap.port, user });
      try {
        const imap = await desk.other();
        await imap.append("INBOX", message("old"));
        const device = await new Device(desk.box, desk.inbox).begin();
        tap.reset();
        await work({ desk, imap, device, item: [...device.items.keys()][0]! });
      } finally {
        await desk.close();
      }
    }

    /** A box whose work begins only after somebody else has replaced the item. */
    function lateBox({ desk, device, item }: World, when: When): Mailbox {
      const replaced = once(async () => {
        await desk.box.replace(item, { mime: message("new") }, token());
        // The look goes beyond the new message: nobody comes upon it again.
        await device.sync();
      });
      return desk.with(late(desk.store, when, replaced)).box;
    }

    async function nothingIsThere({ desk, imap, device }: World): Promise<void> {
      await device.sync();
      assert.deepEqual(device.states, []);
      assert.deepEqual(await listAll(desk.box, desk.inbox), []);
      const there = await imap.status("INBOX", { messages: true });
      assert.equal(there && there.messages, 0);
    }

    for (const when of ["before", "after"] as const) {
      test(`a removal takes away what it is by now: ${when} the folder is entered`, () =>
        begin(async (world) => {
          await lateBox(world, when).remove(world.item, token());
          await nothingIsThere(world);
        }));
    }

    test("a removal that was done before the replacement was noted takes away that too", () =>
      begin(async (world) => {
        const { desk, device, item } = world;
        const [stored, removed] = [deferred<void>(), deferred<void>()];
        const toNote = async () => {
          if (!tap.names().includes("APPEND")) return;
          stored.resolve();
          await removed.promise;
        };
        const replacer = desk.with(beforeTransactions(desk.store, toNote)).box;
        const replacing = replacer.replace(item, { mime: message("new") }, token());
        await stored.promise;
        const noted = once(async () => {
          removed.resolve();
          await replacing;
          await device.sync();
        });
        await desk.with(beforeTransactions(desk.store, noted)).box.remove(item, token());
        assert.ok(noted.done, "it was replaced meanwhile");
        await nothingIsThere(world);
      }));

    for (const when of ["before", "after"] as const) {
      test(`marks are set on what it is by now: ${when} the folder is entered`, () =>
        begin(async (world) => {
          const { desk, device, item } = world;
          await lateBox(world, when).mark(item, { read: true }, token());
          await device.sync();
          assert.deepEqual(device.states, await listAll(desk.box, desk.inbox));
          assert.equal(device.items.get(item)!.marks.read, true);
        }));
    }

    for (const when of ["before", "after"] as const) {
      test(`another replacement follows the first: ${when} the folder is entered`, () =>
        begin(async (world) => {
          const { desk, device, item } = world;
          await lateBox(world, when).replace(item, { mime: message("newer") }, token());
          await device.sync();
          assert.deepEqual(device.states, await listAll(desk.box, desk.inbox));
          assert.deepEqual(await subjects(desk.box, device.states), ["newer"]);
        }));
    }

    for (const when of ["before", "after"] as const) {
      test(`a move takes along what it is by now: ${when} the folder is entered`, () =>
        begin(async (world) => {
          const { desk, device, item } = world;
          const trash = desk.folder("trash");
          await desk.box.changes(trash, undefined, 0);
          const moved = await lateBox(world, when).move(item, trash, token());
          await device.sync();
          assert.deepEqual(device.states, []);
          assert.deepEqual(await listAll(desk.box, desk.inbox), []);
          const there = await listAll(desk.box, trash);
          assert.deepEqual(there.map(({ id }) => id), [moved]);
          assert.deepEqual(await subjects(desk.box, there), ["new"]);
        }));
    }

    /** A move, with `meanwhile` between its look at the item and the command that moves it. */
    async function moveLate(world: World, meanwhile: () => Promise<unknown>): Promise<Seen> {
      const { desk, device, item } = world;
      const trash = desk.folder("trash");
      const other = await new Device(desk.box, trash).begin();
      const come = once(meanwhile);
      const moved = await desk.with(decided(desk.store, come)).box.move(item, trash, token());
      assert.ok(come.done);
      for (const each of [device, other]) await each.sync();
      const listed = await listAll(desk.box, trash);
      assert.deepEqual(other.states, listed);
      assert.ok(other.items.has(moved));
      assert.deepEqual(device.states, await listAll(desk.box, desk.inbox));
      return {
        inbox: await subjects(desk.box, device.states),
        trash: await subjects(desk.box, listed),
      };
    }

    test("a move that was decided on takes along what it is by now", () =>
      begin(async (world) => {
        const { desk, item } = world;
        const there = await moveLate(
          world,
          () => desk.box.replace(item, { mime: message("new") }, token()),
        );
        assert.deepEqual(there, { inbox: [], trash: ["new"] });
      }));

    test("a move of the old content amid a replacement loses neither", () =>
      begin(async (world) => {
        const { desk, item } = world;
        const there = await moveLate(world, async () => {
          tap.rule = ({ name }) => name === "UID STORE" ? "cut" : undefined;
          await desk.box.replace(item, { mime: message("new") }, token());
          tap.reset();
        });
        assert.deepEqual(there, { inbox: ["new"], trash: ["old"] });
      }));

    test("a move before the replacement is noted loses neither", () =>
      begin(async (world) => {
        const { desk, device, item } = world;
        const [stored, moved] = [deferred<void>(), deferred<void>()];
        const toNote = async () => {
          if (!tap.names().includes("APPEND")) return;
          stored.resolve();
          await moved.promise;
        };
        const replacer = desk.with(beforeTransactions(desk.store, toNote)).box;
        let replacing: Promise<unknown> = Promise.resolve();
        const there = await moveLate(world, async () => {
          replacing = replacer.replace(item, { mime: message("new") }, token());
          await stored.promise;
        });
        assert.deepEqual(there.trash, ["old"]);
        moved.resolve();
        await replacing;
        await desk.clock.tick(1001);
        await device.sync();
        assert.deepEqual(device.states, await listAll(desk.box, desk.inbox));
        assert.deepEqual(await subjects(desk.box, device.states), ["new"]);
      }));
  });
}

/** The subjects of what devices have. */
interface Seen {
  readonly inbox: readonly string[];
  readonly trash: readonly string[];
}

interface World {
  readonly desk: Desk;
  readonly imap: ImapFlow;
  readonly device: Device;
  readonly item: string;
}
