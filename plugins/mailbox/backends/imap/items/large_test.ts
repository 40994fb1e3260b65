// Large messages on their way to the server: piece by piece, whole, and once.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import {
  bytes,
  inPieces,
  listAll,
  readOne,
  token,
} from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { startDovecot } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { type Desk, openDesk } from "../_items_kit.ts";

const servers = {
  Dovecot: [needs("dovecot", dovecotPresent()), () => startDovecot({ specialFolders: true })],
  Cyrus: [needs("cyrus", cyrusPresent()), () => startCyrus({ specialFolders: true })],
} satisfies Record<string, [ReturnType<typeof needs>, () => Promise<MailServer>]>;

const size = 5 << 20;
const line = "A line of a large message that is as long as most lines of messages are.\r\n";
const large = Buffer.from(
  `Subject: large\r\nMessage-ID: <large@example.net>\r\n\r\n${line.repeat(size / line.length)}`,
);

/** What a connection of the mailbox does with so many bytes that are written to it. */
type Wire = (socket: Writable, write: () => boolean, bytes: number) => boolean;

for (const [name, [present, start]] of Object.entries(servers)) {
  describe(`large messages for ${name}`, present, () => {
    let server: MailServer;
    before(async () => {
      server = await start();
    });
    after(() => server?.stop());

    /** An empty inbox; `wire` stands between the mailbox and its sockets. */
    async function begin(wire: Wire, work: (desk: Desk) => Promise<void>): Promise<void> {
      const user = await server.addUser();
      const fit = (client: ImapFlow) => {
        const socket = (client as unknown as { writeSocket: Writable }).writeSocket;
        const write = socket.write.bind(socket) as (...all: unknown[]) => boolean;
        socket.write = (...all: unknown[]) =>
          wire(socket, () => write(...all), (all[0] as Uint8Array | string).length);
      };
      const desk = await openDesk({ server, user, fit });
      try {
        await work(desk);
      } finally {
        await desk.close();
      }
    }

    async function isThereOnce({ box, inbox }: Desk): Promise<void> {
      const [item, ...more] = await listAll(box, inbox);
      assert.equal(more.length, 0);
      assert.equal((await readOne(box, item!.id)).mail!.subject, "large");
      assert.ok(large.equals(await bytes(box, item!.id, "")));
    }

    test("they come whole, and the next piece is sent when there is room", () => {
      let most = 0;
      let waits = false;
      const wire: Wire = (socket, write, bytes) => {
        assert.equal(waits, false, "there is no room yet");
        most = Math.max(most, bytes);
        const room = write();
        if (bytes < 1000) return room;
        waits = true;
        socket.once("drain", () => waits = false);
        if (room) setImmediate(() => socket.emit("drain"));
        return false;
      };
      return begin(wire, async (desk) => {
        await desk.box.create(desk.inbox, { mime: inPieces(large, [300_000, 1, 70_000]) }, token());
        await isThereOnce(desk);
        assert.equal(most, 65_536);
      });
    });

    test("a connection that ends amid one leaves nothing, and the message comes with the next", () => {
      let sent = 0;
      const wire: Wire = (socket, write, bytes) => {
        const before = sent;
        sent += bytes;
        if (before < 1 << 20 && sent >= 1 << 20) socket.destroy();
        return write();
      };
      return begin(wire, async (desk) => {
        const create = () => desk.box.create(desk.inbox, { mime: inPieces(large, [9000]) }, "once");
        await assert.rejects(create(), Unavailable);
        assert.ok(sent < 2 << 20);
        await create();
        await isThereOnce(desk);
      });
    });

    test("one that takes long is not given up while it moves", () => {
      let clock: Desk["clock"] | undefined;
      let waited = 0;
      const wire: Wire = (socket, write) => {
        write();
        if (!clock || waited === 100) return true;
        waited += 20;
        // As over a thin line: the next piece has room in twenty seconds.
        void clock.tick(20_000).then(() => socket.emit("drain"));
        return false;
      };
      return begin(wire, async (desk) => {
        await listAll(desk.box, desk.inbox);
        clock = desk.clock;
        await desk.box.create(desk.inbox, { mime: large }, token());
        assert.equal(waited, 100);
        await isThereOnce(desk);
      });
    });
  });
}
