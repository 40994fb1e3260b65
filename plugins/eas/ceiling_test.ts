// Version ceilings: which clients they are for, which of several holds, and how a device hears of one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accounts, CliError, type Database } from "../../core/mod.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { fakeClock } from "../../tests/kit.ts";
import { basic, documentOf, type EasApp, easApp, runEas } from "../../tests/kit_eas.ts";
import { el } from "./api.ts";
import { accountCeilings, fits, lowestCeiling, parseClientCeiling } from "./ceiling.ts";
import { migrations } from "./migrations.ts";

const information = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
const client = (type: string, userAgent = "") => ({ types: [type], userAgent });

test("a pattern fits a whole DeviceType or User-Agent, in any case, with * for any text", () => {
  assert.ok(fits("iPhone", client("iphone")));
  assert.ok(fits("WindowsOutlook*", client("WindowsOutlook15")));
  assert.ok(fits("*Android-Mail/*", client("x", "Android-Mail/2023.01.15")));
  assert.ok(fits("Outlook/16.0 (*)", client("x", "Outlook/16.0 (16.0.1; Microsoft Outlook)")));
  assert.ok(!fits("iPhone", client("iPhone15")));
  assert.ok(!fits("Outlook/16.0", client("x", "Outlook/16x0")), "a point is a point");
  assert.ok(!fits("*", client("", "")), "of nobody nothing is known");
});

test("an option is a pattern and a version", () => {
  assert.deepEqual(parseClientCeiling(" Outlook/15.0 (*) 14.0 "), {
    pattern: "Outlook/15.0 (*)",
    version: "14.0",
  });
  for (const text of ["", "14.0", "iPhone", "iPhone 13.0", "iPhone=14.0"]) {
    assert.equal(parseClientCeiling(text), undefined, text);
  }
});

test("the lowest ceiling holds", () => {
  const clients = ["iPhone 14.1", "*Apple* 14.0", "SAMSUNG* 12.1"];
  const phone = client("iPhone", "Apple-iPhone15C2/2205.100");
  assert.equal(lowestCeiling("16.1", clients, undefined, client("Test")), "16.1");
  assert.equal(lowestCeiling("16.1", clients, undefined, client("iPhone")), "14.1");
  assert.equal(lowestCeiling("16.1", clients, undefined, phone), "14.0");
  assert.equal(lowestCeiling("16.1", clients, "12.1", phone), "12.1");
  assert.equal(lowestCeiling("12.1", clients, "16.0", phone), "12.1");
});

test("ceilings of accounts are read once in a while, and not for each request", async () => {
  const db = await openSqlite(":memory:");
  for (const { up } of migrations) for (const sql of up) await db.run(sql);
  const clock = fakeClock();
  let reads = 0;
  const spied: Database = {
    all: (sql, values) => (reads++, db.all(sql, values)),
    run: (sql, values) => db.run(sql, values),
    transaction: (work) => db.transaction(work),
    close: () => db.close(),
  };
  const ceilings = accountCeilings(spied, clock);
  for (let count = 0; count < 10; count++) assert.equal(await ceilings.of(count), undefined);
  assert.equal(reads, 1);
  await db.run("INSERT INTO eas_ceiling VALUES (1, '14.0')");
  await clock.tick(5000);
  assert.equal(await ceilings.of(1), "14.0", "another process has set it");
  await ceilings.set(1, "12.1");
  assert.equal(await ceilings.of(1), "12.1");
  await ceilings.set(1, undefined);
  assert.equal(await ceilings.of(1), undefined);
  assert.deepEqual(await db.all("SELECT * FROM eas_ceiling"), []);
  await db.close();
});

test("a database that was away is asked again", async () => {
  const db = await openSqlite(":memory:");
  const ceilings = accountCeilings(db, fakeClock());
  await assert.rejects(ceilings.of(1));
  for (const { up } of migrations) for (const sql of up) await db.run(sql);
  assert.equal(await ceilings.of(1), undefined);
  await db.close();
});

