// ConversationMode: what lies below the time window comes along where its conversation goes on.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered } from "../../../../tests/kit_eas.ts";
import {
  day,
  elsewhere,
  type Engine,
  engine,
  hour,
  line,
  subjects,
} from "../../../../tests/kit_sync.ts";
import { settle } from "../../../../tests/kit.ts";
import type { ItemId } from "../../../mailbox/api.ts";
import type { PhoneOptions, SyncCollection } from "../../client/mod.ts";

for (const store of ["memory", "local"] as const) {
  describe(`whole conversations, ${store}`, () => {
    let app: Engine;
    beforeEach(async () => {
      app = await engine({ store });
    });
    afterEach(() => app.stop());

    const three = { filter: 2, bodies: [{ type: 1, preview: 5 }] } as const;
    const phone = (more: PhoneOptions & { id?: string } = {}) =>
      app.phone({ options: three, conversationMode: true, ...more });
    const arrives = (subject: string, days: number, thread?: string) =>
      app.arrives(subject, { age: days * day + hour, ...(thread && { thread }) });
    const shown = (of: Awaited<ReturnType<typeof phone>>) => subjects(of, app.inbox);

    it("the first Sync brings them, however small its answers, and nothing else that is old", async () => {
      for (let n = 0; n < 5; n++) await arrives(`lunch ${n}`, n * 4, "lunch");
      await arrives("old 1", 9, "old");
      await arrives("old 2", 8, "old");
      await arrives("dinner", 1);
      for (const windowSize of [1, 2, 100]) {
        const one = await phone({ windowSize, id: `PHONE${windowSize}` });
        await one.syncAll(app.inbox);
        const wanted = ["dinner", "lunch 0", "lunch 1", "lunch 2", "lunch 3", "lunch 4"];
        assert.deepEqual(shown(one), wanted);
        assert.deepEqual(one.collection(app.inbox).anomalies, []);
      }
      const other = await phone({ conversationMode: false, id: "PHONE0" });
      await other.syncAll(app.inbox);
      assert.deepEqual(shown(other), ["dinner", "lunch 0"]);
    });

    it("of what is older than the filter only preview and size come; Fetch brings it whole", async () => {
      await arrives("new", 0, "lunch");
      const old = await arrives("old", 9, "lunch");
      const one = await phone();
      await one.syncAll(app.inbox);
      const bodyOf = (id: ItemId) => {
        const body = one.collection(app.inbox).items.get(id)!.fields.get("AirSyncBase:Body")!;
        return body.children.map(({ tag, text }) => `${tag.slice(12)} ${text}`);
      };
      assert.deepEqual(bodyOf(old), [
        "Type 1",
        "EstimatedDataSize 7",
        "Truncated 1",
        "Preview Hello",
      ]);
      const { content } = await one.client.fetch({ collectionId: app.inbox, id: old }, {
        bodies: [{ type: 1 }],
      });
      assert.equal(new TextDecoder().decode(content), "Hello\r\n");
    });

    it("an answer brings its conversation back; without its last one it goes", async () => {
      await arrives("one", 9, "lunch");
      await arrives("two", 7, "lunch");
      const one = await phone();
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), []);
      const answer = await arrives("three", 0, "lunch");
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["one", "three", "two"]);
      await app.mailbox().move(answer, app.trash, elsewhere());
      const reply = await one.sync([app.inbox]);
      const [part] = reply.collections;
      assert.deepEqual([part!.deletes.length, part!.softDeletes.length], [1, 2]);
      assert.deepEqual(shown(one), []);
    });

    it("the user deletes the last one: what hung on it goes", async () => {
      await arrives("one", 9, "lunch");
      const answer = await arrives("two", 0, "lunch");
      const one = await phone();
      await one.syncAll(app.inbox);
      one.collection(app.inbox).delete(answer);
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), []);
      assert.deepEqual(one.collection(app.inbox).anomalies, []);
    });

    it("a conversation slides out with its newest mail, all at once", async () => {
      await arrives("one", 9, "lunch");
      await arrives("two", 1, "lunch");
      await arrives("three", 2, "tea");
      const one = await phone();
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["one", "three", "two"]);
      await app.clock.tick(day);
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["one", "two"]);
      await arrives("four", 0, "lunch");
      await app.clock.tick(day);
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["four", "one", "two"]);
      await app.clock.tick(3 * day);
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), []);
      assert.equal(one.resets, 0);
    });

    it("an old mail that comes into a conversation that goes on comes along, and changes are told", async () => {
      await arrives("new", 0, "lunch");
      const one = await phone();
      await one.syncAll(app.inbox);
      const old = await arrives("old", 20, "lunch");
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["new", "old"]);
      await app.mailbox().mark(old, { read: true }, elsewhere());
      const [part] = (await one.sync([app.inbox])).collections;
      assert.deepEqual(part!.changes.map(({ id }) => id), [old]);
    });

    it("holds until the device says otherwise, and can be switched on and off", async () => {
      await arrives("new", 0, "lunch");
      await arrives("old", 9, "lunch");
      const client = app.client();
      let key = "0";
      const sync = async (conversationMode?: boolean, filter?: number) => {
        const { collections: [part] } = await client.sync({
          collections: [{
            id: app.inbox,
            key,
            ...(conversationMode !== undefined && { conversationMode }),
            ...(filter !== undefined && { options: { filter } }),
          }],
        });
        key = part?.key ?? key;
        return [part?.adds.length ?? 0, part?.softDeletes.length ?? 0];
      };
      await sync();
      assert.deepEqual(await sync(false, 2), [1, 0]);
      assert.deepEqual(await sync(true), [1, 0]);
      assert.deepEqual(await sync(undefined, 2), [0, 0], "Options say nothing of it");
      assert.deepEqual(await sync(), [0, 0]);
      assert.deepEqual(await sync(false), [0, 1]);
      assert.deepEqual(await sync(true, 1), [1, 0]);
      assert.deepEqual(await sync(undefined, 0), [0, 0]);
      assert.deepEqual(await sync(false), [0, 0], "all mail is all mail");
    });

    it("a lost answer brings the conversation again, once", async () => {
      for (let n = 0; n < 4; n++) await arrives(`old ${n}`, 9 + n, "lunch");
      const wire = line();
      const one = await app.phone({
        options: three,
        conversationMode: true,
        windowSize: 2,
        fetch: wire.fetch,
      });
      await one.syncAll(app.inbox);
      await arrives("new", 0, "lunch");
      for (let round = 0; round < 3; round++) {
        wire.next = "answer is lost";
        await assert.rejects(one.sync([app.inbox]));
        await one.sync([app.inbox]);
      }
      await one.syncAll(app.inbox);
      assert.deepEqual(shown(one), ["new", "old 0", "old 1", "old 2", "old 3"]);
      assert.deepEqual(one.collection(app.inbox).anomalies, []);
      assert.equal(one.resets, 0);
    });

    it("Ping wakes the device for it, and GetItemEstimate counts it", async () => {
      await arrives("new", 0, "lunch");
      for (let n = 0; n < 3; n++) await arrives(`old ${n}`, 9 + n, "lunch");
      const one = await phone();
      await one.sync([app.inbox]);
      const estimate = async (conversationMode?: boolean) => {
        const { key } = one.collection(app.inbox);
        const mode = conversationMode === undefined ? {} : { conversationMode };
        const asked = { collectionId: app.inbox, key, filter: 2, ...mode };
        return (await one.client.getItemEstimate(asked)).estimate;
      };
      assert.equal(await estimate(true), 4);
      assert.equal(await estimate(false), 1);
      await one.syncAll(app.inbox);
      assert.equal(await estimate(), 0);
      const ping = one.ping(600, [app.inbox]);
      for (let n = 0; n < 20; n++) await settle();
      await arrives("older still", 30, "lunch");
      assert.equal((await ping).status, 2);
      await one.syncAll(app.inbox);
      const quiet = one.ping(60, [app.inbox]);
      for (let n = 0; n < 20; n++) await settle();
      await arrives("of another", 30, "tea");
      await app.clock.tick(61_000);
      assert.equal((await quiet).status, 1);
    });
  });
}

