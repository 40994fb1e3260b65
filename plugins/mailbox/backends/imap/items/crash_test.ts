// Writes that are cut off anywhere, at any command and any statement: nothing lost, nothing doubled.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Unavailable } from "../../../../../core/mod.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { listAll, message } from "../../../../../tests/conformance/mailbox_kit.ts";
import { fakeClock } from "../../../../../tests/kit.ts";
import { troubled, type TroubledStorage } from "../../../../../tests/kit_trouble.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, makeTables, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());

/** A write, and what there is after it: the subjects in the inbox and in the trash. */
interface Errand {
  readonly name: string;
  /** What is there before: subjects in the inbox, the first is the item. */
  readonly inbox: readonly string[];
  run(desk: Desk, item: string, token: string): Promise<unknown>;
  readonly after: { readonly inbox: readonly string[]; readonly trash: readonly string[] };
}

const named = (subject: string) =>
  message(subject, { headers: [`Message-ID: <${subject.replaceAll(" ", ".")}@example.net>`] });

const errands: readonly Errand[] = [
  {
    name: "create",
    inbox: ["old"],
    run: ({ box, inbox }, _item, token) =>
      box.create(inbox, { mime: named("made"), marks: { read: true, keywords: ["Blue"] } }, token),
    after: { inbox: ["old", "made"], trash: [] },
  },
  {
    name: "create one like another, without a Message-ID",
    inbox: ["twin"],
    run: ({ box, inbox }, _item, token) => box.create(inbox, { mime: message("twin") }, token),
    after: { inbox: ["twin", "twin"], trash: [] },
  },
  {
    name: "replace",
    inbox: ["draft", "old"],
    run: ({ box }, item, token) => box.replace(item, { mime: named("better draft") }, token),
    after: { inbox: ["better draft", "old"], trash: [] },
  },
  {
    name: "mark",
    inbox: ["marked"],
    run: ({ box }, item, token) =>
      box.mark(
        item,
        { read: true, flag: { status: "active", type: "x" }, keywords: ["a b"] },
        token,
      ),
    after: { inbox: ["marked"], trash: [] },
  },
  {
    name: "move",
    inbox: ["moved", "old"],
    run: ({ box, folder }, item, token) => box.move(item, folder("trash"), token),
    after: { inbox: ["old"], trash: ["moved"] },
  },
  {
    name: "remove",
    inbox: ["removed", "old"],
    run: ({ box }, item, token) => box.remove(item, token),
    after: { inbox: ["old"], trash: [] },
  },
];

interface World {
  readonly desk: Desk;
  readonly storage: TroubledStorage;
  readonly item: string;
  readonly inbox: Device;
  readonly trash: Device;
}

const all = {
  name: "everything",
  without: [],
  fates: ["cut", "cut answer"],
  whens: ["before", "after"],
} as const;
// The weaker server takes other ways; where it takes the same, the first has shown it.
const little = {
  name: "IMAP4rev1 only",
  without: ["QRESYNC", "CONDSTORE", "ESEARCH", "UIDPLUS", "MOVE"],
  fates: ["cut answer"],
  whens: ["after"],
} as const;

for (const { name, without, fates, whens } of [all, little]) {
  describe(`writes that are cut off, with ${name}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);

    async function begin({ inbox: subjects }: Errand): Promise<World> {
      tap.reset();
      const storage = troubled(await openStorage(":memory:"));
      await makeTables(storage);
      const user = await dovecot.addUser();
      for (const subject of subjects) await dovecot.deliver(user, message(subject));
      const desk = await openDesk({ server: dovecot, port: tap.port, user, db: storage });
      const [inbox, trash] = [
        new Device(desk.box, desk.inbox),
        new Device(desk.box, desk.folder("trash")),
      ];
      await inbox.begin();
      await trash.begin();
      for await (const { id, mail } of desk.box.read([...inbox.items.keys()], {})) {
        if (mail!.subject === subjects[0]) return { desk, storage, item: id, inbox, trash };
      }
      throw new Error("Cannot find the item");
    }

    /** What is there now, by the server, by a listing and by what devices were told. */
    async function check({ desk, inbox, trash }: World, { after }: Errand, what: string) {
      const imap = await desk.other();
      for (
        const [path, device, folder, wanted] of [
          ["INBOX", inbox, desk.inbox, after.inbox],
          ["Trash", trash, desk.folder("trash"), after.trash],
        ] as const
      ) {
        // Twice: the first look also clears away what was left behind.
        await device.sync();
        await device.sync();
        await imap.mailboxOpen(path);
        const there: string[] = [];
        if (imap.mailbox && imap.mailbox.exists > 0) {
          for await (
            const { envelope, flags } of imap.fetch("1:*", { envelope: true, flags: true })
          ) {
            if (!flags!.has("\\Deleted")) there.push(envelope!.subject!);
          }
        }
        assert.deepEqual(there.sort(), [...wanted].sort(), `${what}: the server's ${path}`);
        const listed = await listAll(desk.box, folder);
        const sorted = [...listed].sort((a, b) => a.id < b.id ? -1 : 1);
        assert.deepEqual(device.states, sorted, `${what}: a device's ${path}`);
        assert.equal(listed.length, wanted.length, `${what}: the listing of ${path}`);
      }
      imap.close();
    }

    for (const errand of errands) {
      for (const fate of fates) {
        test(`${errand.name}: ${fate} at any command, then again`, async () => {
          for (let at = 1;; at++) {
            const world = await begin(errand);
            const what = `${fate} at command ${at}`;
            let count = 0;
            tap.reset();
            tap.rule = () => ++count === at ? fate : undefined;
            const first = await errand.run(world.desk, world.item, "once").catch((error) => {
              assert.ok(error instanceof Unavailable, `${what}: ${error.stack}`);
              return undefined;
            });
            const came = count >= at;
            const { commands } = tap;
            tap.reset();
            if (at % 2) await world.inbox.sync();
            if (at % 3 === 0) await world.trash.sync();
            const again = await errand.run(world.desk, world.item, "once");
            if (first !== undefined) assert.deepEqual(again, first, what);
            await check(world, errand, `${what} (${commands[at - 1]?.name})`);
            await world.desk.close();
            await world.storage.close();
            if (!came) break;
          }
        });
      }

      for (const when of whens) {
        test(`${errand.name}: the storage fails ${when} any statement, then another process`, async () => {
          for (let at = 1;; at++) {
            const world = await begin(errand);
            const what = `fails ${when} statement ${at}`;
            const trouble = { at, when, error: () => new Unavailable("Cannot reach the storage") };
            world.storage.expect(trouble);
            await errand.run(world.desk, world.item, "once").catch((error) => {
              assert.ok(error instanceof Unavailable, `${what}: ${error.stack}`);
            });
            const came = world.storage.recover();
            if (at % 2) await world.inbox.sync();
            const clock = fakeClock(world.desk.clock.now() + 60_000);
            const other = {
              ...world.desk.store,
              owner: "another process",
              clock,
              running: new Map(),
            };
            await errand.run(world.desk.with(other), world.item, "once");
            await check(world, errand, what);
            await world.desk.close();
            await world.storage.close();
            if (!came) break;
          }
        });
      }
    }
  });
}
