// Without SmartSync: a lost answer starts the collection over, safely; everything else works as with it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { migrate } from "../../core/migrate.ts";
import { definePlugin, type Storage } from "../../core/mod.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { fakeClock, settle } from "../../tests/kit.ts";
import { asking, collection, device, held, next } from "../../tests/kit_state.ts";
import { elsewhere, type Engine, engine, type Line, line, subjects } from "../../tests/kit_sync.ts";
import { draftFields, type Phone } from "./client/mod.ts";
import { migrations } from "./migrations.ts";
import { plainState } from "./plain_state.ts";
import { Outdated, type SyncState } from "./sync_state.ts";
import { el } from "./wbxml/mod.ts";

describe("plainState()", () => {
  let db: Storage;
  let state: SyncState;
  beforeEach(async () => {
    db = await openSqlite(":memory:");
    const plugin = definePlugin({ id: "eas", summary: "", migrations, contributes: () => [] });
    await migrate(db, [plugin], fakeClock());
    state = plainState(db);
  });
  afterEach(() => db.close());

  const { open, isUnknown, items } = asking(() => state);

  it("knows the last key only", async () => {
    assert.equal(await isUnknown("1"), true);
    const one = await (await open("0")).commit(next({ state: "a", held: [held("x"), held("w")] }));
    const session = await open(one);
    assert.deepEqual([session.state, session.lost, await items(session)], [
      "a",
      undefined,
      ["w1", "x1"],
    ]);
    const two = await session.commit(next({ held: [held("y"), held("x", "2")], gone: ["w"] }));
    assert.equal(await isUnknown(one), true);
    assert.deepEqual(await items(await open(two)), ["x2", "y1"]);
    assert.deepEqual([...(await (await open(two)).held(["x", "w"])).keys()], ["x"]);
  });

  it("starts over with key 0, once the answer to it was made", async () => {
    const one = await (await open("0")).commit(next({ held: [held("x")] }));
    const again = await open("0");
    assert.deepEqual([again.state, await items(again)], [undefined, []]);
    assert.equal(await isUnknown(one), false);
    const other = await again.commit(next({ held: [held("z")] }));
    assert.equal(await isUnknown(one), true);
    assert.deepEqual(await items(await open(other)), ["z1"]);
  });

  it("refuses where another process was quicker, and leaves nothing", async () => {
    const one = await (await open("0")).commit(next());
    const [first, second] = [await open(one), await open(one)];
    const two = await first.commit(next({ held: [held("x")] }));
    await assert.rejects(second.commit(next({ held: [held("y")] })), Outdated);
    await assert.rejects(second.keep("late"), Outdated);
    assert.deepEqual(await items(await open(two)), ["x1"]);
  });

  it("keeps a state without another key, looks, lists, drops and forgets", async () => {
    const key = await (await open("0")).commit(next({ held: [held("x", "1", 5), held("y")] }));
    await (await open(key)).keep("moved on");
    const look = (await state.look(device, [collection, "other"])).get(collection)!;
    assert.deepEqual([look.state, look.keys], ["moved on", [key]]);
    assert.deepEqual(await look.heldBefore(1000, 5), [held("x", "1", 5)]);
    assert.deepEqual(await look.heldBefore(2000, 5, held("x", "1", 5)), [held("y")]);
    await state.remember(device, "ping", "text");
    assert.equal(await state.recall(device, "ping"), "text");
    await (await open("0", "sent")).commit(next());
    assert.deepEqual(await state.collections(device), ["inbox", "sent"]);
    await state.drop(device, [collection]);
    assert.deepEqual(await state.collections(device), ["sent"]);
    assert.deepEqual(await db.all("SELECT * FROM eas_plain_item"), []);
    await state.forget(1, "tablet");
    assert.deepEqual(await state.collections(device), ["sent"]);
    await state.forget(1);
    assert.deepEqual(await state.collections(device), []);
    assert.equal(await state.recall(device, "ping"), undefined);
  });
});

