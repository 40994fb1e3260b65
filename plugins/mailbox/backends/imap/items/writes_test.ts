// Writes over IMAP beyond what the suite asks: refusals, other clients, other processes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import {
  eventually,
  inPieces,
  listAll,
  message,
  readOne,
  token,
} from "../../../../../tests/conformance/mailbox_kit.ts";
import { deferred } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot, DovecotOptions } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { NotFound, Refused } from "../../../api.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";
import { dropAccountItems, tidyFolders, tidyItems } from "./item_tables.ts";
import { command } from "../connections/raw.ts";

const found = needs("dovecot", dovecotPresent());
const refused = (reason: Refused["reason"]) => (error: unknown) =>
  error instanceof Refused && error.reason === reason;

function servers(name: string, options: DovecotOptions, tests: Tests) {
  describe(`writes over IMAP: ${name}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, ...options }, (...both) => [dovecot, tap] = both);
    tests(async (work) => {
      tap.reset();
      const user = await dovecot.addUser();
      const desk = await openDesk({ server: dovecot, port: tap.port, user });
      try {
        await work({ desk, imap: await desk.other(), tap });
      } finally {
        await desk.close();
      }
    });
  });
}

type Tests = (begin: (work: (world: World) => Promise<void>) => Promise<void>) => void;

interface World {
  readonly desk: Desk;
  readonly imap: ImapFlow;
  readonly tap: Tap;
}

servers("a usual server", { acl: true }, (begin) => {
  test("a message that is too large is refused before anything is sent", () =>
    begin(async ({ desk, tap }) => {
      const large = Buffer.alloc((10 << 20) + 1, "x");
      tap.reset();
      const create = desk.box.create(desk.inbox, { mime: inPieces(large, [65_536]) }, "large");
      await assert.rejects(create, refused("tooLarge"));
      assert.deepEqual(tap.names(), []);
      await desk.box.create(desk.inbox, { mime: message("small") }, "large");
    }));

  test("a folder that went away is no folder, and what was in it is gone", () =>
    begin(async ({ desk: first, imap }) => {
      await imap.mailboxCreate("Work");
      const { server, user } = first;
      const desk = await openDesk({ server, user });
      const work = (await desk.store.places.all()).find(({ path }) => path === "Work")!.id;
      const { id } = await desk.box.create(work, { mime: message("lost") }, token());
      await imap.mailboxDelete("Work");
      await desk.box.remove(id, token());
      await assert.rejects(desk.box.mark(id, { read: true }, token()), NotFound);
      await assert.rejects(desk.box.create(work, { mime: message("x") }, token()), NotFound);
      await assert.rejects(desk.box.changes(work, "1", 10), NotFound);
      await assert.rejects(desk.box.list(work, {}, 10), NotFound);
      const kept = await desk.box.create(desk.inbox, { mime: message("kept") }, token());
      await assert.rejects(desk.box.move(kept.id, work, token()), NotFound);
      assert.deepEqual((await listAll(desk.box, desk.inbox)).map(({ id }) => id), [kept.id]);
      await desk.close();
    }));

  test("a NUL byte and any other byte go through as they are", () =>
    begin(async ({ desk }) => {
      const bytes = Uint8Array.from({ length: 512 }, (_, n) => n % 256);
      const mime = Buffer.concat([message("binary"), bytes, Buffer.from("\r\n")]);
      const { id } = await desk.box.create(desk.inbox, { mime }, token());
      assert.equal((await readOne(desk.box, id)).mail?.subject, "binary");
    }));

  test("details that the server cannot keep reach other devices, until somebody takes the flag away", () =>
    begin(async ({ desk, imap }) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("flagged") }, token());
      const other = await new Device(box, inbox).begin();
      const flag = { status: "active" as const, type: "Follow up", due: 1_800_000_000_000 };
      await box.mark(id, { flag, verb: { kind: "reply", at: 7 } }, token());
      assert.deepEqual((await other.sync()).map(({ state }) => state!.marks.flag), [flag]);
      // Only the details change now: the server hears nothing of it.
      await box.mark(id, { flag: { ...flag, due: 5 } }, token());
      assert.equal((await other.sync())[0]!.state!.marks.flag!.due, 5);
      assert.equal(other.items.get(id)!.marks.verb!.kind, "reply");
      await box.mark(id, { flag: { status: "complete", completed: 9 } }, token());
      assert.equal((await other.sync())[0]!.state!.marks.flag!.completed, 9);
      await imap.mailboxOpen("INBOX");
      await imap.messageFlagsAdd("1:*", ["\\Flagged"]);
      assert.deepEqual((await other.sync())[0]!.state!.marks.flag, { status: "active" });
      await imap.messageFlagsRemove("1:*", ["\\Flagged"]);
      assert.equal((await other.sync())[0]!.state!.marks.flag, undefined);
    }));

  test("details go along when an item moves", () =>
    begin(async ({ desk }) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("flagged") }, token());
      const flag = { status: "complete" as const, completed: 5 };
      const before = await box.mark(id, { flag, keywords: ["x".repeat(90)] }, token());
      const moved = await box.move(id, desk.folder("archive"), token());
      assert.deepEqual(await listAll(box, desk.folder("archive")), [{ ...before, id: moved }]);
    }));

  test("a mark and somebody else's mark at the same moment are both told", () =>
    begin(async ({ desk, imap, tap }) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("both") }, token());
      const device = await new Device(box, inbox).begin();
      const faster = await new Device(box, inbox).begin();
      await imap.mailboxOpen("INBOX");
      let meanwhile: Promise<unknown> | undefined;
      // The other one is faster than our note of what the server answered.
      tap.rule = ({ name, words }) => {
        if (name === "UID STORE" && /Seen/.test(words)) {
          tap.rule = () => undefined;
          meanwhile = imap.messageFlagsAdd("1", ["\\Answered"]).then(() => faster.sync());
        }
        return undefined;
      };
      await box.mark(id, { read: true }, token());
      await meanwhile;
      await device.sync();
      await faster.sync();
      assert.deepEqual(faster.states, device.states);
      const { marks } = device.items.get(id)!;
      assert.deepEqual([marks.read, marks.answered], [true, true]);
    }));

  test("another process at the same write is waited for, and a dead one is not waited for long", () =>
    begin(async ({ desk }) => {
      const { box, inbox, store, clock, db } = desk;
      const other = desk.with({ ...store, owner: "another process", running: new Map() });
      const gate = deferred<void>();
      async function* slow() {
        yield message("once");
        await gate.promise;
      }
      const one = box.create(inbox, { mime: slow() }, "same");
      for (let there = 0; there === 0;) {
        const sql = "SELECT count(*) AS there FROM mailbox_imap_write";
        there = (await db.all<{ there: number }>(sql))[0]!.there;
      }
      const two = other.box.create(inbox, { mime: message("once") }, "same");
      await clock.tick(500);
      gate.resolve();
      let done = false;
      const both = Promise.all([one, two]).finally(() => done = true);
      await eventually(clock, () => done);
      const [a, b] = await both;
      assert.equal(b.id, a.id);
      assert.equal((await listAll(box, inbox)).length, 1);

      const row = "INSERT INTO mailbox_imap_write (account, token, intention, owner, until, at) " +
        "VALUES (1, 'dead', '', 'a process that died', ?, 0)";
      await db.run(row, [clock.now() + 25_000]);
      const ended = (work: Promise<unknown>) => {
        let over = false;
        void work.catch(() => {}).finally(() => over = true);
        return eventually(clock, () => over);
      };
      const early = box.create(inbox, { mime: message("later") }, "dead");
      await ended(early);
      await assert.rejects(early, Unavailable);
      await clock.tick(20_000);
      await box.create(inbox, { mime: message("later") }, "dead");
      assert.equal((await listAll(box, inbox)).length, 2);
    }));

  test("a write of a process that has ended is taken over as soon as what it sent has settled", () =>
    begin(async ({ desk }) => {
      const { inbox, store, clock, db } = desk;
      const ends = { ...store, hasEnded: (owner: string) => owner === "ended" };
      const { box } = desk.with(ends);
      const claim = async (token: string, owner: string, age: number) => {
        const values = [token, owner, clock.now() + 30_000 - age];
        await db.run(
          "INSERT INTO mailbox_imap_write (account, token, intention, owner, until, at) " +
            "VALUES (1, ?, '', ?, ?, 0)",
          values,
        );
      };
      await claim("long ago", "ended", 8000);
      await box.create(inbox, { mime: message("one") }, "long ago");

      await claim("just now", "ended", 0);
      let over = false;
      const create = (token: string) => {
        over = false;
        return box.create(inbox, { mime: message("two") }, token).finally(() => over = true);
      };
      const soon = create("just now");
      for (let waited = 0; waited < 1750; waited += 250) await clock.tick(250);
      const [row] = await db.all<{ owner: string }>(
        "SELECT owner FROM mailbox_imap_write WHERE token = 'just now'",
      );
      assert.equal(row!.owner, "ended", "what it sent may be on its way");
      await eventually(clock, () => over);
      await soon;

      await claim("by another", "alive", 8000);
      const refused = assert.rejects(create("by another"), Unavailable);
      await eventually(clock, () => over);
      await refused;
      assert.equal((await listAll(desk.box, inbox)).length, 2);
    }));

  test("what is kept for a while only goes after that while", () =>
    begin(async ({ desk }) => {
      const { box, inbox, db, clock } = desk;
      const made = await box.create(inbox, { mime: message("gone") }, "old");
      const { cursor } = await box.changes(inbox, undefined, 0);
      await box.remove(made.id, token());
      await box.create(inbox, { mime: message("stays") }, "new");
      await tidyItems(db, clock.now() + 14 * 86_400_000);
      assert.equal((await box.create(inbox, { mime: message("gone") }, "old")).id, made.id);
      assert.equal((await box.changes(inbox, cursor, 9)).changes.length, 2);
      while (await tidyItems(db, clock.now() + 91 * 86_400_000));
      await assert.rejects(box.changes(inbox, cursor, 9), { name: "Forgotten" });
      assert.equal((await listAll(box, inbox)).length, 1);
      await dropAccountItems(db, 1);
      for (const table of ["item", "state", "write"]) {
        const sql = `SELECT count(*) AS n FROM mailbox_imap_${table}`;
        assert.deepEqual(await db.all(sql), [{ n: 0 }]);
      }
    }));

  test("what is known of a folder that went stays for a while, in case it comes back", () =>
    begin(async ({ desk: { server, user }, imap }) => {
      await imap.mailboxCreate("Work");
      await imap.mailboxSubscribe("Work");
      const desk = await openDesk({ server, user, subscribed: true });
      const { box, db, clock, store: { places } } = desk;
      const work = (await places.all()).find(({ path }) => path === "Work")!.id;
      const device = await new Device(box, work).begin();
      const { id } = await box.create(work, { mime: message("there") }, token());
      await device.sync();
      const { cursor } = device;
      const away = async (days: number) => {
        await imap.mailboxUnsubscribe("Work");
        await box.folders(undefined);
        await assert.rejects(box.changes(work, cursor, 9), NotFound);
        while (await tidyFolders(db, clock.now() + days * 86_400_000));
        const [rows] = await db.all<{ n: number }>("SELECT count(*) AS n FROM mailbox_imap_item");
        await imap.mailboxSubscribe("Work");
        await box.folders(undefined);
        return rows!.n;
      };
      assert.equal(await away(89), 1);
      assert.deepEqual((await listAll(box, work)).map((each) => each.id), [id]);
      assert.deepEqual((await box.changes(work, cursor, 9)).changes, []);
      assert.equal(await away(91), 0);
      await assert.rejects(box.changes(work, cursor, 9), { name: "Forgotten" });
      const again = await new Device(box, work).begin();
      assert.deepEqual([again.items.size, again.items.has(id)], [1, false]);
      await desk.close();
    }));
});

servers("no room", { quota: 3000 }, (begin) => {
  test("a full mailbox refuses, and takes again when there is room", () =>
    begin(async ({ desk }) => {
      const { box, inbox } = desk;
      const mime = message("large", { text: "x".repeat(2000) });
      const { id } = await box.create(inbox, { mime }, token());
      await assert.rejects(box.create(inbox, { mime }, "again"), refused("quota"));
      await assert.rejects(box.replace(id, { mime }, token()), refused("quota"));
      assert.equal((await listAll(box, inbox)).length, 1);
      await box.remove(id, token());
      await box.create(inbox, { mime }, "again");
      assert.equal((await listAll(box, inbox)).length, 1);
    }));
});

servers(
  "folders of others",
  { acl: true, publicFolders: { Notices: "lrs", Pile: "lrswi" } },
  (begin) => {
    const place = async (desk: Desk, name: string) =>
      (await desk.store.places.all()).find(({ path }) => path === `Public/${name}`)!.id;

    test("a folder that may only be read refuses writes, and its items stay", () =>
      begin(async ({ desk }) => {
        const { box, inbox } = desk;
        const notices = await place(desk, "Notices");
        const { id } = await box.create(inbox, { mime: message("mine") }, token());
        const denied = [
          () => box.create(notices, { mime: message("x") }, token()),
          () => box.move(id, notices, token()),
        ];
        for (const write of denied) await assert.rejects(write(), refused("readonly"));
        assert.deepEqual((await listAll(box, inbox)).map((item) => item.id), [id]);
        const pile = await place(desk, "Pile");
        const moved = await box.move(id, pile, token());
        await assert.rejects(box.remove(moved, token()), refused("readonly"));
        await assert.rejects(box.move(moved, inbox, token()), refused("readonly"));
        await assert.rejects(
          box.replace(moved, { mime: message("y") }, token()),
          refused("readonly"),
        );
        assert.equal((await box.mark(moved, { read: true }, token())).marks.read, true);
        assert.deepEqual((await listAll(box, pile)).map((item) => item.id), [moved]);
        assert.deepEqual(await listAll(box, inbox), []);
      }));
  },
);

servers("no UIDPLUS", { without: ["UIDPLUS", "MOVE", "QRESYNC"] }, (begin) => {
  test("what others have marked as deleted is never expunged by us", () =>
    begin(async ({ desk, imap }) => {
      const { box, inbox } = desk;
      await imap.append("INBOX", message("theirs"), ["\\Deleted"]);
      const [one, two, three] = [
        await box.create(inbox, { mime: message("one") }, token()),
        await box.create(inbox, { mime: message("two") }, token()),
        await box.create(inbox, { mime: message("three") }, token()),
      ];
      await box.remove(one.id, token());
      await box.move(two.id, desk.folder("trash"), token());
      await box.replace(three.id, { mime: message("four") }, token());
      await box.changes(inbox, undefined, 0);
      assert.deepEqual((await listAll(box, inbox)).map(({ id }) => id), [three.id]);
      await imap.mailboxOpen("INBOX");
      const there = [];
      for await (const { envelope } of imap.fetch("1:*", { envelope: true })) {
        there.push(envelope!.subject);
      }
      assert.deepEqual(there, ["theirs", "one", "two", "three", "four"]);
      // Whoever expunges takes them away, and nothing changes by that.
      const device = await new Device(box, inbox).begin();
      await command(imap, "EXPUNGE");
      assert.deepEqual(await device.sync(), []);
      assert.equal(device.items.size, 1);
    }));
});
