// Answers that never arrive: nothing is lost, nothing is doubled, nobody starts again.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openSqlite } from "../../../../storage/sqlite/mod.ts";
import { settle } from "../../../../tests/kit.ts";
import { altered } from "../../../../tests/kit_eas.ts";
import type { Phone } from "../../client/mod.ts";
import { el, type Element } from "../../wbxml/element.ts";
import {
  day,
  elsewhere,
  type Engine,
  engine,
  type Line,
  line,
  subjects,
} from "../../../../tests/kit_sync.ts";

const read = el("Email:Read", true), unread = el("Email:Read", false);

describe("a lost answer", () => {
  let app: Engine;
  let wire: Line;
  let phone: Phone;
  beforeEach(async () => {
    app = await engine();
    wire = line();
    phone = await app.phone({ fetch: wire.fetch });
  });
  afterEach(() => app.stop());

  const inbox = () => phone.collection(app.inbox);
  const loses = async (what: Line["next"] = "answer is lost") => {
    wire.next = what;
    await assert.rejects(phone.sync([app.inbox]), TypeError);
  };
  const now = async (id: string) => {
    for await (const item of app.mailbox().read([id], {})) return item.state;
    return undefined;
  };
  const settled = async () => {
    await phone.syncAll(app.inbox);
    assert.deepEqual(inbox().anomalies, []);
    assert.equal(phone.resets, 0);
  };

  it("to the priming is given again under the same key", async () => {
    const client = app.client();
    const collections = [{ id: app.inbox, key: "0" }];
    const first = await client.sync({ collections });
    const second = await client.sync({ collections });
    assert.equal(second.collections[0]?.key, first.collections[0]?.key);
    assert.equal(second.collections[0]?.moreAvailable, false);
  });

  it("to the first window is given again: same items, same key, fresh content", async () => {
    const id = await app.arrives("one");
    await phone.sync([app.inbox]);
    await loses();
    await app.mailbox().mark(id, { read: true }, elsewhere());
    await app.arrives("two");
    const reply = await phone.sync([app.inbox]);
    const [part] = reply.collections;
    assert.deepEqual(part?.adds.map((item) => item.id), [id]);
    // What the lost answer had recorded stays recorded: the mark comes as a change of its own.
    const next = await phone.sync([app.inbox]);
    assert.deepEqual(next.collections[0]?.changes.map((item) => item.id), [id]);
    assert.deepEqual(next.collections[0]?.adds.length, 1);
    await settled();
    assert.deepEqual(subjects(phone, app.inbox), ["one", "two"]);
  });

  it("is made anew where the repeat wants other options", async () => {
    for (let n = 0; n < 5; n++) await app.arrives(`mail ${n}`);
    await phone.sync([app.inbox]);
    const { key } = inbox();
    const client = app.client();
    const options = { filter: 0, bodies: [{ type: 1 as const, truncationSize: 10 }] };
    const whole = await client.sync({ collections: [{ id: app.inbox, key, options }] });
    const other = await client.sync({
      collections: [{ id: app.inbox, key, options: { ...options, filter: 3 } }],
    });
    const again = await client.sync({
      collections: [{ id: app.inbox, key, options: { ...options, filter: 3 } }],
    });
    const keys = [whole, other, again].map(({ collections }) => collections[0]?.key);
    assert.notEqual(keys[0], keys[1]);
    assert.equal(keys[1], keys[2]);
    assert.deepEqual([whole, other, again].map((r) => r.collections[0]?.adds.length), [5, 5, 5]);
    // Either may have arrived: the device says which by its key, and the other one is forgotten.
    const used = await client.sync({ collections: [{ id: app.inbox, key: keys[1]! }] });
    assert.ok(used.empty || used.collections[0]?.status === 1);
    const old = await client.sync({ collections: [{ id: app.inbox, key: keys[0]! }] });
    assert.equal(old.collections[0]?.status, 3);
  });

  it("stays valid where a late repeat with other wishes had another one made", async () => {
    for (let n = 0; n < 3; n++) await app.arrives(`mail ${n}`);
    await phone.sync([app.inbox]);
    const { key } = inbox();
    const client = app.client();
    const late = { collections: [{ id: app.inbox, key, getChanges: false }] };
    await client.sync(late);
    await phone.sync([app.inbox]);
    assert.equal(inbox().items.size, 3);
    // The network brings the first request again, after the device has its answer to the second.
    await client.sync({ collections: [{ ...late.collections[0]!, options: { filter: 1 } }] });
    await app.arrives("mail 3");
    await phone.syncAll(app.inbox);
    assert.equal(phone.resets, 0);
    assert.deepEqual(inbox().anomalies, []);
    assert.equal(inbox().items.size, 4);
  });

  it("stays valid however many late repeats with other wishes come, and is given to its own", async () => {
    await phone.syncAll(app.inbox);
    const { key } = inbox();
    const client = app.client();
    // Nothing to tell: requests with different wishes share one key.
    const requests = [0, 3, 5, 4].map((filter) => ({
      collections: [{ id: app.inbox, key, options: { filter } }],
    }));
    for (const request of requests) assert.equal((await client.sync(request)).empty, true);
    await app.arrives("one");
    const keyOf = async (at: number) => (await client.sync(requests[at]!)).collections[0]!.key!;
    const mine = await keyOf(2);
    const others = [await keyOf(0), await keyOf(1), await keyOf(3)];
    assert.equal(new Set([mine, ...others]).size, 4);
    // Each gets its own again, also those before the last: no more are made.
    assert.deepEqual([await keyOf(1), await keyOf(0), await keyOf(2)], [
      others[1],
      others[0],
      mine,
    ]);
    await app.arrives("two");
    const reply = await client.sync({ collections: [{ id: app.inbox, key: mine }] });
    assert.equal(reply.collections[0]?.status, 1);
    assert.equal(reply.collections[0]?.adds.length, 1, "it has the first");
  });

  it("that knows nothing of a command is not given again once that has run", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    await app.arrives("two");
    const { key } = inbox();
    const client = app.client();
    const ask = async (windowSize: number, commands: readonly Element[] = []) =>
      (await client.sync({ collections: [{ id: app.inbox, key, windowSize, commands }] }))
        .collections[0]!;
    const before = await ask(2);
    const command = el(
      "AirSync:Change",
      el("AirSync:ServerId", id),
      el("AirSync:ApplicationData", read),
    );
    const [done, again] = [await ask(2, [command]), await ask(2)];
    assert.notEqual(done.key, before.key);
    assert.equal(again.key, done.key);
    assert.deepEqual(again.changes, [], "its own change is not echoed");
    const next = await client.sync({ collections: [{ id: app.inbox, key: again.key! }] });
    assert.equal(next.empty, true);
  });

  it("is made anew where the repeat has a smaller window", async () => {
    for (let n = 0; n < 5; n++) await app.arrives(`mail ${n}`);
    await phone.sync([app.inbox]);
    const ask = (windowSize: number) =>
      app.client().sync({ collections: [{ id: app.inbox, key: inbox().key, windowSize }] });
    assert.equal((await ask(5)).collections[0]?.adds.length, 5);
    const smaller = (await ask(2)).collections[0]!;
    assert.deepEqual([smaller.adds.length, smaller.moreAvailable], [2, true]);
  });

  it("of which nothing is left to tell is not believed in any longer", async () => {
    await phone.syncAll(app.inbox);
    const id = await app.arrives("old", { age: 2 * day });
    await loses();
    // With a narrower filter there is nothing to tell; the device never had the mail.
    const { key } = inbox();
    const client = app.client();
    const narrow = { id: app.inbox, key, options: { filter: 1 } };
    const reply = (await client.sync({ collections: [narrow] })).collections[0]!;
    assert.deepEqual([reply.adds, reply.softDeletes, reply.deletes], [[], [], []]);
    assert.notEqual(reply.key, key);
    await client.sync({ collections: [{ ...narrow, key: reply.key! }] });
    await app.mailbox().remove(id, elsewhere());
    const ping = client.ping({ heartbeat: 60, folders: [{ id: app.inbox, class: "Email" }] });
    for (let n = 0; n < 20; n++) await settle();
    await app.clock.tick(61_000);
    assert.equal((await ping).status, 1, "what the device never had cannot be missing");
  });

  it("to a Change is not run twice, and what somebody did meanwhile stands", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    inbox().change(id, read);
    await loses();
    assert.equal((await now(id))?.marks.read, true);
    // Somebody marks it as unread again before the phone repeats its command.
    await app.mailbox().mark(id, { read: false }, elsewhere());
    await settled();
    await settled();
    assert.equal((await now(id))?.marks.read, false);
    assert.equal(inbox().items.get(id)?.fields.get("Email:Read")?.text, "0");
    assert.deepEqual(inbox().responses, []);
  });

  it("to a Change that the phone then takes back leaves the last word to the phone", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    const { key } = inbox();
    const client = app.client();
    const send = (mark: typeof read) =>
      client.sync({
        collections: [{
          id: app.inbox,
          key,
          commands: [
            el(
              "AirSync:Change",
              el("AirSync:ServerId", id),
              el("AirSync:ApplicationData", mark),
            ),
          ],
        }],
      });
    for (const [mark, expected] of [[read, true], [unread, false], [read, true], [read, true]]) {
      const reply = await send(mark as typeof read);
      assert.equal((await now(id))?.marks.read, expected);
      assert.deepEqual(reply.collections[0]?.changes, []);
    }
  });

  it("to a Delete is not a failure when it is repeated", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    inbox().delete(id);
    await loses();
    await settled();
    assert.deepEqual(inbox().responses, []);
    assert.equal(inbox().items.size, 0);
    const trash = await app.mailbox().list(app.trash, {}, 10);
    assert.equal(trash.items.length, 1);
  });

  it("to commands is answered also where the repeat no longer carries them", async () => {
    const [id, other] = [await app.arrives("one"), await app.arrives("two")];
    await phone.syncAll(app.inbox);
    const { key } = inbox();
    inbox().change(id, read);
    inbox().delete(other);
    await loses();
    const reply = await app.client().sync({ collections: [{ id: app.inbox, key }] });
    const [part] = reply.collections;
    assert.notEqual(part?.key, key);
    // Neither its own change nor its own deletion comes back.
    assert.deepEqual([part?.adds, part?.changes, part?.deletes], [[], [], []]);
    const next = await app.client().sync({ collections: [{ id: app.inbox, key: part!.key! }] });
    assert.equal(next.empty, true);
  });

  it("does not swallow new commands that come with the repeat", async () => {
    const [id, other] = [await app.arrives("one"), await app.arrives("two")];
    await phone.syncAll(app.inbox);
    const { key } = inbox();
    inbox().change(id, read);
    await loses();
    await app.arrives("three");
    const reply = await app.client().sync({
      collections: [{
        id: app.inbox,
        key,
        commands: [el("AirSync:Delete", el("AirSync:ServerId", other))],
      }],
    });
    const [part] = reply.collections;
    assert.deepEqual([part?.adds.length, part?.changes, part?.deletes], [1, [], []]);
    assert.equal((await now(id))?.marks.read, true);
    assert.equal(await now(other), undefined);
  });

  it("before the server saw the request changes nothing", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    inbox().change(id, read);
    await loses("request is lost");
    assert.equal((await now(id))?.marks.read, false);
    await settled();
    assert.equal((await now(id))?.marks.read, true);
  });

  it("in the middle of a long listing leaves no gap and no double", async () => {
    for (let n = 0; n < 30; n++) await app.arrives(`mail ${n}`, { age: n * 1000 });
    phone = await app.phone({ fetch: wire.fetch, windowSize: 7, id: "PHONE2" });
    await phone.sync([app.inbox]);
    for (let round = 0; round < 6; round++) {
      await loses();
      if (round % 2) await app.arrives(`new ${round}`);
      await phone.sync([app.inbox]);
    }
    await settled();
    assert.equal(inbox().items.size, 33);
  });

  it("whose items were deleted meanwhile is given again without them, and nothing is left", async () => {
    const id = await app.arrives("one");
    await app.arrives("two");
    await phone.sync([app.inbox]);
    await loses();
    await app.mailbox().remove(id, elsewhere());
    const reply = await phone.sync([app.inbox]);
    assert.equal(reply.collections[0]?.adds.length, 1);
    await phone.syncAll(app.inbox);
    assert.deepEqual(subjects(phone, app.inbox), ["two"]);
    assert.equal(phone.resets, 0);
  });
});