describe("without a plugin for the sync engine's memory", () => {
  let app: Engine;
  const nothing = definePlugin({ id: "nothing", summary: "Fills no point", contributes: () => [] });
  beforeEach(async () => void (app = await engine({}, nothing)));
  afterEach(() => app.stop());

  it("a phone syncs, changes, deletes and waits", async () => {
    const phone = await app.phone({ windowSize: 2 });
    const ids = [];
    for (let n = 0; n < 5; n++) ids.push(await app.arrives(`mail ${n}`));
    await phone.syncAll(app.inbox);
    const inbox = phone.collection(app.inbox);
    inbox.change(ids[0]!, el("Email:Read", true));
    inbox.delete(ids[1]!);
    await app.mailbox().remove(ids[2]!, elsewhere());
    await phone.syncAll(app.inbox);
    assert.deepEqual(subjects(phone, app.inbox), ["mail 0", "mail 3", "mail 4"]);
    assert.equal(inbox.items.get(ids[0]!)?.fields.get("Email:Read")?.text, "1");
    const ping = phone.ping(60, [app.inbox]);
    for (let n = 0; n < 20; n++) await settle();
    await app.arrives("mail 5");
    for (let n = 0; n < 20; n++) await settle();
    await app.clock.tick(1000);
    assert.equal((await ping).status, 2);
    await phone.syncAll(app.inbox);
    assert.deepEqual([phone.resets, inbox.anomalies], [0, []]);
  });

  it("a lost answer starts the folder over: nothing is lost, nothing comes twice", async () => {
    const wire = line();
    const phone = await app.phone({ fetch: wire.fetch });
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    await app.arrives("two");
    phone.collection(app.inbox).change(id, el("Email:Read", true));
    wire.next = "answer is lost";
    await assert.rejects(phone.sync([app.inbox]), TypeError);
    await phone.syncAll(app.inbox);
    assert.equal(phone.resets, 1);
    assert.deepEqual(subjects(phone, app.inbox), ["one", "two"]);
    assert.deepEqual(phone.collection(app.inbox).anomalies, []);
    assert.equal(
      phone.collection(app.inbox).items.get(id)?.fields.get("Email:Read")?.text,
      "1",
    );
  });

  describe("a draft whose answer was lost", () => {
    let wire: Line;
    let phone: Phone;
    let drafts: string;
    beforeEach(async () => {
      wire = line();
      phone = await app.phone({ fetch: wire.fetch });
      drafts = phone.folder(3).id;
      await phone.syncAll(drafts);
    });
    const folder = () => phone.collection(drafts);
    const loses = async () => {
      wire.next = "answer is lost";
      await assert.rejects(phone.sync([drafts]), TypeError);
    };
    const stored = async () => (await app.mailbox().list(drafts, {}, 100)).items;
    const plan = draftFields({ to: "b@example.org", subject: "Plan", text: "Tomorrow?" });

    it("is there once, under the id that it got first", async () => {
      folder().add("d1", ...plan);
      await loses();
      const { id } = (await stored())[0]!;
      await phone.syncAll(drafts);
      assert.deepEqual((await stored()).map((item) => item.id), [id]);
      assert.deepEqual([...folder().items.keys()], [id]);
      assert.equal(phone.resets, 1);
    });

    it("stays away where somebody deleted it meanwhile", async () => {
      folder().add("d1", ...plan);
      await loses();
      await app.mailbox().remove((await stored())[0]!.id, elsewhere());
      await phone.syncAll(drafts);
      assert.deepEqual([await stored(), [...folder().items.keys()]], [[], []]);
    });

    it("is another one where the device says something else under its ClientId", async () => {
      folder().add("1", ...plan);
      await phone.syncAll(drafts);
      folder().add("1", ...draftFields({ subject: "Other", text: "Never" }));
      await phone.syncAll(drafts);
      assert.deepEqual(subjects(phone, drafts), ["Other", "Plan"]);
    });

    it("is sent once, whether it was there or not", async () => {
      folder().send("d1", "new", ...plan);
      await loses();
      await phone.syncAll(drafts);
      assert.equal(app.sent.length, 1);
      folder().add("d2", ...plan);
      await phone.syncAll(drafts);
      const { id } = (await stored())[0]!;
      // A device composes a repeat anew: its words may differ.
      folder().send(id, "there", ...draftFields({ subject: "Final" }));
      await loses();
      folder().reset();
      await phone.syncAll(drafts);
      assert.deepEqual([app.sent.length, await stored(), folder().items.size], [2, [], 0]);
      assert.deepEqual(folder().responses.map(({ status }) => status).filter((s) => s !== 1), []);
    });

    it("keeps what is changed in it, though the same was said before", async () => {
      folder().add("d1", ...plan);
      await phone.syncAll(drafts);
      const { id } = (await stored())[0]!;
      for (const subject of ["One", "Two", "One"]) {
        folder().change(id, ...draftFields({ subject }));
        await phone.syncAll(drafts);
      }
      const other = await app.phone({ id: "PHONE2" });
      await other.syncAll(drafts);
      assert.deepEqual(subjects(other, drafts), ["One"]);
    });
  });
});
