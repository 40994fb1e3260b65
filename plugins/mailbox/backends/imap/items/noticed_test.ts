// A server tells each connection of a change once: whatever asks when it does must not keep it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { startDovecot } from "../../../../../tests/servers/dovecot.ts";
import {
  type FakeImap,
  type FakeMailbox,
  startFakeImap,
} from "../../../../../tests/servers/fake_imap.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Mailbox } from "../../../api.ts";
import { Device } from "../_device_kit.ts";
import { type Desk, late, openDesk } from "../_items_kit.ts";

/** What is asked of the mailbox: first of all, and when the change comes. `ids`: the newest first. */
type Ask = (
  box: Mailbox,
  inbox: string,
  ids: string[],
  time: "before" | "then",
) => Promise<unknown>;

const asks: Readonly<Record<string, Ask>> = {
  "a listing": (box, inbox) => box.list(inbox, {}, 100),
  "a listing of others": (box, inbox) => box.list(inbox, {}, 1),
  "a listing of very many": (box, inbox) => box.list(inbox, {}, 400),
  "a listing of another page": async (box, inbox, _, time) => {
    if (time === "then") await box.list(inbox, { after: (await box.list(inbox, {}, 1)).next! }, 1);
  },
  "a listing of a longer time": (box, inbox, _, time) =>
    box.list(inbox, time === "before" ? { since: Date.UTC(2026, 1, 3) } : {}, 1),
  "a count": (box, inbox) => box.count(inbox, { since: 0 }),
  "a read": (box, _, ids) => Array.fromAsync(box.read(ids, { text: 100 })),
  "a read of others": (box, _, ids) => Array.fromAsync(box.read(ids.slice(0, 1), { text: 100 })),
  "a part": async (box, _, ids) => await Array.fromAsync((await box.part(ids[0]!, "1")).bytes),
};

for (
  const { product, found, start } of [
    {
      product: "Dovecot",
      found: needs("dovecot", dovecotPresent()),
      start: () => startDovecot({ specialFolders: true }),
    },
    {
      product: "Dovecot without QRESYNC",
      found: needs("dovecot", dovecotPresent()),
      start: () => startDovecot({ specialFolders: true, without: ["QRESYNC"] }),
    },
    {
      product: "Cyrus",
      found: needs("cyrus", cyrusPresent()),
      start: () => startCyrus({ specialFolders: true }),
    },
  ]
) {
  describe(`a change that ${product} tells while something else is asked`, found, () => {
    let server: MailServer;
    before(async () => {
      if (!found.skip) server = await start();
    });
    after(() => server?.stop());

    /** Three messages, which a device has. */
    async function begin(work: (desk: Desk, device: Device, imap: ImapFlow) => Promise<void>) {
      const desk = await openDesk({ server, user: await server.addUser() });
      try {
        const imap = await desk.other();
        for (let n = 0; n < 3; n++) {
          await imap.append("INBOX", message(`no ${n}`), [], new Date(Date.UTC(2026, 1, 1 + n)));
        }
        await imap.mailboxOpen("INBOX");
        await work(desk, await new Device(desk.box, desk.inbox).begin(), imap);
      } finally {
        await desk.close();
      }
    }

    const changes: Readonly<Record<string, (imap: ImapFlow) => Promise<unknown>>> = {
      "marked as read": (imap) => imap.messageFlagsAdd("1", ["\\Seen"]),
      "hidden": (imap) => imap.messageFlagsAdd("1", ["\\Deleted"]),
      "removed": (imap) => imap.messageDelete("1"),
    };
    for (const [change, make] of Object.entries(changes)) {
      for (const [asking, ask] of Object.entries(asks)) {
        test(`${asking}: the first message is ${change}, and the device hears of it`, () =>
          begin(async (desk, device, imap) => {
            const ids = device.states.map(({ id }) => id).reverse();
            let come = () => Promise.resolve<unknown>(undefined);
            const { box } = desk.with(late(desk.store, "after", () => come()));
            // What is asked once only is out of the way.
            await ask(box, desk.inbox, ids, "before");
            await desk.clock.tick(1001);
            let done: Promise<unknown> | undefined;
            come = () => done ??= make(imap);
            await ask(box, desk.inbox, ids, "then");
            assert.ok(done);
            for (let n = 0; n < 3; n++) {
              await desk.clock.tick(1001);
              await device.sync();
            }
            const last = device.items.get(ids.at(-1)!);
            if (change === "marked as read") assert.equal(last?.marks.read, true);
            else assert.equal(last, undefined);
          }));
      }
    }

    test("a mark is set, although the server tells of another message first that has it", () =>
      begin(async (desk, device, imap) => {
        const [, , newest] = device.states;
        await desk.clock.tick(1001);
        let done: Promise<unknown> | undefined;
        const come = () => done ??= imap.messageFlagsAdd("1", ["\\Seen"]);
        const { box } = desk.with(late(desk.store, "after", come));
        await box.mark(newest!.id, { read: true }, token());
        const there = await desk.other();
        await there.mailboxOpen("INBOX");
        const seen = await there.search({ seen: true }, { uid: true });
        assert.deepEqual(seen, [1, 3]);
      }));

    test("an item that somebody hides while it is marked is gone from devices, too", () =>
      begin(async (desk, device, imap) => {
        const [, , newest] = device.states;
        await desk.clock.tick(1001);
        let done: Promise<unknown> | undefined;
        const come = () => done ??= imap.messageFlagsAdd("3", ["\\Deleted"]);
        const { box } = desk.with(late(desk.store, "after", come));
        await box.mark(newest!.id, { read: true }, token());
        await device.sync();
        assert.equal(device.items.get(newest!.id), undefined);
      }));
  });
}