describe("an Add whose answer was lost", () => {
  it("is answered with its ServerId when the repeat no longer carries it; edits follow once", async () => {
    // The test from the field, with the journal as a device class that can add leaves it.
    const app = await engine();
    const id = await app.arrives("made by the phone");
    const device = { account: app.anna.id, device: "PHONE1" };
    const state = app.program.host.one((await import("../../api.ts")).syncState);
    const client = app.client();
    const primed = (await client.sync({ collections: [{ id: app.inbox, key: "0" }] }))
      .collections[0]!.key!;
    const first = (await client.sync({ collections: [{ id: app.inbox, key: primed }] }))
      .collections[0]!.key!;
    const session = (await state.open(device, [{ collection: app.inbox, key: first }]))
      .get(app.inbox)!;
    const held = (await session.held([id])).get(id)!;
    const record = {
      kind: "add",
      item: "26477",
      what: "add",
      attempt: 1,
      order: 0,
      done: { status: 1, serverId: id, held },
    };
    const lost = await session.commit({
      state: JSON.stringify({ ...JSON.parse(session.state!), asked: true, more: false }),
      held: [held],
      gone: [],
      journal: [{ id: "add:26477", record: JSON.stringify(record) }],
    });
    await app.mailbox().mark(id, { read: true }, elsewhere());
    const repeat = (await client.sync({ collections: [{ id: app.inbox, key: first }] }))
      .collections[0]!;
    assert.equal(repeat.key, lost);
    assert.deepEqual(
      repeat.responses.map(({ kind, clientId, id, status }) => ({ kind, clientId, id, status })),
      [{ kind: "Add", clientId: "26477", id, status: 1 }],
    );
    assert.deepEqual([repeat.adds, repeat.changes], [[], []]);
    const edited = (await client.sync({ collections: [{ id: app.inbox, key: lost }] }))
      .collections[0]!;
    assert.deepEqual([edited.adds.length, edited.changes.map((item) => item.id)], [0, [id]]);
    await app.stop();
  });
});

