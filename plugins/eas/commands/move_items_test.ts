// MoveItems: mail goes where it should, once, under an id that stays.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Unavailable } from "../../../core/mod.ts";
import { altered, documentOf } from "../../../tests/kit_eas.ts";
import { day, elsewhere, type Engine, engine, line, subjects } from "../../../tests/kit_sync.ts";
import { type EditsFolders, type Mailbox, Refused } from "../../mailbox/api.ts";
import type { Phone } from "../client/mod.ts";
import { el, type Element } from "../wbxml/mod.ts";

describe("MoveItems", () => {
  let app: Engine;
  let archive: string;
  /** What the mailbox does in place of a move. */
  let instead: Mailbox["move"] | undefined;
  beforeEach(async () => {
    instead = undefined;
    app = await engine({
      wrap: (inner) =>
        altered(inner, { move: (...args) => (instead ?? inner.move.bind(inner))(...args) }),
    });
    const { changes } = await app.mailbox().folders(undefined);
    archive = changes.find(({ folder }) => folder?.role === "archive")!.id;
  });
  afterEach(() => app.stop());

  const statuses = (moved: readonly { status: number }[]) => moved.map(({ status }) => status);
  const synced = async (phone: Phone, ...ids: string[]) => {
    for (const id of ids) await phone.syncAll(id);
  };
  const move = (id: string, from: string, to: string) => app.client().moveItems([{ id, from, to }]);
  const http = async (...moves: Element[]) =>
    (await app.ask("MoveItems", { version: "12.1", body: el("Move:MoveItems", ...moves) })).status;

  it("moves mail, and the next Syncs tell its end and its new id exactly once", async () => {
    const id = await app.arrives("one", { marks: { read: true } });
    const phone = await app.phone(), other = await app.phone({ id: "PHONE2" });
    for (const one of [phone, other]) await synced(one, app.inbox, archive);
    const [moved] = await phone.move([id], app.inbox, archive);
    assert.deepEqual([moved?.id, moved?.status], [id, 3]);
    for (const one of [phone, other]) {
      const source = (await one.sync([app.inbox])).collections[0];
      assert.deepEqual([source?.deletes, source?.adds], [[id], []]);
      const target = (await one.sync([archive])).collections[0];
      assert.deepEqual(target?.adds.map((item) => item.id), [moved?.newId]);
      assert.equal((await one.sync([app.inbox, archive])).empty, true);
      assert.deepEqual([subjects(one, app.inbox), subjects(one, archive)], [[], ["one"]]);
      const anomalies = [app.inbox, archive].flatMap((box) => one.collection(box).anomalies);
      assert.deepEqual(anomalies, []);
    }
  });

  it("whose answer was lost answers the same again, also much later", async () => {
    const id = await app.arrives("one");
    const wire = line();
    const phone = await app.phone({ fetch: wire.fetch });
    await synced(phone, app.inbox, archive);
    wire.next = "answer is lost";
    await assert.rejects(phone.move([id], app.inbox, archive));
    const first = await phone.move([id], app.inbox, archive);
    await app.clock.tick(13 * day);
    const second = await phone.move([id], app.inbox, archive);
    assert.deepEqual([first, statuses(first)], [second, [3]]);
    await synced(phone, app.inbox, archive);
    assert.deepEqual([...phone.collection(archive).items.keys()], [first[0]?.newId]);
  });

  it("that a second phone does as well gives it the same new id", async () => {
    const id = await app.arrives("one");
    const phones = [await app.phone(), await app.phone({ id: "PHONE2" })];
    for (const phone of phones) await synced(phone, app.inbox, archive);
    const [one] = await phones[0]!.move([id], app.inbox, archive);
    const [two] = await phones[1]!.move([id], app.inbox, archive);
    assert.deepEqual([two, two?.status], [one, 3]);
    for (const phone of phones) {
      await synced(phone, app.inbox, archive);
      assert.deepEqual([...phone.collection(archive).items.keys()], [one?.newId]);
    }
  });

  it("that was done is done, also where its folder is gone meanwhile", async () => {
    const edits = app.mailbox() as unknown as EditsFolders;
    const place = { name: "Short", parent: undefined, class: "mail" as const };
    const short = await edits.createFolder(place, elsewhere());
    const id = await app.arrives("one", { folder: short.id });
    const [moved] = await move(id, short.id, archive);
    await edits.removeFolder(short.id);
    assert.deepEqual(await move(id, short.id, archive), [moved]);
  });

  it("that was cut off in the middle moves the rest when it is repeated", async () => {
    const ids = [];
    for (const name of ["a", "b", "c"]) ids.push(await app.arrives(name));
    const orders = ids.map((id) => ({ id, from: app.inbox, to: archive }));
    let count = 0;
    const inner = app.mailbox();
    instead = async (id, to, token) => {
      if (++count === 3) throw new Error("the power fails");
      const own = instead;
      instead = undefined;
      const moved = await inner.move(id, to, token);
      instead = own;
      return moved;
    };
    await assert.rejects(app.client().moveItems(orders), { status: 111 });
    instead = undefined;
    assert.deepEqual(statuses(await app.client().moveItems(orders)), [3, 3, 3]);
    assert.equal(await app.mailbox().count(archive, {}), 3);
    assert.equal(await app.mailbox().count(app.inbox, {}), 0);
  });

  it("has the documented status for each thing that is wrong, item by item", async () => {
    const [one, two] = [await app.arrives("one"), await app.arrives("two")];
    const orders = [
      { id: one, from: archive, to: app.trash },
      { id: "1:9999", from: app.inbox, to: archive },
      { id: one, from: app.inbox, to: "999" },
      { id: one, from: app.inbox, to: app.inbox },
      { id: two, from: app.inbox, to: archive },
    ];
    const moved = [];
    for (const order of orders) moved.push(...await app.client().moveItems([order]));
    assert.deepEqual(statuses(moved), [1, 1, 2, 4, 3]);
    assert.deepEqual(moved.map(({ newId }) => newId === undefined), [
      true,
      true,
      true,
      true,
      false,
    ]);
    const gone = await move("1:9999", app.inbox, "999");
    assert.deepEqual(statuses(gone), [2]);
    assert.equal(await app.mailbox().count(app.inbox, {}), 1);
  });

  it("has status 5 for the second of two destinations, and the same answer for a repeat", async () => {
    const id = await app.arrives("one");
    const orders = [
      { id, from: app.inbox, to: archive },
      { id, from: app.inbox, to: app.trash },
      { id, from: app.inbox, to: archive },
    ];
    const first = await app.client().moveItems(orders);
    assert.deepEqual(statuses(first), [3, 5, 3]);
    assert.equal(first[0]?.newId, first[2]?.newId);
    assert.deepEqual(await app.client().moveItems(orders), first);
  });

  it("has status 5 where the mailbox refuses, and 7 where it is away after a part", async () => {
    const [one, two] = [await app.arrives("one"), await app.arrives("two")];
    instead = () => Promise.reject(new Refused("readonly", "Cannot move"));
    assert.deepEqual(statuses(await move(one, app.inbox, archive)), [5]);
    const away = () => Promise.reject(new Unavailable("Cannot reach it"));
    instead = away;
    await assert.rejects(move(one, app.inbox, archive), { status: 111 });
    instead = async (id, to, token) => {
      instead = undefined;
      const moved = await app.mailbox().move(id, to, token);
      instead = away;
      return moved;
    };
    const orders = [one, two].map((id) => ({ id, from: app.inbox, to: archive }));
    const part = await app.client().moveItems(orders);
    assert.deepEqual(statuses(part), [3, 7]);
    instead = undefined;
    const rest = await app.client().moveItems(orders);
    assert.deepEqual([statuses(rest), rest[0]?.newId], [[3, 3], part[0]?.newId]);
  });

  it("takes 1000 items and refuses more, none, and one without an id", async () => {
    const one = (id: string) =>
      el(
        "Move:Move",
        el("Move:SrcMsgId", id),
        el("Move:SrcFldId", app.inbox),
        el("Move:DstFldId", archive),
      );
    const many = (count: number) => Array.from({ length: count }, (_, n) => one(`1:${90_000 + n}`));
    assert.equal(await http(...many(1000)), 200);
    assert.equal(await http(...many(1001)), 400);
    assert.equal(await http(), 400);
    assert.equal(await http(one("")), 400);
    assert.equal(await http(one("x".repeat(65))), 400);
    const body = el("Move:MoveItems", ...many(1001));
    const document = await documentOf(await app.ask("MoveItems", { body }));
    assert.equal(document.textOf("Move:Status"), "103");
    const empty = await documentOf(await app.ask("MoveItems"));
    assert.equal(empty.textOf("Move:Status"), "101");
  });

  it("wakes waits, because the next Sync brings its Delete and Add", async () => {
    const id = await app.arrives("one");
    const phone = await app.phone();
    await synced(phone, app.inbox, archive);
    const ping = phone.ping(60, [app.inbox, archive]);
    await app.clock.tick(10);
    await phone.move([id], app.inbox, archive);
    assert.deepEqual([(await ping).status, (await ping).folders], [2, [app.inbox, archive]]);
  });

  describe("by Outlook for Windows, which keeps what it moved", () => {
    let outlook: Phone;
    let id: string;
    beforeEach(async () => {
      outlook = await app.phone({ type: "WindowsOutlook15", version: "14.0" });
      id = await app.arrives("one");
      await app.arrives("stays");
      await synced(outlook, app.inbox, archive);
    });
    /** It keeps its own copy, under the new id. */
    const moves = async () => {
      const item = outlook.collection(app.inbox).items.get(id)!;
      const [moved] = await outlook.move([id], app.inbox, archive);
      outlook.collection(archive).items.set(moved!.newId!, { ...item, id: moved!.newId! });
      return moved!.newId!;
    };
    const whole = () => {
      const boxes = [app.inbox, archive].map((box) => outlook.collection(box));
      assert.deepEqual(boxes.flatMap(({ anomalies }) => anomalies), []);
      return boxes.map(({ id: box }) => subjects(outlook, box));
    };

    it("adds nothing there, neither at once nor with later mail", async () => {
      await moves();
      assert.deepEqual(
        await outlook.client.getItemEstimate({
          collectionId: archive,
          key: outlook.collection(archive).key,
          class: "Email",
        }).then(({ estimate }) => estimate),
        0,
      );
      await synced(outlook, app.inbox, archive);
      assert.deepEqual(whole(), [["stays"], ["one"]]);
      await app.arrives("later", { folder: archive });
      const reply = await outlook.sync([archive]);
      assert.equal(reply.collections[0]?.adds.length, 1);
      await synced(outlook, archive);
      assert.deepEqual(whole(), [["stays"], ["later", "one"]]);
      const left = await app.db.all("SELECT 1 FROM smartsync_memory WHERE name = 'movedIn'");
      assert.deepEqual(left, [], "nothing is left over");
    });

    it("tells changes and the end of what it kept", async () => {
      const now = await moves();
      await app.mailbox().mark(now, { read: true }, elsewhere());
      const changed = (await outlook.sync([archive])).collections[0];
      assert.deepEqual(changed?.changes.map((item) => item.id), [now]);
      await app.mailbox().remove(now, elsewhere());
      const gone = (await outlook.sync([archive])).collections[0];
      assert.deepEqual(gone?.deletes, [now]);
      await synced(outlook, app.inbox, archive);
      assert.deepEqual(whole(), [["stays"], []]);
    });

    it("does so where answers are lost, too", async () => {
      const wire = line();
      const lossy = app.client({ type: "WindowsOutlook15", version: "14.0", fetch: wire.fetch });
      Object.assign(outlook, { client: lossy });
      await moves();
      await app.arrives("later", { folder: archive });
      for (let n = 0; n < 2; n++) {
        wire.next = "answer is lost";
        await assert.rejects(outlook.sync([archive]));
      }
      await synced(outlook, archive, app.inbox);
      assert.deepEqual(whole(), [["stays"], ["later", "one"]]);
    });

    it("takes its own changes of what it kept without an echo", async () => {
      const now = await moves();
      outlook.collection(archive).change(now, el("Email:Read", 1));
      const reply = await outlook.sync([archive]);
      assert.deepEqual(reply.collections[0]?.changes ?? [], []);
      outlook.collection(archive).delete(now);
      await synced(outlook, archive, app.inbox, archive);
      assert.deepEqual(whole(), [["stays"], []]);
    });

    it("brings everything again to a folder that starts over", async () => {
      const now = await moves();
      outlook.collection(archive).reset();
      await synced(outlook, archive);
      assert.deepEqual([...outlook.collection(archive).items.keys()], [now]);
    });

    it("wakes no wait in the folder that it moved to", async () => {
      await moves();
      await synced(outlook, app.inbox);
      const ping = outlook.ping(60, [archive]);
      await app.clock.tick(10);
      await app.clock.tick(60_000);
      assert.equal((await ping).status, 1);
    });
  });
});
