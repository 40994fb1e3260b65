// Marks that the server does not keep, on messages that go elsewhere without us.
import assert from "node:assert/strict";
import { test } from "node:test";
import { message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import type { Marks } from "../../../model.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

/** What no IMAP server keeps: a flag that is done, and when was answered. */
const done: Partial<Marks> = {
  flag: { status: "complete", type: "Follow up" },
  verb: { kind: "reply", at: 1_790_000_000_000 },
};
const kept = (item: { marks: Marks } | undefined) => [item?.marks.flag, item?.marks.verb];

/** An inbox with a message that is done, somebody else in it, and a device for each of two folders. */
async function begin(work: (world: World) => Promise<void>): Promise<void> {
  tap.reset();
  const desk = await openDesk({ server: dovecot, port: tap.port, user: await dovecot.addUser() });
  try {
    const imap = await desk.other();
    await imap.append("INBOX", message("no 1"), [], new Date(desk.clock.now()));
    const here = await new Device(desk.box, desk.inbox).begin();
    const there = await new Device(desk.box, desk.folder("trash")).begin();
    const [id] = here.items.keys() as Iterable<string> as [string];
    await desk.box.mark(id, done, token());
    await here.sync();
    await imap.mailboxOpen("INBOX");
    await work({ desk, imap, here, there, id });
  } finally {
    await desk.close();
  }
}

interface World {
  readonly desk: Desk;
  readonly imap: Awaited<ReturnType<Desk["other"]>>;
  readonly here: Device;
  readonly there: Device;
  readonly id: string;
}

for (const order of ["before its end is", "after its end was"]) {
  test(
    `what another program moves keeps them, seen there ${order} seen here`,
    found,
    () =>
      begin(async ({ imap, here, there }) => {
        await imap.messageMove("1:*", "Trash");
        if (order === "after its end was") await here.sync();
        await there.sync();
        assert.deepEqual(kept([...there.items.values()][0]), [done.flag, done.verb]);
      }),
  );
}

test(
  "marks that were taken away since do not come back by another move",
  found,
  () =>
    begin(async ({ desk, imap, here, there }) => {
      await imap.messageMove("1:*", "Trash");
      await there.sync();
      const [one] = there.items.values() as Iterable<{ id: string }> as [{ id: string }];
      await desk.box.mark(one.id, { flag: undefined }, token());
      await here.sync();
      await imap.mailboxOpen("Trash");
      await imap.messageMove("1:*", "INBOX");
      await here.sync();
      assert.deepEqual(kept([...here.items.values()][0]), [undefined, done.verb]);
    }),
);

test(
  "nor by a move after one of ours",
  found,
  () =>
    begin(async ({ desk, imap, here, there, id }) => {
      const moved = await desk.box.move(id, desk.folder("trash"), token());
      await desk.box.mark(moved, { flag: undefined }, token());
      await there.sync();
      await imap.mailboxOpen("Trash");
      await imap.messageMove("1:*", "INBOX");
      await here.sync();
      assert.deepEqual(kept([...here.items.values()][0]), [undefined, done.verb]);
    }),
);

test(
  "a flag that was set on the way is one without their details",
  found,
  () =>
    begin(async ({ imap, there }) => {
      await imap.messageFlagsAdd("1:*", ["\\Flagged"]);
      await imap.messageMove("1:*", "Trash");
      await there.sync();
      assert.deepEqual(kept([...there.items.values()][0]), [{ status: "active" }, done.verb]);
    }),
);

test(
  "a move of ours that nobody asks for again keeps them",
  found,
  () =>
    begin(async ({ desk, here, there, id }) => {
      tap.rule = ({ name }) => name === "UID MOVE" ? "cut answer" : undefined;
      await assert.rejects(desk.box.move(id, desk.folder("trash"), token()));
      tap.rule = () => undefined;
      await there.sync();
      await here.sync();
      assert.equal(here.items.size, 0);
      assert.deepEqual(kept([...there.items.values()][0]), [done.flag, done.verb]);
    }),
);

test(
  "a repeat of it leaves what was marked meanwhile",
  found,
  () =>
    begin(async ({ desk, there, id }) => {
      tap.rule = ({ name }) => name === "UID MOVE" ? "cut answer" : undefined;
      const again = token();
      await assert.rejects(desk.box.move(id, desk.folder("trash"), again));
      tap.rule = () => undefined;
      await there.sync();
      const [one] = there.items.keys() as Iterable<string> as [string];
      await desk.box.mark(one, { flag: undefined }, token());
      assert.equal(await desk.box.move(id, desk.folder("trash"), again), one);
      await there.sync();
      assert.deepEqual(kept(there.items.get(one)), [undefined, done.verb]);
    }),
);

test(
  "a message that was in another folder all the time has marks of its own",
  found,
  () =>
    begin(async ({ desk, imap, there }) => {
      // As a filter leaves it that keeps a copy: the same to the byte, and to the second.
      await imap.append("Drafts", message("no 1"), [], new Date(desk.clock.now()));
      const twin = await new Device(desk.box, desk.folder("drafts")).begin();
      assert.deepEqual(kept([...twin.items.values()][0]), [undefined, undefined]);
      assert.equal(there.items.size, 0);
    }),
);