describe("whole conversations while things move", () => {
  let app: Engine;
  const has = new Set<string>();
  let sync: (windowSize: number, asked?: Partial<SyncCollection>) => Promise<void>;
  beforeEach(async () => {
    app = await engine();
    has.clear();
    const client = app.client();
    let key = "0";
    sync = async (windowSize, asked = {}) => {
      const collection = { id: app.inbox, key, windowSize, ...asked };
      const { collections: [part] } = await client.sync({ collections: [collection] });
      key = part?.key ?? key;
      for (const { id } of part?.adds ?? []) has.add(id);
      for (const id of [...part?.deletes ?? [], ...part?.softDeletes ?? []]) has.delete(id);
    };
  });
  afterEach(() => app.stop());

  const lunch = (subject: string, days: number) =>
    app.arrives(subject, { age: days * day, thread: "lunch" });
  const asked = (filter: number) => ({ options: { filter }, conversationMode: true });

  it("what a listing had not reached when the window shrank comes with its conversation", async () => {
    const old = await lunch("old", 5);
    const fresh = await lunch("new", 0);
    await sync(1);
    await sync(1, asked(4));
    assert.deepEqual([...has], [fresh]);
    await sync(1, asked(2));
    await sync(100);
    assert.deepEqual([...has], [fresh, old]);
  });

  it("what it had brought goes with it, also where the window was wider in between", async () => {
    const [mild, wide] = [asked(2), asked(5)];
    for (const listed of [false, true]) {
      const old = await lunch("old", 5);
      const fresh = await lunch("new", 0);
      const other = await app.arrives("other", {});
      await sync(1);
      await sync(100, mild);
      assert.deepEqual([...has].sort(), [fresh, old, other].sort());
      if (!listed) await app.arrives("one more", {});
      await sync(listed ? 100 : 1, wide);
      await app.mailbox().remove(fresh, elsewhere());
      await sync(1);
      await sync(100, mild);
      await sync(100);
      assert.equal(has.has(old), false, listed ? "listed" : "not yet listed");
      for (const id of has) await app.mailbox().remove(id, elsewhere());
      await app.mailbox().remove(old, elsewhere());
      await sync(100);
      assert.equal(has.size, 0);
    }
  });

  it("one that ends and goes on again, before all of it was looked at, comes whole", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push(await lunch(`old ${n}`, 20 + n));
    const last = await lunch("last", 0);
    await sync(1);
    await sync(100, asked(2));
    assert.equal(has.size, 5);
    await app.mailbox().remove(last, elsewhere());
    await sync(3);
    assert.equal(has.size, 2, "two of the old ones are gone, and two not yet");
    ids.push(await lunch("again", 0));
    await sync(2);
    await sync(100);
    assert.deepEqual([...has].sort(), ids.sort());
  });
});

