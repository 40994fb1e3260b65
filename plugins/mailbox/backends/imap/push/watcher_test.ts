// Tests of push at a real Dovecot: as it is, and as if it could do less.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { describe, test } from "node:test";
import type { ImapFlow } from "imapflow";
import type { Storage } from "../../../../../core/mod.ts";
import { silentLog } from "../../../../../core/log.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { fakeClock, patience, until } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { testAccount, testServer } from "../_imap_kit.ts";
import { tapped } from "../_tapped_kit.ts";
import { openConnection } from "../login/connect.ts";
import { type ConnectionsOptions, makeConnections } from "../connections/connections.ts";
import { folderWord } from "../folders/mailbox_name.ts";
import { Pace } from "./pace.ts";
import { placeMigrations } from "../folders/place_rows.ts";
import { PlaceBook } from "../folders/places.ts";
import { command } from "../connections/raw.ts";
import { Watcher } from "./watcher.ts";

const found = needs("dovecot", dovecotPresent());
const message = "Subject: Tea\r\n\r\nAt five.\r\n";

/** Seconds: the clock runs ahead of the server, which is not to be given up for that. */
const never = 86_400;

/** What watches an account, with a clock that stands still. */
function parts(
  open: ConnectionsOptions["open"],
  db: Storage,
  { limit, ...how }: { limit: number; notify: boolean; pace?: Pace },
) {
  const account = testAccount("user@example.test");
  const clock = fakeClock();
  const held = { now: 0 };
  const connections = makeConnections({
    account,
    clock,
    limit,
    timeout: never,
    idle: 60,
    open,
    seen: (mailbox) => places.opened(mailbox),
  });
  const places: PlaceBook = new PlaceBook({
    account,
    db,
    clock,
    connections,
    config: testServer({ host: "127.0.0.1" }).config,
    changed: () => watcher.treeChanged(),
  });
  const watcher: Watcher = new Watcher({
    clock,
    log: silentLog,
    places,
    connections,
    ...how,
    every: 60_000,
    timeout: never * 1000,
    linger: 30_000,
    random: () => 0.5,
    hold() {
      held.now++;
      return () => held.now--;
    },
  });
  return { clock, held, connections, places, watcher };
}

/** A user with a watcher behind a tap, and another client of the same user's. */
async function desk(dovecot: Dovecot, tap: Tap, limit = 4, notify = true, pace?: Pace) {
  const user = await dovecot.addUser();
  const login = { address: user.address, secret: { reveal: () => user.password } };
  const at = (port: number, wishes = {}) =>
    openConnection(testServer({ host: dovecot.host, port }), login, wishes);
  const db = await openStorage(":memory:");
  for (const sql of placeMigrations.flatMap(({ up }) => up)) await db.run(sql);
  const how = { limit, notify, ...(pace && { pace }) };
  const { places, ...all } = parts((wishes) => at(tap.port, wishes), db, how);
  const other = await at(dovecot.port);
  const told: string[] = [];
  await places.refresh();
  return {
    user,
    ...all,
    other,
    told,
    exec: (name: string, ...words: string[]) =>
      command(other, name, words.map((word) => folderWord(other, word))).catch((error) => {
        // The library does not say what the server said.
        throw new Error(`${name} ${words.join(" ")}: ${error.responseText}`, { cause: error });
      }),
    idOf: async (path: string) => (await places.all()).find((each) => each.path === path)!.id,
    /** Waits for news of these, and of nothing else; without any, a while goes by. */
    async hears(...wanted: string[]) {
      await until(() => wanted.every((each) => told.includes(each)), `${wanted} are told`);
      await wait(wanted.length ? 50 : 800);
      assert.deepEqual([...new Set(told)].sort(), [...new Set(wanted)].sort());
      told.length = 0;
    },
    /** Waits until the server is listened to; what was told before that is forgotten. */
    async listens() {
      await until(() => all.watcher.listening, "it listens");
      told.length = 0;
    },
    /** Lets time pass until something is so, by steps of `ms`: what is due then takes its time too. */
    passes: (check: () => boolean, ms = 10_000) =>
      until(async () => {
        if (!check()) await all.clock.tick(ms);
        return check();
      }, "it comes about in time"),
    async close() {
      all.watcher.close();
      other.close();
      await all.connections.close();
      await db.close();
    },
  };
}

const listens = (tap: Tap) => tap.saw(({ name }) => name === "NOTIFY" || name === "IDLE");
const select = (client: ImapFlow, path: string) => client.mailboxOpen(path);

