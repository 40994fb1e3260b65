// Changes in both directions: what is told, to whom, in which words, and what is not told.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered, documentOf, shown } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, subjects } from "../../../../tests/kit_sync.ts";
import { definePlugin } from "../../../../core/mod.ts";
import { type Mailbox, Refused } from "../../../mailbox/api.ts";
import { itemFailed } from "../../api.ts";
import type { Phone } from "../../client/mod.ts";
import { el, type Element } from "../../wbxml/element.ts";

const read = (value: boolean) => el("Email:Read", value);
const flag = el("Email:Flag", el("Email:Status", 2), el("Email:FlagType", "Follow up"));

async function* breaking(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    yield piece.subarray(0, 10);
    throw new Error("the disk has a hole");
  }
}

describe("changes", () => {
  let app: Engine;
  let phone: Phone;
  let refuse: Refused | undefined;
  beforeEach(async () => {
    refuse = undefined;
    const checked = () => {
      if (refuse) throw refuse;
    };
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          mark: (...given) => (checked(), inner.mark(...given)),
          move: (...given) => (checked(), inner.move(...given)),
        }),
    });
    phone = await app.phone();
  });
  afterEach(() => app.stop());

  const inbox = (of = phone) => of.collection(app.inbox);
  const stateOf = async (id: string) => {
    for await (const item of app.mailbox().read([id], {})) return item.state;
    throw new Error(`no item ${id}`);
  };
  const listed = async (folder: string) => (await app.mailbox().list(folder, {}, 100)).items;
  /** One Sync; the only collection of its answer. */
  const told = async (of = phone) => {
    const reply = await of.sync([app.inbox]);
    const [part] = reply.collections;
    const ids = (items: readonly { id: string }[] | undefined) => items?.map(({ id }) => id) ?? [];
    return {
      empty: reply.empty,
      adds: ids(part?.adds),
      changes: part?.changes ?? [],
      deletes: part?.deletes ?? [],
      statuses: part?.responses.map(({ kind, status }) => `${kind} ${status}`) ?? [],
    };
  };
  const nothing = { empty: true, adds: [], changes: [], deletes: [], statuses: [] };
  const names = (fields: readonly Element[] | undefined) => fields?.map(({ tag }) => tag);

  async function oneMail(marks = {}): Promise<string> {
    const id = await app.arrives("one", { marks });
    await phone.syncAll(app.inbox);
    return id;
  }

  it("nothing changed: an empty answer, and no key moves", async () => {
    await oneMail();
    const { key } = inbox();
    assert.deepEqual(await told(), nothing);
    assert.equal(inbox().key, key);
  });

  it("a mark made elsewhere comes alone, without the rest of the mail", async () => {
    const id = await oneMail();
    await app.mailbox().mark(id, { read: true }, elsewhere());
    const { changes } = await told();
    assert.deepEqual(names(changes[0]?.fields), ["Email:Read"]);
    await app.mailbox().mark(
      id,
      { flag: { status: "active" }, keywords: ["Blue"] },
      elsewhere(),
    );
    assert.deepEqual(names((await told()).changes[0]?.fields), ["Email:Flag", "Email:Categories"]);
    await app.mailbox().mark(id, { answered: true }, elsewhere());
    const whole = names((await told()).changes[0]?.fields) ?? [];
    assert.ok(whole.includes("Email:Subject") && whole.includes("AirSyncBase:Body"));
  });

  it("categories are no change for 12.1, which does not know them", async () => {
    const old = await app.phone({ id: "OLD", version: "12.1" });
    const id = await oneMail();
    await old.syncAll(app.inbox);
    await app.mailbox().mark(id, { keywords: ["Blue"] }, elsewhere());
    assert.equal((await told(old)).empty, true);
    assert.equal((await told()).changes.length, 1);
  });

  it("its own change is not echoed, but what somebody else did to the same mail is told", async () => {
    const id = await oneMail();
    inbox().change(id, read(true));
    // Between the phone's last Sync and its command.
    await app.mailbox().mark(id, { flag: { status: "active" } }, elsewhere());
    const { changes, statuses } = await told();
    assert.deepEqual(statuses, []);
    assert.deepEqual(names(changes[0]?.fields), ["Email:Flag"]);
    assert.equal((await stateOf(id)).marks.read, true);
    assert.deepEqual(await told(), nothing);
  });

  it("its own changes wake no Ping and bring no Change, also those of several in one request", async () => {
    const id = await oneMail();
    // This phone would send them one by one; others do not.
    const commands = [read(true), flag, read(false)].map((field) =>
      el("AirSync:Change", el("AirSync:ServerId", id), el("AirSync:ApplicationData", field))
    );
    const { key } = inbox();
    const reply = await phone.client.sync({ collections: [{ id: app.inbox, key, commands }] });
    assert.deepEqual(reply.collections[0]?.changes, []);
    inbox().apply(reply.collections[0]!);
    assert.deepEqual(await told(), nothing);
    const { marks } = await stateOf(id);
    assert.deepEqual([marks.read, marks.flag?.status], [false, "active"]);
  });

  it("an answered Change carries a new key, so that a repeat can be told from a new command", async () => {
    const id = await oneMail();
    const { key } = inbox();
    inbox().change(id, read(true));
    const reply = await phone.sync([app.inbox]);
    assert.equal(reply.empty, false);
    assert.notEqual(inbox().key, key);
  });

  it("two phones see each other's changes", async () => {
    const tablet = await app.phone({ id: "TABLET" });
    const id = await oneMail();
    await tablet.syncAll(app.inbox);
    inbox().change(id, read(true));
    await told();
    assert.deepEqual((await told(tablet)).changes.map((one) => one.id), [id]);
    inbox(tablet).delete(id);
    await told(tablet);
    assert.deepEqual((await told()).deletes, [id]);
    assert.equal((await told(tablet)).empty, true);
  });

  it("Delete moves into the trash; told not to, or in the trash, it removes", async () => {
    const id = await oneMail();
    inbox().delete(id);
    await told();
    const [moved] = await listed(app.trash);
    await phone.syncAll(app.trash);
    phone.collection(app.trash).delete(moved!.id);
    await phone.syncAll(app.trash);
    assert.deepEqual(await listed(app.trash), []);
    const other = await oneMail();
    await phone.client.sync({
      collections: [{
        id: app.inbox,
        key: inbox().key,
        deletesAsMoves: false,
        commands: [el("AirSync:Delete", el("AirSync:ServerId", other))],
      }],
    });
    assert.deepEqual([await listed(app.inbox), await listed(app.trash)], [[], []]);
  });

  it("Delete of what somebody removed already succeeds; of what never was there has status 8", async () => {
    const id = await oneMail();
    await app.mailbox().remove(id, elsewhere());
    inbox().delete(id);
    assert.deepEqual((await told()).statuses, []);
    inbox().delete("1:999");
    assert.deepEqual((await told()).statuses, ["Delete 8"]);
  });

  it("Change of what was deleted has status 8, and the Delete follows", async () => {
    const id = await oneMail();
    await app.mailbox().remove(id, elsewhere());
    inbox().change(id, read(true));
    const { statuses, deletes } = await told();
    assert.deepEqual([statuses, deletes], [["Change 8"], [id]]);
  });

  it("Change of what a mail does not let change has status 6 and changes nothing", async () => {
    const id = await oneMail();
    inbox().change(id, read(true), el("Email:Subject", "other"));
    assert.deepEqual((await told()).statuses, ["Change 6"]);
    assert.equal((await stateOf(id)).marks.read, false);
  });

  it("Add of a mail has status 6", async () => {
    await oneMail();
    for (const version of ["12.1", "14.1", "16.1"] as const) {
      const other = await app.phone({ id: `P${version.replace(".", "")}`, version });
      await other.syncAll(app.inbox);
      inbox(other).add("c1", el("Email:Subject", "draft"));
      const reply = await other.sync([app.inbox]);
      assert.deepEqual(
        reply.collections[0]?.responses.map(({ clientId, status }) => [clientId, status]),
        [["c1", 6]],
      );
    }
  });

  it("where both set the same mark the server wins with status 7, unless the client shall", async () => {
    const id = await oneMail();
    const ask = async (conflict: 0 | 1) => {
      const { key } = inbox();
      const command = el(
        "AirSync:Change",
        el("AirSync:ServerId", id),
        el("AirSync:ApplicationData", flag),
      );
      const reply = await phone.client.sync({
        collections: [{ id: app.inbox, key, commands: [command], options: { conflict } }],
      });
      inbox().key = reply.collections[0]!.key!;
      return reply.collections[0]!;
    };
    await app.mailbox().mark(id, { flag: { status: "complete" } }, elsewhere());
    const refused = await ask(1);
    assert.deepEqual(refused.responses.map(({ status }) => status), [7]);
    assert.deepEqual(names(refused.changes[0]?.fields), ["Email:Flag"]);
    assert.equal((await stateOf(id)).marks.flag?.status, "complete");
    await app.mailbox().mark(id, { flag: undefined }, elsewhere());
    const won = await ask(0);
    assert.deepEqual([won.responses, won.changes], [[], []]);
    assert.equal((await stateOf(id)).marks.flag?.status, "active");
  });

  it("both setting a mark to the same is no conflict", async () => {
    const id = await oneMail();
    await app.mailbox().mark(id, { read: true }, elsewhere());
    inbox().change(id, read(true));
    const { statuses, changes } = await told();
    assert.deepEqual([statuses, changes], [[], []]);
  });

  it("what the store refuses is turned back on the phone", async () => {
    const id = await oneMail();
    refuse = new Refused("readonly", "Cannot change this folder: it is read-only");
    inbox().change(id, read(true));
    const changed = await told();
    assert.deepEqual(changed.statuses, ["Change 7"]);
    assert.deepEqual(changed.changes.map(({ fields }) => fields[0]?.text), ["0"]);
    inbox().delete(id);
    const deleted = await told();
    assert.deepEqual([deleted.statuses, deleted.adds], [["Delete 7"], [id]]);
    assert.deepEqual(subjects(phone, app.inbox), ["one"]);
  });

  it("Fetch brings one item, or status 8, in Responses", async () => {
    const id = await oneMail();
    const fetch = (item: string) => el("AirSync:Fetch", el("AirSync:ServerId", item));
    const reply = await phone.client.sync({
      collections: [{ id: app.inbox, key: inbox().key, commands: [fetch(id), fetch("1:999")] }],
    });
    const [found, missing] = reply.collections[0]!.responses;
    assert.deepEqual([found?.id, found?.status], [id, 1]);
    assert.ok(found?.fields.some(({ tag }) => tag === "AirSyncBase:Body"));
    assert.deepEqual([missing?.id, missing?.status], ["1:999", 8]);
  });

  it("GetChanges 0 sends commands only, and nothing is forgotten", async () => {
    const id = await oneMail();
    await app.arrives("two");
    inbox().change(id, read(true));
    const reply = await phone.sync([app.inbox], { getChanges: false });
    assert.deepEqual(reply.collections[0]?.adds, []);
    assert.equal((await told()).adds.length, 1);
  });

  it("a mail that cannot be converted goes out as a stub, and the next one whole", async () => {
    const bad = await app.arrives("bad"), good = await app.arrives("good");
    const failed: string[] = [];
    const other = await engine({
      plugins: [definePlugin({
        id: "watcher",
        summary: "Hears of failed items",
        needs: ["eas"],
        contributes: () => [
          itemFailed.of(({ item, reason }) => void failed.push(`${item} ${reason}`)),
        ],
      })],
      wrap: (inner: Mailbox) =>
        altered(inner, {
          async *read(items, want) {
            for await (const item of inner.read(items, want)) {
              if (item.id !== bad) yield item;
              else yield { ...item, mail: undefined, problem: "the text is broken" };
            }
          },
        }),
    });
    assert.deepEqual([await other.arrives("bad"), await other.arrives("good")], [bad, good]);
    const handset = await other.phone();
    await handset.syncAll(other.inbox);
    const items = handset.collection(other.inbox).items;
    assert.deepEqual([...items.keys()].sort(), [bad, good].sort());
    const body = items.get(bad)!.fields.get("AirSyncBase:Body");
    assert.match(body?.textOf("AirSyncBase:Data") ?? "", /could not be prepared[\s\S]*broken/);
    assert.ok(items.get(bad)!.fields.get("AirSyncBase:Attachments"));
    assert.deepEqual(failed, [`${bad} the text is broken`]);
    await other.stop();
  });

  it("a mail whose MIME breaks off while it is sent comes as a stub with the repeat", async () => {
    let bad = "";
    const other = await engine({
      wrap: (inner: Mailbox) =>
        altered(inner, {
          async part(item, part, range) {
            const found = await inner.part(item, part, range);
            if (item !== bad) return found;
            return { ...found, bytes: breaking(found.bytes) };
          },
        }),
    });
    bad = await other.arrives("bad");
    const good = await other.arrives("good");
    const bodies = [{ type: 4 as const }];
    const handset = await other.phone({ options: { mimeSupport: 2, bodies } });
    await handset.sync([other.inbox]);
    await assert.rejects(handset.sync([other.inbox]));
    await handset.syncAll(other.inbox);
    const { items } = handset.collection(other.inbox);
    const typeOf = (id: string) =>
      items.get(id)?.fields.get("AirSyncBase:Body")?.textOf("AirSyncBase:Type");
    assert.deepEqual([typeOf(bad), typeOf(good)], ["1", "4"]);
    await other.stop();
  });

  it("the document has its parts where clients look for them", async () => {
    await oneMail();
    await app.arrives("two");
    await app.arrives("three");
    const { key } = inbox();
    const body = el(
      "AirSync:Sync",
      el(
        "AirSync:Collections",
        el(
          "AirSync:Collection",
          el("AirSync:SyncKey", key),
          el("AirSync:CollectionId", app.inbox),
          el("AirSync:WindowSize", 1),
          el("AirSync:Commands", el("AirSync:Delete", el("AirSync:ServerId", "1:999"))),
        ),
      ),
    );
    const document = await documentOf(await app.ask("Sync", { body }));
    const collection = document.child("AirSync:Collections")!.child("AirSync:Collection")!;
    assert.deepEqual(collection.children.map(({ tag }) => tag), [
      "AirSync:SyncKey",
      "AirSync:CollectionId",
      "AirSync:Status",
      "AirSync:MoreAvailable",
      "AirSync:Responses",
      "AirSync:Commands",
    ]);
    assert.equal(
      shown(collection.child("AirSync:Responses")!),
      "AirSync:Responses\n  AirSync:Delete\n    AirSync:ServerId 1:999\n    AirSync:Status 8\n",
    );
  });
});