describe("a change that is told with the numbers of the folder, which are older", () => {
  let fake: FakeImap;
  before(async () => {
    fake = await startFakeImap({ capabilities: ["ENABLE", "CONDSTORE", "UIDPLUS", "NAMESPACE"] });
  });
  after(() => fake.stop());

  const changes: Readonly<Record<string, (box: FakeMailbox) => unknown>> = {
    "a message comes in": (box) => box.add(message("new")),
    "a message is marked as read": (box) => box.flag(1, ["\\Seen"]),
    "a message is removed": (box) => box.remove([1]),
  };
  const looks: Readonly<Record<string, (desk: Desk, device: Device) => Promise<unknown>>> = {
    "looks for changes": (_, device) => device.sync(),
    "lists": ({ box, inbox }) => box.list(inbox, {}, 100),
  };
  const all = Object.entries(changes).flatMap((one) =>
    Object.entries(looks).map((other) => [one, other] as const)
  );
  for (const [[change, make], [looking, look]] of all) {
    test(`${change} while somebody ${looking}, and the device hears of it`, async () => {
      fake.reset();
      const user = fake.addUser();
      const box = fake.account(user).mailbox("INBOX");
      for (let n = 0; n < 3; n++) box.add(message(`no ${n}`));
      const desk = await openDesk({ server: fake, user });
      try {
        const device = await new Device(desk.box, desk.inbox).begin();
        await desk.clock.tick(1001);
        box.flag(2, ["\\Flagged"]);
        let done = false;
        fake.rule = ({ name }) => {
          // It comes when the numbers are looked up already, and before the end of the answer.
          if (name === "STATUS" && !done) queueMicrotask(() => make(box));
          done ||= name === "STATUS";
          return undefined;
        };
        await look(desk, device);
        assert.ok(done);
        for (let n = 0; n < 3; n++) {
          await desk.clock.tick(1001);
          await device.sync();
        }
        assert.equal(device.states.length, box.messages.length);
        assert.deepEqual(
          device.states.map(({ marks }) => marks.read).toSorted(),
          box.messages.map(({ flags }) => flags.has("\\Seen")).toSorted(),
        );
      } finally {
        await desk.close();
      }
    });
  }
});
