// What others do to a folder, as changes tell it: on servers that tell much, less and nothing of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { listAll, message, subjects, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { seededRandom } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { startDovecot } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer, User } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { startTap, type Tap } from "../../../../../tests/servers/tap.ts";
import { Forgotten, type Mailbox, NotFound } from "../../../api.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, forgetUids, openDesk } from "../_items_kit.ts";

const found = needs("dovecot", dovecotPresent());

const dovecot = (...without: string[]) => () => startDovecot({ specialFolders: true, without });
const cyrus = needs("cyrus", cyrusPresent());

/** Of each: whether it is there, how it is started, and whether it counts changes. */
const servers = {
  "QRESYNC": [found, dovecot(), true],
  "CONDSTORE alone": [found, dovecot("QRESYNC"), true],
  "neither": [found, dovecot("QRESYNC", "CONDSTORE", "ESEARCH"), false],
  "Cyrus": [cyrus, () => startCyrus({ specialFolders: true }), true],
} satisfies Record<string, [typeof found, () => Promise<MailServer>, boolean]>;

for (const [kind, [present, start, counts]] of Object.entries(servers)) {
  describe(`changes over IMAP with ${kind}`, present, () => {
    let server: MailServer;
    let tap: Tap;
    before(async () => {
      server = await start();
      tap = await startTap(server.port);
    });
    after(async () => {
      await tap?.stop();
      await server?.stop();
    });

    /** Only of Dovecot we know how to make it number messages anew. */
    const numbered = kind === "Cyrus" ? () => {} : test;

    /** An inbox with so many messages, a device that has them, and somebody else. */
    async function begin(count: number, work: (world: World) => Promise<void>) {
      tap.reset();
      const user = await server.addUser();
      const desk = await openDesk({ server, port: tap.port, user });
      const imap = await desk.other();
      for (let n = 0; n < count; n++) {
        await imap.append("INBOX", message(`no ${n}`), [], new Date(desk.clock.now() - n * 60_000));
      }
      await imap.mailboxOpen("INBOX");
      const device = await new Device(desk.box, desk.inbox).begin();
      assert.equal(device.items.size, count);
      try {
        await work({ user, desk, imap, device });
      } finally {
        await desk.close();
      }
    }

    test("what others add, mark and expunge is told once, as it is now", () =>
      begin(5, async ({ desk, imap, device }) => {
        const ids = [...device.items.keys()];
        await imap.messageFlagsAdd("1:2", ["\\Seen", "Work"], { uid: true });
        await imap.messageFlagsRemove("2", ["\\Seen"], { uid: true });
        await imap.messageDelete("4", { uid: true });
        await imap.append("INBOX", message("new"), ["\\Flagged"]);
        const changes = await device.sync(2);
        assert.deepEqual(changes.map(({ id, state }) => [id, state?.marks.read]), [
          [ids[0], true],
          [ids[1], false],
          [ids[3], undefined],
          [changes[3]!.id, false],
        ]);
        assert.deepEqual(changes[1]!.state!.marks.keywords, ["Work"]);
        assert.deepEqual(changes[3]!.state!.marks.flag, { status: "active" });
        assert.deepEqual(await subjects(desk.box, [changes[3]!.state!]), ["new"]);
        assert.deepEqual(await device.sync(), []);
      }));

    test("several devices hear the same, each from where it was", () =>
      begin(3, async ({ desk, imap, device }) => {
        await imap.messageDelete("1", { uid: true });
        await device.sync();
        const late = await new Device(desk.box, desk.inbox).begin();
        await imap.messageDelete("2", { uid: true });
        await imap.append("INBOX", message("new"), []);
        assert.equal((await late.sync()).length, 2);
        assert.equal((await device.sync()).length, 2);
        assert.deepEqual(late.states, device.states);
        assert.deepEqual(await late.sync(), []);
      }));

    test("mail that comes while nobody has an eye on the folder is told, whoever lists it first", () =>
      begin(2, async ({ desk, imap, device }) => {
        await imap.append("INBOX", message("in between"), []);
        await listAll(desk.box, desk.inbox);
        const changes = await device.sync();
        assert.deepEqual(await subjects(desk.box, changes.map(({ state }) => state!)), [
          "in between",
        ]);
      }));

    test("messages marked as deleted are gone, and come back under their ids without the mark", () =>
      begin(3, async ({ desk, imap, device }) => {
        const before = device.states;
        const deleted = async (...uids: number[]) => {
          await imap.messageFlagsSet("1:*", [], { uid: true });
          if (uids.length > 0) {
            await imap.messageFlagsAdd(uids.join(), ["\\Deleted"], { uid: true });
          }
          await device.sync();
          assert.deepEqual(device.states, [...await listAll(desk.box, desk.inbox)].sort(byId));
        };
        await deleted(1, 3);
        assert.equal(device.items.size, 1);
        assert.equal(await desk.box.count(desk.inbox, {}), 1);
        await deleted();
        assert.deepEqual(device.states, before);
        // Also those that were deleted when they came, and whom nobody was told of.
        await imap.append("INBOX", message("shy"), ["\\Deleted"]);
        assert.deepEqual(await device.sync(), []);
        assert.equal((await listAll(desk.box, desk.inbox)).length, 3);
        await deleted();
        assert.equal(device.items.size, 4);
      }));

    test("mail that was marked as deleted before anybody looked comes back too", () =>
      begin(0, async ({ desk, imap }) => {
        await imap.append("INBOX", message("shy"), ["\\Deleted", "\\Seen"]);
        const { server, user } = desk;
        const fresh = await openDesk({ server, user });
        const device = await new Device(fresh.box, fresh.inbox).begin();
        assert.equal(device.items.size, 0);
        await imap.messageFlagsRemove("1", ["\\Deleted"], { uid: true });
        await device.sync();
        assert.deepEqual(device.states.map(({ marks }) => marks.read), [true]);
        await fresh.close();
      }));

    test("whatever others do at random, a device ends up with what is there", () =>
      begin(12, async ({ desk, imap, device }) => {
        const random = seededRandom(4711);
        const slow = await new Device(desk.box, desk.inbox).begin();
        const trash = await new Device(desk.box, desk.folder("trash")).begin();
        const any = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;
        for (let round = 0; round < 60; round++) {
          const uids = await imap.search({ all: true }, { uid: true }) || [];
          const uid = String(any(uids));
          const item = any([...device.items.keys()]);
          const dice = Math.floor(random() * 9);
          if (dice < 2 || uids.length < 4) await imap.append("INBOX", message(`at ${round}`), []);
          else if (dice === 2) await imap.messageFlagsAdd(uid, ["\\Seen"], { uid: true });
          else if (dice === 3) await imap.messageFlagsRemove(uid, ["\\Seen"], { uid: true });
          else if (dice === 4) await imap.messageDelete(uid, { uid: true });
          else if (dice === 5) await imap.messageMove(uid, "Trash", { uid: true });
          else if (dice === 6) {
            await desk.box.mark(item, { read: random() < 0.5 }, token()).catch(() => {});
          } else if (dice === 7) await desk.box.remove(item, token());
          else await desk.box.move(item, desk.folder("trash"), token()).catch(() => {});
          if (random() < 0.6) await device.sync(3);
          if (random() < 0.1) await slow.sync(1);
          if (random() < 0.1) await trash.sync(1);
        }
        for (const each of [device, slow, trash]) await each.sync(2);
        const there = [...await listAll(desk.box, desk.inbox)].sort(byId);
        assert.deepEqual(device.states, there);
        assert.deepEqual(slow.states, there);
        await imap.noop();
        assert.equal(there.length, imap.mailbox && imap.mailbox.exists);
        const thrown = [...await listAll(desk.box, desk.folder("trash"))].sort(byId);
        assert.deepEqual(trash.states, thrown);
      }));

    test("devices, writers, two processes and another client at once: all end up alike", () =>
      begin(10, async ({ desk, imap }) => {
        const { server, user, db } = desk;
        const second = await openDesk({ server, user, db, clock: desk.clock, owner: "another" });
        const random = seededRandom(815);
        const any = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;
        const trash = desk.folder("trash");
        const boxes = [desk.box, second.box];
        const devices = await Promise.all(
          [0, 1, 0, 1].map((n) => new Device(boxes[n]!, desk.inbox).begin()),
        );
        const others = async () => {
          for (let round = 0; round < 25; round++) {
            const uid = String(any(await imap.search({ all: true }, { uid: true }) || [1]));
            const dice = Math.floor(random() * 4);
            if (dice === 0) await imap.append("INBOX", message(`theirs ${round}`), []);
            else if (dice === 1) await imap.messageFlagsAdd(uid, ["\\Seen"], { uid: true });
            else if (dice === 2) await imap.messageFlagsRemove(uid, ["\\Seen"], { uid: true });
            else await imap.messageDelete(uid, { uid: true });
          }
        };
        const writes = async (box: Mailbox, device: Device) => {
          for (let round = 0; round < 15; round++) {
            const item = any([...device.items.keys(), "none"]);
            const dice = Math.floor(random() * 5);
            const write = dice === 0
              ? box.create(desk.inbox, { mime: message(`ours ${round}`) }, token())
              : dice === 1
              ? box.mark(item, { read: random() < 0.5, answered: random() < 0.5 }, token())
              : dice === 2
              ? box.replace(item, { mime: message(`other ${round}`) }, token())
              : dice === 3
              ? box.move(item, trash, token())
              : box.remove(item, token());
            await Promise.resolve(write).catch((error) =>
              assert.ok(error instanceof NotFound, error.stack)
            );
          }
        };
        const syncs = async (device: Device) => {
          for (let round = 0; round < 12; round++) await device.sync(3);
        };
        await Promise.all([
          others(),
          ...boxes.map((box, n) => writes(box, devices[n]!)),
          ...devices.map(syncs),
        ]);
        for (const device of devices) await device.sync();
        const there = [...await listAll(desk.box, desk.inbox)].sort(byId);
        for (const device of devices) assert.deepEqual(device.states, there);
        await imap.noop();
        assert.equal(there.length, imap.mailbox && imap.mailbox.exists);
        const ids = await listAll(desk.box, trash);
        assert.equal(new Set(ids.map(({ id }) => id)).size, ids.length);
        await second.close();
      }));

    numbered(
      "another UIDVALIDITY changes no id, doubles nothing, and changes meanwhile are told",
      () =>
        begin(6, async ({ user, desk, imap, device }) => {
          // Twins that only their order tells apart.
          const twin = new Date(desk.clock.now());
          for (let n = 0; n < 3; n++) await imap.append("INBOX", message("twin"), [], twin);
          await device.sync();
          const before = device.states;
          await imap.messageDelete("2", { uid: true });
          await imap.messageFlagsAdd("3", ["\\Seen"], { uid: true });
          await imap.append("INBOX", message("meanwhile"), []);
          await forgetUids(server, user, imap);
          const changes = await device.sync(2);
          assert.equal(changes.length, 3, JSON.stringify(changes));
          assert.deepEqual(device.states, [...await listAll(desk.box, desk.inbox)].sort(byId));
          const ids = new Set(device.items.keys());
          assert.equal(before.filter(({ id }) => ids.has(id)).length, 8);
          assert.equal(ids.size, 9);
          assert.deepEqual(await device.sync(), []);
          // An item is written to under the UID that it has now.
          const kept = before.find(({ id }) => ids.has(id))!;
          await desk.box.mark(kept.id, { answered: true }, token());
          assert.deepEqual((await device.sync()).map(({ id }) => id), [kept.id]);
        }),
    );

    numbered(
      "another UIDVALIDITY that a write comes upon first",
      () =>
        begin(4, async ({ user, desk, imap, device }) => {
          const [one, two, three] = device.states;
          await forgetUids(server, user, imap);
          const names = await subjects(desk.box, [one!, two!, three!]);
          await desk.box.mark(one!.id, { read: true }, token());
          await forgetUids(server, user);
          await desk.box.remove(two!.id, token());
          await forgetUids(server, user);
          const moved = await desk.box.move(three!.id, desk.folder("trash"), token());
          assert.equal((await device.sync()).length, 3);
          assert.equal(device.items.get(one!.id)!.marks.read, true);
          assert.equal(device.items.size, 2);
          const [, , third] = names;
          const [item] = await listAll(desk.box, desk.folder("trash"));
          assert.equal(item!.id, moved);
          assert.deepEqual(await subjects(desk.box, [item!]), [third]);
        }),
    );

    test("thousands of changes come by pages, each once", () =>
      begin(1, async ({ desk, imap, device }) => {
        const many = 4500;
        await fill(imap, many);
        let [pages, largest] = [0, 0];
        let { cursor } = device;
        const seen = new Set<string>();
        for (let more = true; more; pages++) {
          const page = await desk.box.changes(desk.inbox, cursor, 512);
          for (const { id } of page.changes) {
            assert.ok(!seen.has(id), "each once");
            seen.add(id);
          }
          largest = Math.max(largest, page.changes.length);
          ({ cursor, more } = page);
        }
        assert.equal(seen.size, many);
        assert.ok(largest <= 512 && pages >= many / 512);
        const [rows] = await desk.db.all<{ n: number }>(
          "SELECT count(*) AS n FROM mailbox_imap_item",
        );
        assert.equal(rows!.n, many + 1);
      }));

    test("no change costs one round trip, whatever the size of the folder", () =>
      begin(3, async ({ desk, imap, device }) => {
        await fill(imap, 1500);
        await device.sync();
        await device.sync();
        tap.reset();
        assert.deepEqual(await device.sync(), []);
        // Without modification sequences the flags of what was told have to be looked at.
        if (!counts) assert.ok(tap.names().length <= 3, tap.names().join());
        else assert.deepEqual(tap.names(), ["NOOP"]);
        tap.reset();
        await imap.messageFlagsAdd("3", ["\\Seen"], { uid: true });
        assert.equal((await device.sync()).length, 1);
        assert.ok(tap.names().length <= 4, tap.names().join());
        if (counts) assert.ok(tap.bytes.toClient < 2000, `${tap.bytes.toClient}`);
        assert.ok(desk.inbox);
      }));

    test("changes of messages that nobody was told of are no rows, until they are listed", () =>
      begin(0, async ({ desk, imap }) => {
        for (let n = 0; n < 8; n++) await imap.append("INBOX", message(`no ${n}`), []);
        const { box, inbox, db } = desk;
        // The first to look at the folder: everything in it is old to him.
        const { cursor } = await box.changes(inbox, undefined, 0);
        const [first] = (await box.list(inbox, {}, 1)).items;
        const rows = async () =>
          (await db.all<{ n: number }>("SELECT count(*) AS n FROM mailbox_imap_item"))[0]!.n;
        const had = await rows();
        await imap.messageFlagsAdd("1:*", ["\\Seen"], { uid: true });
        const page = await box.changes(inbox, cursor, 100);
        assert.ok(page.changes.some(({ id, state }) => id === first!.id && state!.marks.read));
        assert.equal(await rows(), had);
        assert.ok((await listAll(box, inbox)).every(({ marks }) => marks.read));
      }));

    test("a cursor that the rows do not reach back to is forgotten", () =>
      begin(1, async ({ desk }) => {
        for (const cursor of ["999999", "nonsense", "-1", ""]) {
          await assert.rejects(desk.box.changes(desk.inbox, cursor, 10), Forgotten, cursor);
        }
      }));
  });
}

interface World {
  readonly user: User;
  readonly desk: Desk;
  readonly imap: ImapFlow;
  readonly device: Device;
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** Puts so many more messages into the open folder. */
async function fill(imap: ImapFlow, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    await imap.noop();
    const there = imap.mailbox ? imap.mailbox.exists : 0;
    const some = Math.min(left, there);
    await imap.messageCopy(`1:${some}`, "INBOX");
    left -= some;
  }
}
