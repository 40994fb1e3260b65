// Writes that the server has done by half, or that somebody undoes before we have had a look at them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAll, message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { NotFound, Refused } from "../../../api.ts";
import type { Connections } from "../connections/connections.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

/** The connection ends where the message is looked at that was just appended. */
function cutAfterAppend(): void {
  let appended = false;
  tap.rule = ({ name }) => {
    appended ||= name === "APPEND";
    if (!appended || name !== "UID FETCH") return undefined;
    tap.rule = () => undefined;
    return "cut";
  };
}

async function begin(work: (desk: Desk) => Promise<void>): Promise<void> {
  tap.reset();
  const desk = await openDesk({ server: dovecot, port: tap.port, user: await dovecot.addUser() });
  try {
    await work(desk);
  } finally {
    await desk.close();
  }
}

test(
  "it is not stored again where it was moved to another folder",
  found,
  () =>
    begin(async (desk) => {
      const { box, inbox } = desk;
      const device = await new Device(box, inbox).begin();
      const [item, same] = [{ mime: message("once") }, token()];
      cutAfterAppend();
      await assert.rejects(box.create(inbox, item, same));
      const imap = await desk.other();
      await imap.mailboxOpen("INBOX");
      await imap.messageMove("1:*", "Trash");
      const { id } = await box.create(inbox, item, same);
      assert.deepEqual(await listAll(box, inbox), []);
      assert.equal((await listAll(box, desk.folder("trash"))).length, 1);
      await device.sync();
      assert.equal(device.items.size, 0);
      await assert.rejects(box.mark(id, { read: true }, token()), NotFound);
    }),
);

test(
  "a draft whose new text was moved away is gone, and not there twice",
  found,
  () =>
    begin(async (desk) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("first") }, token());
      const device = await new Device(box, inbox).begin();
      const [content, same] = [{ mime: message("second") }, token()];
      cutAfterAppend();
      await assert.rejects(box.replace(id, content, same));
      const imap = await desk.other();
      await imap.mailboxOpen("INBOX");
      await imap.messageMove("2", "Trash", { uid: true });
      await box.replace(id, content, same);
      await device.sync();
      assert.equal(device.items.size, 0);
      assert.deepEqual(await listAll(box, inbox), []);
      assert.equal((await listAll(box, desk.folder("trash"))).length, 1);
    }),
);

test(
  "a server that dies between the two halves of a MOVE leaves nothing behind",
  found,
  () =>
    begin(async (desk) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("moved") }, token());
      const here = await new Device(box, inbox).begin();
      const there = await new Device(box, desk.folder("trash")).begin();
      const same = token();
      tap.rule = ({ name }) => name === "UID MOVE" ? "cut" : undefined;
      await assert.rejects(box.move(id, desk.folder("trash"), same));
      tap.rule = () => undefined;
      // What is left of it then.
      const imap = await desk.other();
      await imap.mailboxOpen("INBOX");
      await imap.messageCopy("1:*", "Trash");
      const moved = await box.move(id, desk.folder("trash"), same);
      await here.sync();
      await there.sync();
      assert.deepEqual([...here.items.keys()], []);
      assert.deepEqual([...there.items.keys()], [moved]);
      await imap.noop();
      assert.equal(imap.mailbox && imap.mailbox.exists, 0);
    }),
);

test(
  "a removal that came to a half is finished by whoever looks at the folder",
  found,
  () =>
    begin(async (desk) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("removed") }, token());
      await box.create(inbox, { mime: message("kept") }, token());
      const device = await new Device(box, inbox).begin();
      tap.rule = ({ name }) => name === "UID EXPUNGE" ? "cut" : undefined;
      await box.remove(id, token());
      tap.rule = () => undefined;
      const imap = await desk.other();
      await imap.mailboxOpen("INBOX");
      assert.equal(imap.mailbox && imap.mailbox.exists, 2);
      await device.sync();
      assert.equal(device.items.size, 1);
      assert.ok(!device.items.has(id));
      await imap.noop();
      assert.equal(imap.mailbox && imap.mailbox.exists, 1);
    }),
);

test(
  "a removal that the server refuses leaves the item where it is",
  found,
  () =>
    begin(async (desk) => {
      const { box, inbox } = desk;
      const { id } = await box.create(inbox, { mime: message("kept") }, token());
      const device = await new Device(box, inbox).begin();
      // Another Navette, whose server has become read-only meanwhile.
      const fixed = { ...desk.store, connections: refusing(desk.store.connections) };
      await assert.rejects(desk.with(fixed).box.remove(id, token()), Refused);
      await device.sync();
      assert.ok(device.items.has(id));
    }),
);

/** Connections on which nothing can be deleted. */
function refusing(connections: Connections): Connections {
  return {
    ...connections,
    inFolder: (path, work, how) =>
      connections.inFolder(path, (open) => {
        const mailbox = { ...open.mailbox, permanentFlags: new Set(["\\Seen"]) };
        return work({ ...open, mailbox });
      }, how),
    account: connections.account,
    leave: (path, delimiter) => connections.leave(path, delimiter),
    use: (work, how) => connections.use(work, how),
  };
}
