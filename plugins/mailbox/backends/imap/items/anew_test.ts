// Messages are numbered anew (UIDVALIDITY) while some are there that a write has left behind.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { message, subjects, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { Device } from "../_device_kit.ts";
import { beforeTransactions, type Desk, forgetUids, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";
import type { ItemStore } from "./item_store.ts";

const found = needs("dovecot", dovecotPresent());

/** A store that cannot write any more once the server was asked to expunge. */
function deafAfterExpunge(store: ItemStore, tap: Tap): ItemStore {
  return beforeTransactions(store, () => {
    if (tap.names().includes("UID EXPUNGE")) throw new Error("Cannot write: the end has come");
  });
}

describe("messages that are numbered anew", found, () => {
  let dovecot: Dovecot;
  let tap: Tap;
  tapped(
    found,
    { specialFolders: true, without: ["QRESYNC", "MOVE"] },
    (...both) => [dovecot, tap] = both,
  );

  interface World {
    readonly desk: Desk;
    readonly imap: ImapFlow;
    readonly inbox: Device;
    readonly trash: Device;
    readonly item: string;
    /** The folder numbers its messages anew, and devices look. */
    numberAnew(): Promise<void>;
    /** The subjects that the server has, and those that devices have. */
    both(device: Device, path: string): Promise<[string[], string[]]>;
  }

  /** An inbox with one item, and devices that have it. */
  async function begin(work: (world: World) => Promise<void>): Promise<void> {
    tap.reset();
    const user = await dovecot.addUser();
    const desk = await openDesk({ server: dovecot, port: tap.port, user });
    try {
      const imap = await desk.other();
      await imap.append("INBOX", message("old"));
      const inbox = await new Device(desk.box, desk.inbox).begin();
      const trash = await new Device(desk.box, desk.folder("trash")).begin();
      const [item] = [...inbox.items.keys()];
      await work({
        desk,
        imap,
        inbox,
        trash,
        item: item!,
        async numberAnew() {
          tap.reset();
          await forgetUids(dovecot, user, imap);
          for (let looks = 0; looks < 2; looks++) {
            await inbox.sync();
            await trash.sync();
          }
        },
        async both(device, path) {
          const witness = await desk.other();
          const { exists } = await witness.mailboxOpen(path);
          const there: string[] = [];
          for await (const { envelope } of exists ? witness.fetch("1:*", { envelope: true }) : []) {
            there.push(envelope!.subject!);
          }
          return [there, await subjects(desk.box, device.states)];
        },
      });
    } finally {
      await desk.close();
    }
  }

  /** The connection ends before the server hears of this command, once. */
  function cutAt(name: string): void {
    let done = false;
    tap.rule = (command) => {
      if (done || command.name !== name) return undefined;
      done = true;
      return "cut";
    };
  }

  for (const at of ["UID STORE", "UID EXPUNGE"]) {
    test(`what a move has left behind does not show again: cut at ${at}`, () =>
      begin(async ({ desk, inbox, trash, item, numberAnew, both }) => {
        cutAt(at);
        await desk.box.move(item, desk.folder("trash"), token());
        await numberAnew();
        assert.deepEqual(inbox.states, []);
        assert.deepEqual(await both(trash, "Trash"), [["old"], ["old"]]);
        // Marked as deleted already, and not to be told from what others have marked: hidden.
        if (at === "UID STORE") assert.deepEqual(await both(inbox, "INBOX"), [[], []]);
      }));
  }

  test("what a move took along and somebody has put back is not what was left behind", () =>
    begin(async ({ desk, imap, inbox, trash, item, numberAnew, both }) => {
      const ending = desk.with(deafAfterExpunge(desk.store, tap)).box;
      tap.reset();
      await ending.move(item, desk.folder("trash"), token());
      await imap.mailboxOpen("Trash");
      await imap.messageCopy("1:*", "INBOX");
      await imap.messageDelete("1:*");
      await numberAnew();
      assert.deepEqual(await both(inbox, "INBOX"), [["old"], ["old"]]);
      assert.deepEqual(await both(trash, "Trash"), [[], []]);
    }));

  test("of twins, the one that a replacement has left behind goes", () =>
    begin(async ({ desk, inbox, item, numberAnew, both }) => {
      cutAt("UID STORE");
      await desk.box.replace(item, { mime: message("new") }, token());
      await numberAnew();
      assert.deepEqual(await both(inbox, "INBOX"), [["new"], ["new"]]);
      assert.deepEqual([...inbox.items.keys()], [item]);
    }));

  test("a new content is not taken for its twin that was left behind and is gone", () =>
    begin(async ({ desk, inbox, item, numberAnew, both }) => {
      const ending = desk.with(deafAfterExpunge(desk.store, tap)).box;
      tap.reset();
      await ending.replace(item, { mime: message("new") }, token());
      await numberAnew();
      assert.deepEqual(await both(inbox, "INBOX"), [["new"], ["new"]]);
      assert.deepEqual([...inbox.items.keys()], [item]);
    }));

  test("nor where somebody else has expunged the twin", () =>
    begin(async ({ desk, imap, inbox, item, numberAnew, both }) => {
      cutAt("UID STORE");
      await desk.box.replace(item, { mime: message("new") }, token());
      await imap.mailboxOpen("INBOX");
      await imap.messageDelete("1");
      await numberAnew();
      assert.deepEqual(await both(inbox, "INBOX"), [["new"], ["new"]]);
      assert.deepEqual([...inbox.items.keys()], [item]);
    }));
});