describe("whole conversations", () => {
  it("cost what belongs to the change, not what is in the folder", async () => {
    const looked: number[] = [];
    for (const others of [10, 400]) {
      let items = 0;
      const app = await engine({
        wrap: (inner) =>
          altered(inner, {
            async list(folder, from, limit) {
              const page = await inner.list(folder, from, limit);
              items += page.items.length;
              return page;
            },
          }),
      });
      for (let n = 0; n < others; n++) {
        await app.arrives(`other ${n}`, { age: (n % 30) * day, thread: `other ${n % 7}` });
      }
      for (let n = 0; n < 3; n++) await app.arrives(`old ${n}`, { age: 9 * day, thread: "lunch" });
      const phone = await app.phone({ options: { filter: 2 }, conversationMode: true });
      await phone.syncAll(app.inbox);
      items = 0;
      await app.arrives("new", { thread: "lunch" });
      await phone.syncAll(app.inbox);
      looked.push(items);
      await app.stop();
    }
    assert.deepEqual(looked, [3, 3]);
  });

  it("of an endless one, two hundred older mails come along", async () => {
    const app = await engine();
    for (let n = 0; n < 230; n++) {
      await app.arrives(`old ${n}`, { age: 9 * day + n, thread: "alarms" });
    }
    await app.arrives("new", { thread: "alarms" });
    const phone = await app.phone({ options: { filter: 2 }, conversationMode: true });
    await phone.syncAll(app.inbox);
    assert.equal(phone.collection(app.inbox).items.size, 201);
    await app.stop();
  });
});
