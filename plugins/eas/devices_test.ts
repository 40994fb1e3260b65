// The registry of devices: what it keeps, and how seldom it writes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accounts, type Database, definePlugin } from "../../core/mod.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { easApp } from "../../tests/kit_eas.ts";
import { type Device, deviceSeen, el } from "./api.ts";
import { deviceRegistry, type Sighting } from "./devices.ts";
import { migrations } from "./migrations.ts";

const sighting: Sighting = {
  account: 1,
  id: "PHONE1",
  type: "iPhone",
  version: "14.1",
  userAgent: "Apple-iPhone15C2/2101.5",
  offer: "14.1 Sync",
  now: 1_000_000,
};

/** A database that counts its writes. */
function counting(db: Database): Database & { readonly writes: number } {
  let writes = 0;
  return {
    all: db.all.bind(db),
    run(sql, values) {
      writes++;
      return db.run(sql, values);
    },
    transaction: db.transaction.bind(db),
    close: db.close.bind(db),
    get writes() {
      return writes;
    },
  };
}

/** Runs `work` with the tables in memory. */
async function registry(work: (db: ReturnType<typeof counting>) => Promise<void>): Promise<void> {
  const db = await openSqlite(":memory:");
  for (const sql of migrations.flatMap(({ up }) => up)) await db.run(sql);
  await work(counting(db));
  await db.close();
}

test("seen() enters a device once, with all that its request tells", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    const first = await devices.seen(sighting);
    assert.equal(first.first, true);
    assert.equal(first.newOffer, false);
    const again = await devices.seen(sighting);
    assert.equal(again.first, false);
    assert.deepEqual(again.device, first.device);
    assert.deepEqual(await devices.list(), [{
      account: 1,
      id: "PHONE1",
      type: "iPhone",
      userAgent: "Apple-iPhone15C2/2101.5",
      model: "",
      os: "",
      friendlyName: "",
      phoneNumber: "",
      imei: "",
      language: "",
      operator: "",
      version: "14.1",
      versions: ["14.1"],
      firstSeen: 1_000_000,
      lastSeen: 1_000_000,
      lastSync: undefined,
    }]);
  }));

test("seen() of two requests at once finds one first", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    const both = await Promise.all([devices.seen(sighting), devices.seen(sighting)]);
    assert.deepEqual(both.map(({ first }) => first).sort(), [false, true]);
  }));

test("seen() writes nothing within a minute, and the time after it", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    await devices.seen(sighting);
    const before = db.writes;
    for (let s = 1; s < 60; s++) {
      const { device } = await devices.seen({ ...sighting, now: sighting.now + s * 1000 });
      assert.equal(device.lastSeen, sighting.now + s * 1000);
    }
    assert.equal(db.writes, before);
    await devices.seen({ ...sighting, now: sighting.now + 60_000 });
    assert.equal(db.writes, before + 1);
    assert.equal((await devices.list())[0]?.lastSeen, sighting.now + 60_000);
  }));

test("seen() writes at once what changed: version, agent, type; and tells a new offer once", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    await devices.seen(sighting);
    await devices.seen({ ...sighting, version: "16.1", userAgent: "New/2", type: "iPad" });
    const offered = await devices.seen({ ...sighting, version: "12.1", offer: "14.1 Sync,Ping" });
    assert.equal(offered.newOffer, true);
    const after = await devices.seen({ ...sighting, version: "12.1", offer: "14.1 Sync,Ping" });
    assert.equal(after.newOffer, false);
    const [device] = await devices.list();
    assert.deepEqual(device?.versions, ["12.1", "14.1", "16.1"]);
    assert.equal(device?.version, "12.1");
    assert.equal(device?.userAgent, sighting.userAgent);
  }));

test("seen() keeps the agent when a request comes without one, and at most 1024 characters of it", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    await devices.seen({ ...sighting, userAgent: "x".repeat(5000) });
    const before = db.writes;
    const { device } = await devices.seen({ ...sighting, userAgent: "x".repeat(5000) });
    assert.equal(db.writes, before);
    assert.equal(device.userAgent.length, 1024);
    assert.equal(
      (await devices.seen({ ...sighting, userAgent: "" })).device.userAgent.length,
      1024,
    );
  }));

test("devices of different accounts that share an id are two", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    await devices.seen(sighting);
    const other = await devices.seen({ ...sighting, account: 2 });
    assert.equal(other.first, true);
    await devices.forget(1);
    assert.deepEqual((await devices.list()).map(({ account }) => account), [2]);
    assert.deepEqual(await devices.list(1), []);
  }));

test("describe() keeps what is told, cut, and leaves the rest", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    const { device } = await devices.seen(sighting);
    await devices.describe(device, { model: "iPhone 15", os: "iOS 18", userAgent: "told" });
    await devices.describe(device, { os: "", friendlyName: "f".repeat(2000) });
    await devices.describe(device, {});
    const [kept] = await devices.list();
    assert.equal(kept?.model, "iPhone 15");
    assert.equal(kept?.os, "");
    assert.equal(kept?.friendlyName.length, 1024);
    assert.equal(kept?.userAgent, sighting.userAgent);
  }));

test("synced() writes once a minute", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    const { device } = await devices.seen(sighting);
    await devices.synced(device, sighting.now);
    const before = db.writes;
    const later = (await devices.seen(sighting)).device;
    await devices.synced(later, sighting.now + 59_999);
    assert.equal(db.writes, before);
    await devices.synced(later, sighting.now + 60_000);
    assert.equal((await devices.list())[0]?.lastSync, sighting.now + 60_000);
  }));

test("the account check of Android is a device that is never kept", () =>
  registry(async (db) => {
    const devices = deviceRegistry(db);
    const { device, first } = await devices.seen({ ...sighting, id: "validate" });
    assert.equal(first, false);
    await devices.describe(device, { model: "X" });
    await devices.synced(device, 5);
    assert.equal(db.writes, 0);
  }));

test("deviceSeen tells every request, and the first one as the first", async () => {
  const facts: { device: Device; first: boolean }[] = [];
  const watcher = definePlugin({
    id: "watcher",
    summary: "Notes devices",
    needs: ["eas"],
    contributes: () => [deviceSeen.of((fact) => void facts.push(fact))],
  });
  const app = await easApp({ plugins: [watcher] });
  const body = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
  await app.ask("Settings", { body });
  await app.ask("Settings", { body });
  await app.ask("Settings", { body, deviceId: "OTHER" });
  assert.deepEqual(facts.map(({ device, first }) => [device.id, first]), [
    ["PHONE1", true],
    ["PHONE1", false],
    ["OTHER", true],
  ]);
  await app.stop();
});

test("an account that is deleted leaves no devices behind", async () => {
  const app = await easApp();
  const body = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
  await app.ask("Settings", { body });
  await app.host().one(accounts).remove(app.anna.id);
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  await app.stop();
});