describe("a server that dies", () => {
  it("between its write to the mailbox and the commit does not write twice", async () => {
    let dies = false;
    const calls: string[] = [];
    const app = await engine({
      wrap: (mailbox) =>
        altered(mailbox, {
          async move(item, to, token) {
            calls.push(token);
            const id = await mailbox.move(item, to, token);
            if (dies) throw new Error("the process was killed");
            return id;
          },
        }),
    });
    const phone = await app.phone();
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    phone.collection(app.inbox).delete(id);
    dies = true;
    const reply = await phone.sync([app.inbox]);
    assert.equal(reply.collections[0]?.status, 5);
    dies = false;
    await phone.syncAll(app.inbox);
    assert.deepEqual(phone.collection(app.inbox).responses, []);
    assert.equal((await app.mailbox().list(app.trash, {}, 10)).items.length, 1);
    assert.equal(new Set(calls).size, 1, "the same token each time");
    await app.stop();
  });

  it("and comes back on the same database goes on where devices are", async () => {
    const storage = await openSqlite(":memory:");
    const before = await engine({ storage });
    const ids = [await before.arrives("one"), await before.arrives("two")];
    const phone = await before.phone();
    await phone.syncAll(before.inbox);
    const { key } = phone.collection(before.inbox);
    // The mailbox of the new process is in memory too: it holds the same mail under the same ids.
    const after = await engine({ storage });
    const again = [await after.arrives("one"), await after.arrives("two")];
    assert.deepEqual(again, ids);
    await after.mailbox().mark(ids[0]!, { read: true }, elsewhere());
    const reply = await after.client().sync({ collections: [{ id: after.inbox, key }] });
    assert.deepEqual(reply.collections[0]?.changes.map(({ id }) => id), [ids[0]]);
    assert.deepEqual(reply.collections[0]?.adds, []);
    await after.stop();
    await before.stop();
    await storage.close();
  });
});
