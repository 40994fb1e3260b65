// Requests that wait, and requests that lean on the last one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { stopping } from "../../../../core/mod.ts";
import { settle } from "../../../../tests/kit.ts";
import { altered } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine } from "../../../../tests/kit_sync.ts";
import type { EditsFolders } from "../../../mailbox/api.ts";
import type { EasClient, SyncReply, SyncRequest } from "../../client/mod.ts";
import { el } from "../../wbxml/element.ts";

const minute = 60_000;

describe("Sync", () => {
  let app: Engine;
  let client: EasClient;
  let watching: number;
  beforeEach(async () => {
    watching = 0;
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          watch(folders, changed) {
            const end = inner.watch(folders, changed);
            watching++;
            return () => (watching--, end());
          },
        }),
    });
    client = app.client();
  });
  afterEach(async () => {
    await resting();
    assert.equal(watching, 0, "no watch is left");
    assert.equal(app.clock.pending, 0, "no timer is left");
    await app.stop();
  });

  /** Lets what is under way come to where it waits. */
  const resting = async () => {
    for (let n = 0; n < 30; n++) await settle();
  };
  const edits = () => app.mailbox() as unknown as EditsFolders;
  /** A folder that is primed and fully synced; its key. */
  async function synced(folder = app.inbox, of = client): Promise<string> {
    const ask = async (key: string) =>
      (await of.sync({ collections: [{ id: folder, key }] })).collections[0]?.key ?? key;
    return await ask(await ask("0"));
  }
  /** A request under way, and whether it is answered. */
  async function begun(request?: SyncRequest, signal?: AbortSignal) {
    const held = { answered: false, reply: client.sync(request, signal) };
    held.reply.then(() => held.answered = true, () => held.answered = true);
    await resting();
    return held;
  }
  const shape = ({ empty, status, collections }: SyncReply) => ({
    empty,
    status,
    adds: collections.map(({ id, adds }) => `${id}+${adds.length}`),
  });
  const nothing = { empty: true, status: 1, adds: [] };

  describe("with Wait or HeartbeatInterval", () => {
    it("is answered at once where there is something to tell", async () => {
      const key = await synced();
      await app.arrives("one");
      const reply = await client.sync({ collections: [{ id: app.inbox, key }], wait: 5 });
      assert.deepEqual(shape(reply), { empty: false, status: 1, adds: [`${app.inbox}+1`] });
    });

    it("is answered as soon as mail arrives, with that mail", async () => {
      const key = await synced(), other = await synced(app.trash);
      const collections = [{ id: app.inbox, key }, { id: app.trash, key: other }];
      const held = await begun({ collections, wait: 5 });
      assert.deepEqual([held.answered, watching], [false, 1]);
      await app.clock.tick(minute);
      await app.arrives("one", { folder: app.trash });
      const reply = await held.reply;
      assert.deepEqual(shape(reply), { empty: false, status: 1, adds: [`${app.trash}+1`] });
    });

    it("ends with an empty answer when the time is over", async () => {
      const key = await synced();
      for (const patience of [{ wait: 2 }, { heartbeat: 120 }]) {
        const held = await begun({ collections: [{ id: app.inbox, key }], ...patience });
        await app.clock.tick(2 * minute - 1);
        assert.equal(held.answered, false);
        await app.clock.tick(1);
        assert.deepEqual(shape(await held.reply), nothing);
      }
    });

    it("goes on waiting where what changed does not concern the device", async () => {
      const { collections: [first] } = await client.sync({
        collections: [{ id: app.inbox, key: "0" }],
      });
      const options = { filter: 1 };
      const key = first!.key!;
      const held = await begun({ collections: [{ id: app.inbox, key, options }], wait: 5 });
      await app.arrives("old", { age: 10 * 24 * 60 * minute });
      await resting();
      assert.equal(held.answered, false);
      await app.arrives("new");
      assert.deepEqual((await held.reply).collections[0]?.adds.length, 1);
    });

    it("runs commands before it waits, and then has something to say", async () => {
      const id = await app.arrives("one");
      const key = await synced();
      const command = el(
        "AirSync:Change",
        el("AirSync:ServerId", id),
        el("AirSync:ApplicationData", el("Email:Read", true)),
      );
      const collections = [{ id: app.inbox, key, commands: [command] }];
      const reply = await client.sync({ collections, wait: 5 });
      assert.notEqual(reply.collections[0]?.key, key);
    });

    it("has status 12 when folders changed, before or while it waits", async () => {
      await client.folderSync("0");
      const key = await synced();
      const request = { collections: [{ id: app.inbox, key }], wait: 5 };
      const held = await begun(request);
      await edits().createFolder({ name: "New", parent: undefined, class: "mail" }, elsewhere());
      assert.equal((await held.reply).status, 12);
      assert.equal((await client.sync(request)).status, 12);
      const { key: folderKey } = await client.folderSync("0");
      assert.ok(folderKey);
      const again = await begun(request);
      assert.equal(again.answered, false);
      await app.clock.tick(5 * minute);
      assert.deepEqual(shape(await again.reply), nothing);
    });

    it("ends when a newer Sync or Ping of the device comes; another device does not matter", async () => {
      const key = await synced();
      const request = { collections: [{ id: app.inbox, key }], wait: 5 };
      const first = await begun(request);
      const other = app.client({ id: "OTHER" });
      await synced(app.inbox, other);
      assert.equal(first.answered, false);
      const second = await begun(request);
      assert.deepEqual(shape(await first.reply), nothing);
      assert.equal(watching, 1);
      const ping = client.ping({ heartbeat: 60, folders: [{ id: app.inbox, class: "Email" }] });
      assert.deepEqual(shape(await second.reply), nothing);
      await resting();
      await app.clock.tick(minute);
      assert.equal((await ping).status, 1);
    });

    it("is freed at once when the client goes away", async () => {
      const key = await synced();
      const away = new AbortController();
      const held = await begun({ collections: [{ id: app.inbox, key }], wait: 5 }, away.signal);
      away.abort();
      await held.reply.catch(() => {});
      await resting();
      assert.deepEqual([watching, app.clock.pending], [0, 0]);
    });

    it("is answered when the server stops", async () => {
      const key = await synced();
      const held = await begun({ collections: [{ id: app.inbox, key }], wait: 5 });
      await app.program.host.emit(stopping, { reason: "test" });
      assert.deepEqual(shape(await held.reply), nothing);
    });
  });

  describe("with an empty body", () => {
    it("has status 13 where there was no request before", async () => {
      assert.equal((await client.sync()).status, 13);
    });

    it("repeats the last request, with its wait", async () => {
      const key = await synced();
      const first = await begun({ collections: [{ id: app.inbox, key }], heartbeat: 60 });
      await app.clock.tick(minute);
      await first.reply;
      const held = await begun();
      assert.equal(held.answered, false);
      await app.arrives("one");
      assert.deepEqual((await held.reply).collections[0]?.adds.length, 1);
    });

    it("asks for a full request where an answer was on its way: nobody knows whether it came", async () => {
      const key = await synced();
      await app.arrives("one");
      const reply = await client.sync({ collections: [{ id: app.inbox, key }] });
      assert.equal((await client.sync()).status, 13);
      const next = reply.collections[0]!.key!;
      assert.equal(
        (await client.sync({ collections: [{ id: app.inbox, key: next }] })).empty,
        true,
      );
      assert.deepEqual(shape(await client.sync()), nothing);
    });
  });

  describe("with an empty body, after other requests", () => {
    it("never starts a folder over, however late the request came that did", async () => {
      const other = await synced(app.trash);
      await app.arrives("one");
      // One folder is begun beside one without news: the request is kept, with its key 0.
      const { collections: [begun] } = await client.sync({
        collections: [{ id: app.inbox, key: "0" }, { id: app.trash, key: other }],
      });
      const { collections: [part] } = await client.sync({
        collections: [{ id: app.inbox, key: begun!.key! }],
      });
      assert.equal(part?.adds.length, 1);
      assert.equal((await client.sync()).status, 13);
      assert.equal((await client.sync({ collections: [], partial: true })).status, 13);
      const used = await client.sync({ collections: [{ id: app.inbox, key: part!.key! }] });
      assert.equal(used.empty, true);
    });

    it("is not taken for a request before the last, about other folders", async () => {
      const key = await synced(), other = await synced(app.trash);
      const quiet = await client.sync({ collections: [{ id: app.trash, key: other }] });
      assert.equal(quiet.empty, true);
      await app.arrives("one");
      await client.sync({ collections: [{ id: app.inbox, key }] });
      assert.equal((await client.sync()).status, 13);
    });
  });

  describe("with Partial", () => {
    it("takes what is not listed from the last request", async () => {
      const key = await synced(), other = await synced(app.trash);
      const collections = [{ id: app.inbox, key }, { id: app.trash, key: other }];
      assert.deepEqual(shape(await client.sync({ collections })), nothing);
      await app.arrives("one", { folder: app.trash });
      await app.arrives("two");
      const reply = await client.sync({ collections: [{ id: app.inbox, key }], partial: true });
      assert.deepEqual(shape(reply).adds, [`${app.inbox}+1`, `${app.trash}+1`]);
    });

    it("may list nothing at all, and has status 13 without a request before", async () => {
      assert.equal((await client.sync({ collections: [], partial: true })).status, 13);
      const key = await synced();
      await client.sync({ collections: [{ id: app.inbox, key }] });
      await app.arrives("one");
      const reply = await client.sync({ collections: [], partial: true });
      assert.deepEqual(shape(reply).adds, [`${app.inbox}+1`]);
    });
  });
});