for (
  const [title, without] of [
    ["a server that notifies", []],
    ["a server with IDLE", ["NOTIFY"]],
    ["a server with IDLE and little else", ["NOTIFY", "LIST-STATUS", "CONDSTORE", "QRESYNC"]],
  ] as const
) {
  describe(`watching at ${title}`, found, () => {
    let dovecot: Dovecot;
    let tap: Tap;
    tapped(found, { specialFolders: true, without }, (...both) => [dovecot, tap] = both);
    const notifies = !(without as readonly string[]).includes("NOTIFY");

    test("new mail, removals and marks wake whoever watches that folder", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { user, other, told, watcher, passes, hears } = here;
      const [inbox, sent] = [await here.idOf("INBOX"), await here.idOf("Sent")];
      const others: string[] = [];
      watcher.watch([inbox], (id) => told.push(id));
      watcher.watch([sent], (id) => others.push(id));
      await here.listens();
      others.length = 0;
      await dovecot.deliver(user, message);
      await hears(inbox);
      await select(other, "INBOX");
      await other.messageDelete("1");
      await hears(inbox);
      assert.deepEqual(others, []);
      await other.append("Sent", message);
      // Of other folders than the inbox only looks tell, where the server does not notify.
      if (notifies) await until(() => others.length > 0, "it is told");
      else await passes(() => others.length > 0);
      assert.deepEqual([...new Set(others)], [sent]);
      if (notifies) {
        await select(other, "Sent");
        others.length = 0;
        await other.messageFlagsAdd("1", ["\\Flagged"]);
        await until(() => others.length > 0, "it is told");
        assert.deepEqual([...new Set(others)], [sent]);
      }
      await here.close();
    });

    test("an edit of the hierarchy by another client wakes who watches that", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { watcher, told, passes, hears, exec } = here;
      watcher.watch([""], (id) => told.push(id));
      await listens(tap);
      await hears();
      for (const edit of [["CREATE", "New"], ["RENAME", "New", "Newer"], ["DELETE", "Newer"]]) {
        await exec(edit[0]!, ...edit.slice(1));
        if (!notifies) await passes(() => told.length > 0);
        await hears("");
      }
      await here.close();
    });

    test("what changes before it listens is told, and what had not changed is not", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { watcher, told, user, hears } = here;
      const [inbox, sent] = [await here.idOf("INBOX"), await here.idOf("Sent")];
      // After the folders were looked at, and before anybody listens.
      await dovecot.deliver(user, message);
      await here.exec("CREATE", "Meanwhile");
      watcher.watch([inbox, sent, ""], (id) => told.push(id));
      await listens(tap);
      // Where a listing tells no numbers, nobody knows what it was like before.
      await hears(inbox, "", ...(without.length > 1 ? [sent] : []));
      await here.close();
    });

    test("it comes back after a break, and tells what happened meanwhile", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { watcher, told, user, passes, hears } = here;
      const [inbox, sent] = [await here.idOf("INBOX"), await here.idOf("Sent")];
      watcher.watch([inbox, sent], (id) => told.push(id));
      await here.listens();
      tap.reset();
      tap.refusing = true;
      tap.cut();
      await dovecot.deliver(user, message);
      await passes(() => tap.refused > 3, 2_000);
      assert.equal(told.length, 0);
      tap.reset();
      await passes(() => told.length > 0);
      await hears(inbox);
      // A look may have come first; then it listens after the next pause.
      await passes(() => watcher.listening);
      await here.listens();
      await dovecot.deliver(user, message);
      await hears(inbox);
      await here.close();
    });

    test("after a break it comes back at once when somebody else begins to wait", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { watcher, told, user, clock, passes, hears } = here;
      const [inbox, sent] = [await here.idOf("INBOX"), await here.idOf("Sent")];
      watcher.watch([inbox], (id) => told.push(id));
      await here.listens();
      tap.reset();
      tap.refusing = true;
      tap.cut();
      await passes(() => tap.refused > 8, 60_000);
      // Now it pauses, for so long that nothing else can be due.
      await until(() => clock.pending > 0, "it pauses");
      tap.reset();
      watcher.watch([sent], (id) => told.push(id));
      await here.listens();
      await dovecot.deliver(user, message);
      await hears(inbox);
      await here.close();
    });

    test("one connection serves all who wait, stays for a while, and then nothing stays", async () => {
      tap.reset();
      const here = await desk(dovecot, tap);
      const { watcher, clock, held, user, told, connections } = here;
      const inbox = await here.idOf("INBOX");
      const logins = () => new Set(tap.commands.map(({ connection }) => connection)).size;
      const stops = Array.from({ length: 50 }, () => watcher.watch([inbox], (id) => told.push(id)));
      await here.listens();
      const before = logins();
      assert.equal(held.now, 1);
      for (const stop of stops) {
        stop();
        stop();
      }
      assert.equal(held.now, 0);
      told.length = 0;
      await dovecot.deliver(user, message);
      await wait(700);
      assert.equal(told.length, 0, "a watch that was ended is silent");
      await clock.tick(20_000);
      const again = watcher.watch([inbox], (id) => told.push(id));
      await dovecot.deliver(user, message);
      await here.hears(inbox);
      assert.equal(logins(), before, "nobody logged in anew");
      again();
      await clock.tick(40_000);
      await connections.close();
      await until(() => tap.open === 0 && clock.pending === 0, "nothing stays");
      assert.equal(held.now, 0);
      await here.close();
    });
  });
}

