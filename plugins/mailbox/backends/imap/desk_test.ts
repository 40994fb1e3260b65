// More accounts than are kept at hand: who waits goes on waiting, and work goes on to its end.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Account, Unavailable } from "../../../../core/mod.ts";
import { silentLog } from "../../../../core/log.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { deferred, fakeClock, until } from "../../../../tests/kit.ts";
import { type FakeImap, startFakeImap } from "../../../../tests/servers/fake_imap.ts";
import { testAccount, testServer } from "./_imap_kit.ts";
import { type Desk, Desks } from "./desk.ts";
import { makeKeyring } from "./login/keyring.ts";
import { imapMigrations } from "./mod.ts";

let fake: FakeImap;
before(async () => {
  fake = await startFakeImap();
});
after(() => fake.stop());

/** Desks of which one only is at hand; the accounts have logged in. */
async function few() {
  fake.reset();
  const db = await openStorage(":memory:");
  for (const sql of imapMigrations.flatMap(({ up }) => up)) await db.run(sql);
  const clock = fakeClock();
  const keyring = makeKeyring({ clock, keep: 86_400 });
  const server = testServer({ host: fake.host, port: fake.port, timeout: 86_400, idle: 60 });
  const rest = { log: silentLog, keyring, maxMessageSize: 1000, most: 1 };
  const desks = new Desks({ server, db, clock, ...rest });
  const login = () => {
    const user = fake.addUser();
    const account = testAccount(user.address);
    keyring.put(account, { reveal: () => user.password });
    return { account, user };
  };
  return {
    desks,
    clock,
    login,
    /** Uses an account, and with that puts the one before it away. */
    async use({ account }: { account: Account }): Promise<Desk> {
      const desk = desks.of(account);
      await desk.connections.use(() => Promise.resolve());
      return desk;
    },
    sessions: (count: number) =>
      until(() => fake.sessions === count, `${count} are connected, not ${fake.sessions}`),
    async close() {
      await desks.close();
      keyring.close();
      await db.close();
      await until(() => fake.sessions === 0, "nobody is connected");
    },
  };
}

/** How often the connections of a desk were closed, in whichever way. */
function closings({ connections }: Desk): { count: number } {
  const times = { count: 0 };
  for (const how of ["close", "retire"] as const) {
    const real = connections[how].bind(connections);
    connections[how] = () => {
      times.count++;
      return real();
    };
  }
  return times;
}

test("an account that is not at hand any more, and not in use, leaves its connections", async () => {
  const { desks, login, use, sessions, close } = await few();
  const [anna, ben] = [login(), login()];
  const desk = await use(anna);
  const closed = closings(desk);
  await use(ben);
  await sessions(1);
  assert.equal(closed.count, 1);
  assert.notEqual(desks.of(anna.account), desk);
  await close();
  assert.equal(closed.count, 1);
});

test("who waits is told of mail, however many others come, and leaves once", async () => {
  const { desks, clock, login, use, sessions, close } = await few();
  const anna = login();
  const desk = await use(anna);
  const closed = closings(desk);
  const inbox = (await desk.places.all()).find(({ role }) => role === "inbox")!.id;
  let told = 0;
  const stop = desk.watcher.watch([inbox], () => told++);
  await until(() => desk.watcher.listening, "it listens");
  for (const other of [login(), login(), login()]) await use(other);
  assert.equal(desks.of(anna.account), desk, "it is found again");
  told = 0;
  fake.deliver(anna.user, "Subject: Tea\r\n\r\nAt five.\r\n");
  await until(() => told > 0, "it is told");
  assert.equal(closed.count, 0);
  stop();
  await clock.tick(60_000);
  await until(() => closed.count > 0, "it is closed");
  assert.notEqual(desks.of(anna.account), desk);
  await close();
  assert.equal(closed.count, 1);
  await sessions(0);
});

test("who waits no more, but is asked for again in time, is not closed meanwhile", async () => {
  const { desks, clock, login, use, close } = await few();
  const anna = login();
  const desk = await use(anna);
  const inbox = (await desk.places.all()).find(({ role }) => role === "inbox")!.id;
  const stop = desk.watcher.watch([inbox], () => {});
  await until(() => desk.watcher.listening, "it listens");
  await use(login());
  stop();
  await clock.tick(30_000);
  const again = desks.of(anna.account).watcher.watch([inbox], () => {});
  await clock.tick(60_000);
  assert.equal(desks.of(anna.account), desk);
  assert.ok(desk.watcher.listening);
  again();
  await close();
});

for (const [what, waits] of [["is put away", false], ["waits no more", true]] as const) {
  test(`work that is under way when its account ${what} comes to its end`, async () => {
    const { desks, clock, login, use, sessions, close } = await few();
    const anna = login();
    const desk = await use(anna);
    const inbox = (await desk.places.all()).find(({ role }) => role === "inbox")!.id;
    const stop = waits ? desk.watcher.watch([inbox], () => {}) : () => {};
    if (waits) await until(() => desk.watcher.listening, "it listens");
    const [gate, begun] = [deferred<void>(), deferred<void>()];
    const work = (async () => {
      await desk.connections.use(async (client) => {
        begun.resolve();
        await gate.promise;
        await client.noop();
      });
      // As a write does that asks the server more than once.
      return await desk.items.list(inbox, {}, 10);
    })();
    await begun.promise;
    await use(login());
    stop();
    await clock.tick(60_000);
    assert.notEqual(desks.of(anna.account), desk);
    gate.resolve();
    assert.deepEqual((await work).items, []);
    await desks.of(anna.account).connections.use(() => Promise.resolve());
    await sessions(1);
    await close();
  });
}

test("an account that is dropped is closed for everything", async () => {
  const { desks, login, use, sessions, close } = await few();
  for (const waits of [false, true]) {
    const anna = login();
    const desk = await use(anna);
    if (waits) {
      desk.watcher.watch([""], () => {});
      await until(() => desk.watcher.listening, "it listens");
      await use(login());
    }
    desks.drop(anna.account.id);
    await sessions(waits ? 1 : 0);
    await assert.rejects(desk.connections.use(() => Promise.resolve()), Unavailable);
  }
  await close();
});
