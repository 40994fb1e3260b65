// Windows of items and windows of time: long listings, filters that move, histories that are lost.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered } from "../../../../tests/kit_eas.ts";
import { day, elsewhere, type Engine, engine, hour, subjects } from "../../../../tests/kit_sync.ts";
import { Forgotten } from "../../../mailbox/api.ts";
import type { EasClient, Phone, SyncCollection } from "../../client/mod.ts";
import { el } from "../../wbxml/element.ts";

describe("windows", () => {
  let app: Engine;
  let forgotten = false;
  beforeEach(async () => {
    forgotten = false;
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          changes(folder, since, limit) {
            if (!forgotten || since === undefined) return inner.changes(folder, since, limit);
            forgotten = false;
            throw new Forgotten("Cannot tell what changed since then");
          },
        }),
    });
  });
  afterEach(() => app.stop());

  /** Syncs a folder by hand, so that each request can ask for something else. */
  function manual(client: EasClient = app.client()) {
    let key = "0";
    return async (asked: Partial<SyncCollection> = {}) => {
      const reply = await client.sync({ collections: [{ id: app.inbox, key, ...asked }] });
      const [part] = reply.collections;
      key = part?.key ?? key;
      const ids = (items: readonly { id: string }[] = []) => items.map(({ id }) => id).sort();
      return {
        adds: ids(part?.adds),
        order: part?.adds.map(({ id }) => id) ?? [],
        changes: ids(part?.changes),
        deletes: [...part?.deletes ?? []].sort(),
        softDeletes: [...part?.softDeletes ?? []].sort(),
        more: part?.moreAvailable ?? false,
        status: part?.status ?? 1,
      };
    };
  }
  const filter = (code: number) => ({ options: { filter: code } });

  it("more than a thousand mails come whole, while mail arrives and is deleted in between", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 1100; n++) ids.push(await app.arrives(`mail ${n}`, { age: n * 1000 }));
    const phone = await app.phone({ windowSize: 100 });
    const wanted = new Set(ids);
    for (let round = 0; round < 6; round++) {
      await phone.sync([app.inbox]);
      for (const id of [ids[round * 90]!, ids[1099 - round]!]) {
        await app.mailbox().remove(id, elsewhere());
        wanted.delete(id);
      }
      wanted.add(await app.arrives(`new ${round}`));
      await app.mailbox().mark(ids[round * 50 + 1]!, { read: true }, elsewhere());
    }
    await phone.syncAll(app.inbox);
    const { items, anomalies } = phone.collection(app.inbox);
    assert.deepEqual([...items.keys()].sort(), [...wanted].sort());
    assert.deepEqual(anomalies, []);
  });

  it("the newest mail comes first, and what arrives during the listing before the rest", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 9; n++) ids.push(await app.arrives(`mail ${n}`, { age: n * hour }));
    const sync = manual();
    await sync();
    assert.deepEqual((await sync({ windowSize: 3 })).order, ids.slice(0, 3));
    const fresh = await app.arrives("fresh");
    assert.deepEqual((await sync({ windowSize: 3 })).order, [fresh, ...ids.slice(3, 5)]);
    const third = await sync({ windowSize: 4 });
    assert.deepEqual([third.order, third.more], [ids.slice(5, 9), false]);
  });

  it("WindowSize 0 and too large ones mean 512, none means 100", async () => {
    for (let n = 0; n < 520; n++) await app.arrives(`mail ${n}`, { age: n });
    const counts = [];
    for (const windowSize of [0, 9999, undefined]) {
      const sync = manual(app.client({ id: `P${windowSize}` }));
      await sync();
      counts.push((await sync(windowSize === undefined ? {} : { windowSize })).adds.length);
    }
    assert.deepEqual(counts, [512, 512, 100]);
  });

  it("the window of the whole request leaves later collections out until they have their turn", async () => {
    for (let n = 0; n < 4; n++) await app.arrives(`in ${n}`, { age: n });
    for (let n = 0; n < 4; n++) await app.arrives(`out ${n}`, { age: n, folder: app.trash });
    const client = app.client();
    const keys = new Map([[app.inbox, "0"], [app.trash, "0"]]);
    const got = new Map([[app.inbox, 0], [app.trash, 0]]);
    const sync = async () => {
      const collections = [...keys].map(([id, key]) => ({ id, key }));
      const reply = await client.sync({ collections, windowSize: 3 });
      for (const { id, key, adds } of reply.collections) {
        keys.set(id, key!);
        got.set(id, got.get(id)! + adds.length);
      }
      return reply.collections.map((
        { id, adds, moreAvailable },
      ) => [id, adds.length, moreAvailable]);
    };
    await sync();
    assert.deepEqual(await sync(), [[app.inbox, 3, true]]);
    assert.deepEqual(await sync(), [[app.inbox, 1, false], [app.trash, 2, true]]);
    assert.deepEqual(await sync(), [[app.trash, 2, false]]);
    assert.deepEqual([...got.values()], [4, 4]);
  });

  it("key 0 with GetChanges brings the first window at once; without it only a key", async () => {
    await app.arrives("one");
    assert.deepEqual((await manual()()).adds, []);
    const first = await manual(app.client({ id: "EAGER" }))({ getChanges: true, windowSize: 10 });
    assert.deepEqual([first.status, first.adds.length], [1, 1]);
  });

  it("key 0 with GetChanges has status 4 where the specification rules", async () => {
    const strict = await engine({ config: { eas: { strict: true } } });
    const client = strict.client();
    const ask = async (getChanges: boolean) => {
      const collections = [{ id: strict.inbox, key: "0", getChanges }];
      return (await client.sync({ collections })).collections[0]?.status;
    };
    assert.deepEqual([await ask(true), await ask(false)], [4, 1]);
    await strict.stop();
  });

  it("commands sent with key 0 are ignored, and the folder is primed", async () => {
    const id = await app.arrives("one");
    const sync = manual();
    const command = el("AirSync:Delete", el("AirSync:ServerId", id));
    assert.equal((await sync({ commands: [command] })).status, 1);
    assert.deepEqual((await sync()).adds, [id]);
  });

  describe("of time", () => {
    let phone: Phone;
    let ids: string[];
    beforeEach(async () => {
      ids = [];
      for (const days of [0, 2, 5, 10, 20, 60]) {
        ids.push(await app.arrives(`${days} days`, { age: days * day + hour / 2 }));
      }
      ids.sort();
    });

    it("lets through what the filter says", async () => {
      const expected = [[0, 6], [1, 1], [2, 2], [3, 3], [4, 4], [5, 5]] as const;
      for (const [code, count] of expected) {
        const sync = manual(app.client({ id: `FILTER${code}` }));
        await sync();
        assert.equal((await sync(filter(code))).adds.length, count, `filter ${code}`);
      }
    });

    it("takes away what slides out of it, and keeps it on the server", async () => {
      phone = await app.phone({ options: { filter: 2 } });
      await phone.syncAll(app.inbox);
      assert.deepEqual(subjects(phone, app.inbox), ["0 days", "2 days"]);
      await app.clock.tick(2 * day);
      const reply = await phone.sync([app.inbox]);
      assert.equal(reply.collections[0]?.softDeletes.length, 1);
      assert.deepEqual(subjects(phone, app.inbox), ["0 days"]);
      assert.equal((await app.mailbox().list(app.inbox, {}, 100)).items.length, 6);
      assert.equal((await phone.sync([app.inbox])).empty, true);
    });

    it("does not tell of changes to what lies outside", async () => {
      phone = await app.phone({ options: { filter: 1 } });
      await phone.syncAll(app.inbox);
      for (const id of ids) await app.mailbox().mark(id, { read: true }, elsewhere());
      const reply = await phone.sync([app.inbox]);
      assert.deepEqual(reply.collections[0]?.changes.length, 1);
      assert.deepEqual(reply.collections[0]?.adds, []);
    });

    it("grows and shrinks without starting again", async () => {
      const sync = manual();
      await sync();
      const steps: [number, number, number][] = [];
      for (const code of [3, 5, 1, 4, 0, 2, 0]) {
        const { adds, softDeletes } = await sync(filter(code));
        steps.push([code, adds.length, softDeletes.length]);
      }
      assert.deepEqual(steps, [
        [3, 3, 0],
        [5, 2, 0],
        [1, 0, 4],
        [4, 3, 0],
        [0, 2, 0],
        [2, 0, 4],
        [0, 4, 0],
      ]);
    });

    it("grows and shrinks in the middle of a listing without gap or double", async () => {
      for (let n = 0; n < 40; n++) await app.arrives(`more ${n}`, { age: (n / 4) * day });
      const has = new Set<string>();
      const sync = manual();
      await sync();
      for (const code of [0, 0, 3, 0, 0, 2, 2, 4, 5, 1, 0, 3, 5]) {
        const { adds, softDeletes, deletes } = await sync({ ...filter(code), windowSize: 4 });
        for (const id of softDeletes) assert.ok(has.delete(id), `${id} was there`);
        assert.deepEqual(deletes, []);
        for (const id of adds) {
          assert.ok(!has.has(id), `${id} was not there`);
          has.add(id);
        }
      }
      for (let n = 0, more = true; more; n++) {
        assert.ok(n < 50);
        const answer = await sync({ windowSize: 4 });
        for (const id of answer.adds) has.add(id);
        for (const id of answer.softDeletes) has.delete(id);
        more = answer.more;
      }
      const since = app.clock.now() - 30 * day;
      const wanted = (await app.mailbox().list(app.inbox, { since }, 1000)).items;
      assert.deepEqual([...has].sort(), wanted.map(({ id }) => id).sort());
    });

    it("is remembered where a later request has no Options", async () => {
      const sync = manual();
      await sync();
      await sync(filter(3));
      assert.equal((await sync()).adds.length, 0);
      await app.clock.tick(day);
      assert.equal((await sync()).softDeletes.length, 0);
      await app.clock.tick(2 * day);
      assert.equal((await sync()).softDeletes.length, 1);
    });
  });

  it("a history that is lost costs a listing, but no item comes twice and none stays for ever", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 25; n++) ids.push(await app.arrives(`mail ${n}`, { age: n * 1000 }));
    const phone = await app.phone({ windowSize: 4 });
    await phone.syncAll(app.inbox);
    const before = [...phone.collection(app.inbox).items.keys()];
    assert.equal(before.length, 25);
    await app.mailbox().remove(ids[3]!, elsewhere());
    await app.mailbox().move(ids[20]!, app.trash, elsewhere());
    await app.mailbox().mark(ids[7]!, { read: true }, elsewhere());
    const fresh = await app.arrives("fresh");
    forgotten = true;
    await phone.syncAll(app.inbox);
    const { items, anomalies } = phone.collection(app.inbox);
    const wanted = [fresh, ...ids].filter((id) => id !== ids[3] && id !== ids[20]);
    assert.deepEqual([...items.keys()].sort(), wanted.sort());
    assert.equal(items.get(ids[7]!)?.fields.get("Email:Read")?.text, "1");
    assert.deepEqual([anomalies, phone.resets], [[], 0]);
    assert.equal((await phone.sync([app.inbox])).empty, true);
  });
});
