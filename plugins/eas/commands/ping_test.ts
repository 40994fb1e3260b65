// Ping: what it remembers, what wakes it, and that it never cries wolf.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { stopping } from "../../../core/mod.ts";
import { settle } from "../../../tests/kit.ts";
import { altered, documentOf } from "../../../tests/kit_eas.ts";
import { day, elsewhere, type Engine, engine, line } from "../../../tests/kit_sync.ts";
import type { EditsFolders } from "../../mailbox/api.ts";
import type { Phone, PingReply } from "../client/mod.ts";
import { el } from "../wbxml/element.ts";

describe("Ping", () => {
  let app: Engine;
  let phone: Phone;
  let watching: number;
  beforeEach(async () => {
    watching = 0;
    app = await engine({
      config: { eas: { maxFolders: 4 } },
      wrap: (inner) =>
        altered(inner, {
          watch(folders, changed) {
            const end = inner.watch(folders, changed);
            watching++;
            return () => (watching--, end());
          },
        }),
    });
    phone = await app.phone({ options: { filter: 2 } });
    await app.arrives("first");
    await phone.syncAll(app.inbox);
  });
  afterEach(async () => {
    await resting();
    assert.deepEqual([watching, app.clock.pending], [0, 0], "nothing is left");
    await app.stop();
  });

  const resting = async () => {
    for (let n = 0; n < 30; n++) await settle();
  };
  const edits = () => app.mailbox() as unknown as EditsFolders;
  async function begun(of = phone, ids = [app.inbox], signal?: AbortSignal) {
    const held = { answered: false, reply: of.ping(60, ids, signal) };
    held.reply.then(() => held.answered = true, () => held.answered = true);
    await resting();
    return held;
  }
  const expires = async (held: { answered: boolean; reply: Promise<PingReply> }) => {
    assert.equal(held.answered, false);
    await app.clock.tick(60_000);
    assert.deepEqual(await held.reply, {
      status: 1,
      folders: [],
      heartbeat: undefined,
      maxFolders: undefined,
    });
  };
  const id = async () => [...phone.collection(app.inbox).items.keys()][0]!;

  it("expires with status 1 after its time", async () => {
    await expires(await begun());
  });

  it("tells new mail with status 2 and its folder only, whether it arrives before or meanwhile", async () => {
    await phone.syncAll(app.trash);
    const held = await begun(phone, [app.trash, app.inbox]);
    await app.arrives("second");
    const reply = await held.reply;
    assert.deepEqual([reply.status, reply.folders], [2, [app.inbox]]);
    const again = await begun(phone, [app.trash, app.inbox]);
    assert.deepEqual((await again.reply).folders, [app.inbox]);
    await phone.syncAll(app.inbox);
    await expires(await begun(phone, [app.trash, app.inbox]));
  });

  it("is woken by a flag, a deletion and a move made elsewhere", async () => {
    const box = app.mailbox();
    for (
      const change of [
        async () => void await box.mark(await id(), { flag: { status: "active" } }, elsewhere()),
        async () => void await box.mark(await id(), { read: true }, elsewhere()),
        async () => void await box.move(await id(), app.trash, elsewhere()),
      ]
    ) {
      const held = await begun();
      await change();
      assert.equal((await held.reply).status, 2);
      await phone.syncAll(app.inbox);
    }
  });

  it("is not woken by the device's own changes", async () => {
    const inbox = phone.collection(app.inbox);
    inbox.change(await id(), el("Email:Read", true));
    await phone.syncAll(app.inbox);
    const held = await begun();
    assert.equal(held.answered, false);
    const tablet = await app.phone({ id: "TABLET" });
    await tablet.syncAll(app.inbox);
    await expires(held);
  });

  it("is not woken by what the device's filter or version hides", async () => {
    const old = await app.phone({ id: "OLD", version: "12.1", options: { filter: 2 } });
    await old.syncAll(app.inbox);
    const held = await begun(old);
    await app.arrives("old", { age: 10 * day });
    await app.mailbox().mark(await id(), { keywords: ["Blue"] }, elsewhere());
    await resting();
    await expires(held);
  });

  it("is not woken by mail that only slides out of the filter", async () => {
    await app.clock.tick(4 * day);
    await expires(await begun());
    const reply = await phone.sync([app.inbox]);
    assert.equal(reply.collections[0]?.softDeletes.length, 1);
  });

  it("never loops: after status 2 a Sync always brings something", async () => {
    const wire = line();
    const other = await app.phone({ id: "OTHER", fetch: wire.fetch });
    await other.syncAll(app.inbox);
    for (let round = 0; round < 5; round++) {
      const mail = await app.arrives(`mail ${round}`);
      if (round % 2) await app.mailbox().remove(mail, elsewhere());
      const held = await begun(other);
      if (!held.answered) {
        await expires(held);
        continue;
      }
      if (round === 4) {
        wire.next = "answer is lost";
        await other.sync([app.inbox]).catch(() => {});
      }
      assert.equal((await other.sync([app.inbox])).empty, false);
    }
  });

  it("ignores folders that were never synced or are not there", async () => {
    await app.arrives("unseen", { folder: app.trash });
    // "0" is the hierarchy, which has a SyncKey but no items.
    await expires(await begun(phone, [app.trash, "999", "0", app.inbox]));
  });

  it("wakes a device that has not finished its first listing", async () => {
    const other = await app.phone({ id: "OTHER" });
    await other.sync([app.inbox]);
    assert.equal((await (await begun(other)).reply).status, 2);
  });

  it("has status 7 when folders changed, before or meanwhile", async () => {
    const held = await begun();
    const make = (name: string) =>
      edits().createFolder({ name, parent: undefined, class: "mail" }, elsewhere());
    await make("New");
    assert.equal((await held.reply).status, 7);
    assert.equal((await (await begun()).reply).status, 7);
    await phone.syncFolders();
    await expires(await begun());
    await phone.client.folderSync(phone.folderKey);
    await make("Newer");
    assert.equal((await (await begun()).reply).status, 7);
  });

  it("has status 7 for a folder that was removed while it waits", async () => {
    const folder = await edits().createFolder(
      { name: "Short", parent: undefined, class: "mail" },
      elsewhere(),
    );
    await phone.syncFolders();
    await phone.syncAll(folder.id);
    const held = await begun(phone, [folder.id, app.inbox]);
    await edits().removeFolder(folder.id);
    assert.equal((await held.reply).status, 7);
  });

  it("remembers what it is not told again", async () => {
    const empty = async (options?: Parameters<typeof phone.client.ping>[0]) => {
      const reply = phone.client.ping(options);
      await resting();
      await app.clock.tick(90_000);
      return (await reply).status;
    };
    assert.equal(await empty(), 3);
    assert.equal(await empty({ heartbeat: 60 }), 3);
    assert.equal(await empty({ folders: [{ id: app.inbox, class: "Email" }] }), 3);
    const folders = [{ id: app.inbox, class: "Email" as const }];
    assert.equal(await empty({ heartbeat: 90, folders }), 1);
    const reply = phone.client.ping();
    await resting();
    await app.clock.tick(80_000);
    await app.arrives("second");
    assert.deepEqual((await reply).folders, [app.inbox]);
    // Only one of both may be said anew.
    assert.deepEqual((await phone.client.ping({ heartbeat: 60 })).folders, [app.inbox]);
  });

  it("has status 5 with the nearest bound, and 6 with the most folders", async () => {
    const folders = [{ id: app.inbox, class: "Email" as const }];
    const short = await phone.client.ping({ heartbeat: 59, folders });
    assert.deepEqual([short.status, short.heartbeat], [5, 60]);
    const long = await phone.client.ping({ heartbeat: 3541, folders });
    assert.deepEqual([long.status, long.heartbeat], [5, 3540]);
    const many = await phone.client.ping({
      heartbeat: 60,
      folders: ["1", "2", "3", "4", "5"].map((id) => ({ id, class: "Email" as const })),
    });
    assert.deepEqual([many.status, many.maxFolders], [6, 4]);
  });

  it("has status 4 for what is no Ping", async () => {
    for (
      const body of [
        el("Ping:Ping", el("Ping:HeartbeatInterval", "soon")),
        el("Ping:Ping", el("Ping:Folders", el("Ping:Folder", el("Ping:Class", "Email")))),
      ]
    ) {
      const document = await documentOf(await app.ask("Ping", { body }));
      assert.equal(document.textOf("Ping:Status"), "4");
    }
  });

  it("ends the older Ping of the device, and a Sync ends both", async () => {
    const first = await begun();
    const second = await begun();
    assert.equal((await first.reply).status, 1);
    assert.deepEqual([second.answered, watching], [false, 1]);
    await phone.sync([app.inbox]);
    assert.equal((await second.reply).status, 1);
  });

  it("is freed at once when the client goes away, and answered when the server stops", async () => {
    const away = new AbortController();
    const left = await begun(phone, [app.inbox], away.signal);
    assert.equal(watching, 1);
    away.abort();
    await left.reply.catch(() => {});
    await resting();
    assert.deepEqual([watching, app.clock.pending], [0, 0]);
    const held = await begun();
    await app.program.host.emit(stopping, { reason: "test" });
    assert.equal((await held.reply).status, 1);
  });

  it("costs one watch however many folders it names, and no write while it waits", async () => {
    await phone.syncAll(app.trash);
    const dump = async () => ({
      copies: await app.db.all("SELECT * FROM smartsync_copy"),
      items: await app.db.all("SELECT * FROM smartsync_item"),
    });
    const held = await begun(phone, [app.inbox, app.trash]);
    assert.equal(watching, 1);
    const before = await dump();
    await app.arrives("second");
    assert.equal((await held.reply).status, 2);
    assert.deepEqual(await dump(), before);
  });
});
