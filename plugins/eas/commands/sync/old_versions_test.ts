// Sync in 2.5 and 12.0: what it asks for by tags, what it always answers, what it does not know.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { documentOf } from "../../../../tests/kit_eas.ts";
import { type Engine, engine, line, subjects } from "../../../../tests/kit_sync.ts";
import { el, type Element } from "../../wbxml/element.ts";

describe("Sync before 12.1", () => {
  let app: Engine;
  beforeEach(async () => {
    app = await engine({ config: { eas: { maxFolders: 2 } } });
  });
  afterEach(() => app.stop());

  const collection = (key: string, ...more: Element[]) =>
    el(
      "AirSync:Collection",
      el("AirSync:Class", "Email"),
      el("AirSync:SyncKey", key),
      el("AirSync:CollectionId", app.inbox),
      ...more,
    );
  const request = (collections: Element[], ...more: Element[]) =>
    el("AirSync:Sync", el("AirSync:Collections", ...collections), ...more);
  const ask = async (version: string, body: Element, from: Engine = app) =>
    await documentOf(await from.ask("Sync", { version, body }));
  const parts = (document: Element) => document.child("AirSync:Collections")!.children;
  const one = async (version: string, body: Element) => parts(await ask(version, body))[0]!;
  const keyOf = (part: Element) => part.textOf("AirSync:SyncKey")!;
  const get = el("AirSync:GetChanges");
  const told = (part: Element, kind = "AirSync:Add") =>
    part.child("AirSync:Commands")?.all(kind as "AirSync:Add")
      .map((command) => command.textOf("AirSync:ServerId")) ?? [];

  /** The key of a device that has all of the inbox. */
  async function synced(version: string): Promise<string> {
    const first = await one(version, request([collection("0")]));
    return keyOf(await one(version, request([collection(keyOf(first), get)])));
  }
  const change = (id: string) =>
    el(
      "AirSync:Commands",
      el(
        "AirSync:Change",
        el("AirSync:ServerId", id),
        el("AirSync:ApplicationData", el("Email:Read", 1)),
      ),
    );
  const remove = (id: string) =>
    el("AirSync:Commands", el("AirSync:Delete", el("AirSync:ServerId", id)));

  it("says the class of each collection, first of all, whatever its status", async () => {
    for (const version of ["2.5", "12.0"]) {
      for (const key of ["0", "unknown"]) {
        const [first] = (await one(version, request([collection(key)]))).children;
        assert.equal(first?.tag, "AirSync:Class");
        assert.equal(first.text, "Email");
      }
    }
    const part = await one("12.1", request([collection("0")]));
    assert.equal(part.child("AirSync:Class"), undefined);
  });

  it("takes a collection without its class, except by the letter of the specification", async () => {
    const bare = () =>
      request([
        el(
          "AirSync:Collection",
          el("AirSync:SyncKey", "0"),
          el("AirSync:CollectionId", app.inbox),
        ),
      ]);
    for (const version of ["2.5", "12.0"]) {
      assert.equal((await one(version, bare())).textOf("AirSync:Status"), "1");
    }
    const strict = await engine({ config: { eas: { strict: true } } });
    const status = async (version: string) =>
      parts(await ask(version, bare(), strict))[0]!.textOf("AirSync:Status");
    assert.deepEqual([await status("2.5"), await status("12.0"), await status("12.1")], [
      "4",
      "4",
      "1",
    ]);
    await strict.stop();
  });

  it("refuses another class than mail for a folder of mail", async () => {
    const body = request([
      el(
        "AirSync:Collection",
        el("AirSync:Class", "Contacts"),
        el("AirSync:SyncKey", "0"),
        el("AirSync:CollectionId", app.inbox),
      ),
    ]);
    assert.equal((await one("2.5", body)).textOf("AirSync:Status"), "4");
  });

  it("answers with a body where nothing is new, and under the same key", async () => {
    for (const version of ["2.5", "12.0"]) {
      const key = await synced(version);
      const part = await one(version, request([collection(key, get)]));
      assert.equal(keyOf(part), key);
      assert.equal(part.textOf("AirSync:Status"), "1");
      assert.equal(part.child("AirSync:Commands"), undefined);
    }
  });

  it("has no empty request, no Partial, no Wait and no limits to tell", async () => {
    for (const version of ["2.5", "12.0"]) {
      const key = await synced(version);
      assert.equal((await app.ask("Sync", { version })).status, 400);
      const partial = await ask(version, el("AirSync:Sync", el("AirSync:Partial")));
      assert.equal(partial.textOf("AirSync:Status"), "4");
      // Were it to wait, nothing would come: the clock stands still.
      const part = await one(version, request([collection(key, get)], el("AirSync:Wait", 5)));
      assert.equal(part.textOf("AirSync:Status"), "1");
      const many = [app.inbox, app.trash, "another"].map((id) =>
        el("AirSync:Collection", el("AirSync:SyncKey", "0"), el("AirSync:CollectionId", id))
      );
      const refused = await ask(version, request(many));
      assert.deepEqual(refused.children.map(({ tag, text }) => [tag, text]), [
        ["AirSync:Status", "4"],
      ]);
    }
  });

  it("answers each collection within its own window", async () => {
    await app.arrives("One");
    await app.arrives("Two");
    await app.arrives("Three", { folder: app.trash });
    const both = (keys: string[], ...more: Element[]) =>
      request([app.inbox, app.trash].map((id, index) =>
        el(
          "AirSync:Collection",
          el("AirSync:Class", "Email"),
          el("AirSync:SyncKey", keys[index]!),
          el("AirSync:CollectionId", id),
          ...more,
        )
      ));
    const keys = parts(await ask("2.5", both(["0", "0"]))).map(keyOf);
    const narrow = both(keys, get, el("AirSync:WindowSize", 1));
    const capped = el("AirSync:Sync", ...narrow.children, el("AirSync:WindowSize", 1));
    const answered = parts(await ask("2.5", capped));
    assert.deepEqual(answered.map((part) => told(part).length), [1, 1]);
    assert.deepEqual(
      answered.map((part) => part.child("AirSync:MoreAvailable") !== undefined),
      [true, false],
    );
  });

  it("asks for changes in 2.5 by the tag, or by sending nothing else", async () => {
    const id = await app.arrives("One");
    const key = await synced("2.5");
    const fresh = await app.arrives("Two");
    const silent = await one("2.5", request([collection(key, change(id))]));
    assert.deepEqual(told(silent), []);
    const bare = await one("2.5", request([collection(keyOf(silent))]));
    assert.deepEqual(told(bare), [fresh]);
    const newest = await app.arrives("Three");
    const both = await one("2.5", request([collection(keyOf(bare), get, change(fresh))]));
    assert.deepEqual(told(both), [newest]);
    // Since 12.0 changes come unless they are refused.
    const later = await synced("12.0");
    const last = await app.arrives("Four");
    assert.deepEqual(told(await one("12.0", request([collection(later, change(fresh))]))), [last]);
  });

  it("moves deleted mail to the trash in 2.5 only where the tag says so", async () => {
    const moves = el("AirSync:DeletesAsMoves");
    const inTrash = async () => (await app.mailbox().list(app.trash, {}, 10)).items.length;
    const [kept, gone] = [await app.arrives("Kept"), await app.arrives("Gone")];
    const key = await synced("2.5");
    const first = await one("2.5", request([collection(key, moves, remove(kept))]));
    assert.equal(await inTrash(), 1);
    await one("2.5", request([collection(keyOf(first), remove(gone))]));
    assert.equal(await inTrash(), 1);
    const other = await app.arrives("Other");
    await one("12.0", request([collection(await synced("12.0"), remove(other))]));
    assert.equal(await inTrash(), 2);
  });

  it("repeats a lost answer under its key, and does nothing twice", async () => {
    for (const version of ["2.5", "12.0"] as const) {
      const wire = line();
      const phone = await app.phone({ id: `OLD${version.length}`, version, fetch: wire.fetch });
      const id = await app.arrives(`For ${version}`);
      await phone.syncAll(app.inbox);
      const fresh = await app.arrives(`More for ${version}`);
      phone.collection(app.inbox).delete(id);
      wire.next = "answer is lost";
      await assert.rejects(phone.syncAll(app.inbox), TypeError);
      await phone.syncAll(app.inbox);
      assert.ok(phone.collection(app.inbox).items.has(fresh));
      assert.ok(!phone.collection(app.inbox).items.has(id));
      assert.deepEqual(phone.collection(app.inbox).anomalies, []);
      assert.equal(phone.resets, 0);
      assert.ok(subjects(phone, app.inbox).includes(`More for ${version}`));
    }
  });
});