async function offered(app: EasApp, userAgent = ""): Promise<string | null> {
  const request = new Request("https://mail.example.org/Microsoft-Server-ActiveSync", {
    method: "OPTIONS",
    headers: { Authorization: basic(), "User-Agent": userAgent },
  });
  return (await app.fetch(request)).headers.get("MS-ASProtocolVersions");
}
const newest = (text: string | null) => text?.split(",").at(-1);

const run = (app: EasApp, ...words: string[]) => runEas(app, "ceiling", ...words);

test("a lowered account goes on in the version that it has, and is told until it has changed", async () => {
  const app = await easApp();
  const ask = (version: string) => app.ask("Settings", { version, body: information });
  assert.equal((await ask("16.1")).headers.get("X-MS-RP"), null);
  assert.deepEqual(await run(app, "anna@example.org", "14.1"), [
    "anna@example.org is offered versions up to 14.1",
  ]);
  await app.clock.tick(5000);
  for (const _ of [1, 2]) {
    const answer = await ask("16.1");
    assert.equal(newest(answer.headers.get("X-MS-RP")), "14.1");
    assert.equal(newest(answer.headers.get("MS-ASProtocolVersions")), "14.1");
    assert.equal((await documentOf(answer)).textOf("Settings:Status"), "1");
  }
  assert.equal(newest(await offered(app)), "14.1");
  assert.equal((await ask("14.1")).headers.get("X-MS-RP"), null, "it has done so");
  assert.deepEqual(await run(app, "anna@example.org", "none"), [
    "anna@example.org has no ceiling of its own",
  ]);
  await app.clock.tick(5000);
  assert.equal(newest((await ask("14.1")).headers.get("X-MS-RP")), "16.1", "newer ones are there");
  assert.equal((await ask("16.1")).headers.get("X-MS-RP"), null);
  await app.stop();
});

test("a kind of client is known by its type at each request, and at OPTIONS by its agent", async () => {
  const app = await easApp({ config: { eas: { clientVersions: ["iPhone 14.0"] } } });
  const agent = { "User-Agent": "Apple-iPhone15C2/2205.100" };
  assert.equal(newest(await offered(app, agent["User-Agent"])), "16.1", "nobody knows it yet");
  const first = await app.ask("Settings", { version: "16.1", body: information, headers: agent });
  assert.equal(newest(first.headers.get("X-MS-RP")), "14.0");
  assert.equal((await documentOf(first)).textOf("Settings:Status"), "1");
  assert.equal(newest(await offered(app, agent["User-Agent"])), "14.0");
  assert.equal(newest(await offered(app, "Other/1.0")), "16.1");
  const second = await app.ask("Settings", { version: "14.0", body: information, headers: agent });
  assert.equal(second.headers.get("X-MS-RP"), null);
  await app.stop();
});

test("the server's ceiling lets in whoever was there before it, and tells others what there is", async () => {
  const storage = await openSqlite(":memory:");
  const before = await easApp({ storage });
  await before.ask("Settings", { version: "16.1", body: information });
  const app = await easApp({ storage, config: { eas: { maxVersion: "14.1" } } });
  const old = await app.ask("Settings", { version: "16.1", body: information });
  assert.equal(newest(old.headers.get("X-MS-RP")), "14.1");
  assert.equal((await documentOf(old)).textOf("Settings:Status"), "1");
  const other = await app.ask("Settings", {
    version: "16.1",
    body: information,
    deviceId: "OTHER",
  });
  assert.equal((await documentOf(other)).textOf("Settings:Status"), "138");
  assert.equal(newest(other.headers.get("X-MS-RP")), "14.1");
  await storage.close();
});

test("eas ceiling shows what there is, and names what is wrong", async () => {
  const app = await easApp();
  assert.deepEqual(await run(app, "ANNA@example.org"), [
    "anna@example.org has no ceiling of its own",
  ]);
  await assert.rejects(run(app, "anna@example.org", "15.0"), CliError);
  await assert.rejects(run(app, "nobody@example.org", "14.0"), CliError);
  await run(app, "anna@example.org", "14.0");
  const { db, program } = app;
  await program.host.one(accounts).remove(app.anna.id);
  assert.deepEqual(await db.all("SELECT * FROM eas_ceiling"), []);
  await app.stop();
});