describe("watching a server that holds news back", found, () => {
  let dovecot: Dovecot;
  let tap: Tap;
  tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

  test("it is asked for news of the inbox while few wait, and no more when many do", async () => {
    const pace = new Pace(100);
    const here = await desk(dovecot, tap, 4, true, pace);
    const { watcher, told, user, clock, passes, hears } = here;
    const inbox = await here.idOf("INBOX");
    watcher.watch([inbox], (id) => told.push(id));
    await here.listens();
    const asks = () => tap.names().filter((name) => name === "NOOP").length;
    const before = asks();
    await dovecot.deliver(user, message);
    await clock.tick(200);
    await tap.saw(({ name }) => name === "NOOP");
    await hears(inbox);
    assert.equal(asks(), before + 1);
    const others = Array.from({ length: 60 }, () => pace.join());
    await clock.tick(200);
    await wait(50);
    const then = asks();
    for (let n = 0; n < 10; n++) await clock.tick(200);
    await wait(50);
    assert.equal(asks(), then);
    for (const leave of others) leave();
    await passes(() => asks() > then, 200);
    await here.close();
  });

  test("what happens in the inbox just before it is told to listen to other folders is heard", async () => {
    tap.reset();
    const here = await desk(dovecot, tap, 4, true, new Pace(100));
    const { watcher, told, user, other, hears } = here;
    const inbox = await here.idOf("INBOX");
    await dovecot.deliver(user, message);
    await select(other, "INBOX");
    watcher.watch([inbox], (id) => told.push(id));
    await here.listens();
    const armed = () => tap.names().filter((name) => name === "NOTIFY").length;
    /** Dovecot holds the news of it back, which are lost when it is told to stop. */
    const justBefore = async (folder: string, deed: () => Promise<unknown>) => {
      const before = armed();
      await deed();
      watcher.watch([await here.idOf(folder)], () => {});
      await until(() => armed() > before, "it is told to listen to another folder");
      await hears(inbox);
    };
    await justBefore("Sent", () => other.messageFlagsAdd("1", ["\\Flagged"]));
    await justBefore("Drafts", () => dovecot.deliver(user, message));
    await justBefore("Trash", () => other.messageDelete("1"));
    // There are as many as before it went.
    await dovecot.deliver(user, message);
    await here.clock.tick(200);
    await hears(inbox);
    await here.close();
  });
});

describe("watching where connections are few", found, () => {
  let dovecot: Dovecot;
  let tap: Tap;
  tapped(
    found,
    { specialFolders: true, connectionsPerUser: 2 },
    (...both) => [dovecot, tap] = both,
  );

  test("with one connection for all there are looks every now and then", async () => {
    const here = await desk(dovecot, tap, 1);
    const { watcher, told, user, passes, hears } = here;
    const inbox = await here.idOf("INBOX");
    watcher.watch([inbox], (id) => told.push(id));
    await hears();
    await dovecot.deliver(user, message);
    await hears();
    await passes(() => told.length > 0);
    await hears(inbox);
    assert.ok(!tap.names().includes("NOTIFY"));
    await here.close();
  });

  test("it gives its connection to work where the server allows no other, and looks from then on", async () => {
    tap.reset();
    // The other client has one of the two.
    const here = await desk(dovecot, tap);
    const { watcher, told, user, connections, passes, hears } = here;
    const inbox = await here.idOf("INBOX");
    watcher.watch([inbox], (id) => told.push(id));
    // The pool's own connection goes when nobody uses it; then it listens.
    await passes(() => watcher.listening);
    let found: number | undefined;
    const work = connections.inFolder("INBOX", ({ mailbox }) => Promise.resolve(mailbox.exists));
    work.then((count) => found = count, () => {});
    await passes(() => found !== undefined, 1_000);
    assert.equal(await work, 0);
    told.length = 0;
    await dovecot.deliver(user, message);
    await passes(() => told.length > 0);
    await hears(inbox);
    await here.close();
  });
});

/** Is it a process that serves one connection? */
function isImap(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8") === "imap\n";
  } catch {
    return false;
  }
}

describe("watching at a Dovecot that hibernates", found, () => {
  let dovecot: Dovecot;
  let tap: Tap;
  tapped(found, { specialFolders: true, hibernate: true }, (...both) => [dovecot, tap] = both);

  // It is handed over after a second; some runtimes allow a test five.
  const limit = { timeout: 4 * patience };
  test("who waits with IDLE is handed over, and still hears of every message", limit, async () => {
    tap.reset();
    const here = await desk(dovecot, tap, 4, false);
    const { user, told, watcher, hears } = here;
    const inbox = await here.idOf("INBOX");
    // The account's own connection and that of the other client keep their processes.
    const handedOver = () => dovecot.processes().filter(isImap).length === 2;
    watcher.watch([inbox], (id) => told.push(id));
    await listens(tap);
    for (let n = 0; n < 3; n++) {
      await until(handedOver, "it is handed over");
      await dovecot.deliver(user, message);
      await hears(inbox);
    }
    await here.close();
  });
});
