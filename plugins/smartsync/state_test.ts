// The sync engine's memory, by its guarantees.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { migrate } from "../../core/migrate.ts";
import type { Database, Storage } from "../../core/mod.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { fakeClock } from "../../tests/kit.ts";
import { asking, collection, device, held, next } from "../../tests/kit_state.ts";
import { type Next, Outdated, type SyncState } from "../eas/api.ts";
import plugin from "./plugin.ts";
import { smartsync } from "./state.ts";
import { sweep } from "./sweep.ts";

/** A database that counts its statements. */
function counting(inner: Database): Database & { count: { reads: number; writes: number } } {
  const count = { reads: 0, writes: 0 };
  return {
    count,
    all: (sql, values) => (count.reads++, inner.all(sql, values)),
    run: (sql, values) => (count.writes++, inner.run(sql, values)),
    transaction: (work) => (count.writes++, inner.transaction(work)),
    close: () => inner.close(),
  };
}

describe("smartsync", () => {
  let db: Storage;
  let state: SyncState;
  const clock = fakeClock();
  beforeEach(async () => {
    db = await openSqlite(":memory:");
    await migrate(db, [plugin], clock);
    state = smartsync(db, clock);
  });
  afterEach(() => db.close());

  const { open, isUnknown, items } = asking(() => state);

  /** Primes and hands out items in a first answer; returns the keys. */
  async function twoAnswers(first: Next, second: Next): Promise<[string, string]> {
    const one = await (await open("0")).commit(first);
    return [one, await (await open(one)).commit(second)];
  }

  it("open() refuses a key that it never gave", async () => {
    assert.equal(await isUnknown("1"), true);
    await (await open("0")).commit(next());
    assert.equal(await isUnknown("1"), true);
    assert.equal(await isUnknown(""), true);
  });

  it("counts how often a key is repeated, and since when, until the device gets on", async () => {
    const [one, two] = await twoAnswers(next(), next({ held: [held("x")] }));
    const repeated = async () => {
      const { times, since } = (await open(one)).lost!;
      return [times, since];
    };
    const start = clock.now();
    assert.deepEqual(await repeated(), [1, start]);
    await (await open(one)).amend([]);
    await clock.tick(1000);
    assert.deepEqual(await repeated(), [2, start], "sent again as it was");
    await (await open(one)).commit(next({ held: [held("y")] }));
    await clock.tick(1000);
    assert.deepEqual(await repeated(), [3, start], "another one, to the same key");
    const three = await (await open(two)).commit(next());
    assert.equal((await open(three)).lost, undefined);
    const { times, since } = (await open(two)).lost!;
    assert.deepEqual([times, since], [1, clock.now()], "it got on in between");
  });

  it("open() shows what was handed out once the device uses the new key", async () => {
    const [one, two] = await twoAnswers(
      next({ state: "a", held: [held("x")] }),
      next({ state: "b", held: [held("y"), held("x", "2")] }),
    );
    const again = await open(one);
    assert.deepEqual(await items(again), ["x1"]);
    assert.equal(again.state, "a");
    const session = await open(two);
    assert.equal(session.state, "b");
    assert.equal(session.lost, undefined);
    assert.deepEqual(await items(session), ["x2", "y1"]);
    assert.deepEqual(await session.held(["y", "z"]), new Map([["y", held("y")]]));
  });

  it("open() with the key before gives back what the lost answer held", async () => {
    const [one, two] = await twoAnswers(
      next({ held: [held("x"), held("w")] }),
      next({ state: "b", held: [held("y")], gone: ["x"] }),
    );
    const session = await open(one);
    assert.deepEqual(session.lost, {
      key: two,
      state: "b",
      held: [held("y")],
      gone: ["x"],
      times: 1,
      since: clock.now(),
    });
    assert.deepEqual(await items(session), ["w1", "x1"]);
  });

  it("commit() after a lost answer forgets that answer and its key, once the new one is used", async () => {
    const [one, two] = await twoAnswers(next(), next({ held: [held("y")] }));
    const three = await (await open(one)).commit(next({ held: [held("z")] }));
    assert.notEqual(three, two);
    assert.deepEqual(await items(await open(three)), ["z1"]);
    assert.equal(await isUnknown(two), true);
  });

  it("commit() removes what the confirmed answer took away", async () => {
    const [, two] = await twoAnswers(
      next({ held: [held("x"), held("y")] }),
      next({ gone: ["x"] }),
    );
    const session = await open(two);
    assert.deepEqual(await items(session), ["y1"]);
    const three = await session.commit(next());
    assert.deepEqual(await items(await open(three)), ["y1"]);
    assert.deepEqual((await open(two)).lost?.gone, []);
  });

  it("an item that was taken away and comes back is held again", async () => {
    const [, two] = await twoAnswers(next({ held: [held("x")] }), next({ gone: ["x"] }));
    const three = await (await open(two)).commit(next({ held: [held("x", "9")] }));
    assert.deepEqual(await items(await open(three)), ["x9"]);
  });

  it("amend() changes what a lost answer recorded, and nothing else", async () => {
    const [one, two] = await twoAnswers(
      next({ held: [held("w")] }),
      next({ held: [held("x"), held("y")], gone: ["w"] }),
    );
    await (await open(one)).amend([held("x", "?", 2000), held("unknown")]);
    const { lost } = await open(one);
    assert.deepEqual(lost?.held, [held("x", "?", 2000), held("y")]);
    assert.deepEqual(lost?.gone, ["w"]);
    assert.equal(lost?.key, two);
    assert.deepEqual(await items(await open(two)), ["y1", "x?"]);
    const [early, late] = [await open(one), await open(one)];
    await early.amend([held("x", "!")]);
    await assert.rejects(late.amend([held("x", "*")]), Outdated);
  });

  it("only the last two keys are known", async () => {
    const [one, two] = await twoAnswers(next(), next());
    const three = await (await open(two)).commit(next());
    assert.equal(await isUnknown(one), true);
    await open(two);
    await open(three);
  });

  it("key 0 repeated answers from the lost answer, and what the device had stays valid", async () => {
    const [one, two] = await twoAnswers(next({ held: [held("x")] }), next());
    const fresh = await open("0");
    assert.equal(fresh.state, undefined);
    assert.deepEqual(await items(fresh), []);
    const primed = await fresh.commit(next({ state: "new" }));
    assert.equal((await open("0")).lost?.key, primed);
    // The device never saw the answer to 0 and goes on with what it had.
    assert.deepEqual(await items(await open(two)), ["x1"]);
    assert.equal((await open(one)).lost?.key, two);
    // Once it uses the new key, the old copy is over.
    const after = await (await open(primed)).commit(next());
    assert.equal(await isUnknown(two), true);
    assert.equal(await isUnknown(primed), false);
    assert.deepEqual(await items(await open(after)), []);
  });

  it("going on with the old keys ends a priming that was never used", async () => {
    const [, two] = await twoAnswers(next(), next());
    const primed = await (await open("0")).commit(next());
    await (await open(two)).commit(next());
    assert.equal(await isUnknown(primed), true);
  });

  it("keys are short, safe and never come twice", async () => {
    const keys = new Set<string>();
    for (let round = 0; round < 20; round++) {
      let key = "0";
      for (let step = 0; step < 5; step++) {
        key = await (await open(key)).commit(next());
        assert.match(key, /^[0-9a-z-]{1,64}$/);
        assert.equal(keys.has(key), false);
        keys.add(key);
      }
    }
  });

  it("commit() refuses where another process was quicker, and leaves nothing", async () => {
    const [, two] = await twoAnswers(next(), next({ held: [held("x")] }));
    const [here, there] = [await open(two), await open(two)];
    const three = await here.commit(next({ held: [held("h")] }));
    await assert.rejects(there.commit(next({ held: [held("t")] })), Outdated);
    await assert.rejects(there.keep("{}"), Outdated);
    assert.deepEqual(await items(await open(three)), ["h1", "x1"]);
  });

  it("the journal of a key is there until the next key is confirmed", async () => {
    const one = await (await open("0")).commit(next());
    const session = await open(one);
    await session.intend([{ id: "add:1", record: "begun" }]);
    assert.equal((await open(one)).journal.get("add:1")?.record, "begun");
    const two = await session.commit(next({ journal: [{ id: "add:1", record: "done" }] }));
    assert.equal((await open(one)).journal.get("add:1")?.record, "done");
    assert.equal((await open(two)).journal.size, 0);
    await (await open(two)).commit(next());
    const rows = await db.all("SELECT * FROM smartsync_journal");
    assert.deepEqual(rows, []);
  });

  it("keep() changes the state and no key", async () => {
    const [, two] = await twoAnswers(next({ state: "a" }), next({ state: "b", held: [held("x")] }));
    await (await open(two)).keep("c");
    const session = await open(two);
    assert.equal(session.state, "c");
    assert.deepEqual(await items(session), ["x1"]);
    const three = await session.commit(next({ state: "d" }));
    await (await open(three)).keep("e");
    assert.equal((await open(three)).state, "e");
    assert.equal((await open(two)).state, "c");
  });

  it("heldBefore() goes through items by date, in pages, with the last answer over them", async () => {
    const many = Array.from({ length: 50 }, (_, n) => held(`i${n}`, "1", Math.floor(n / 3)));
    const [, two] = await twoAnswers(
      next({ held: many }),
      next({ held: [held("i0", "2", 100), held("new", "1", 5)], gone: ["i7"] }),
    );
    const session = await open(two);
    const seen: string[] = [];
    let last;
    for (;;) {
      const page = await session.heldBefore(10, 7, last);
      seen.push(...page.map(({ item }) => item));
      last = page.at(-1);
      if (page.length < 7) break;
    }
    const expected = [...many, held("new", "1", 5)]
      .filter(({ item, date }) => date < 10 && item !== "i7" && item !== "i0")
      .sort((a, b) => a.date - b.date || (a.item < b.item ? -1 : 1))
      .map(({ item }) => item);
    assert.deepEqual(seen, expected);
  });

  it("look() counts the last answer as received and knows both keys", async () => {
    assert.equal((await state.look(device, [collection])).size, 0);
    const [one, two] = await twoAnswers(next({ held: [held("x")] }), next({ gone: ["x"] }));
    const look = (await state.look(device, [collection, "other"])).get(collection)!;
    assert.deepEqual(look.keys, [two, one]);
    assert.equal((await look.held(["x"])).size, 0);
    const first = await (await open("0", "other")).commit(next({ state: "s" }));
    const other = (await state.look(device, ["other"])).get("other")!;
    assert.deepEqual([other.state, other.keys], ["s", [first]]);
  });

  it("devices, accounts and collections do not mix", async () => {
    const key = await (await open("0")).commit(next({ held: [held("x")] }));
    for (const other of [{ account: 2, device: "phone" }, { account: 1, device: "tablet" }]) {
      assert.equal((await state.open(other, [{ collection, key }])).size, 0);
      assert.deepEqual(await state.collections(other), []);
    }
    assert.equal((await state.open(device, [{ collection: "sent", key }])).size, 0);
    assert.deepEqual(await state.collections(device), [collection]);
  });

  it("drop() and forget() end collections; sweep() removes every row of them", async () => {
    await twoAnswers(next({ held: [held("x")] }), next({ held: [held("y")] }));
    await (await open("0", "sent")).commit(next({ journal: [{ id: "a", record: "b" }] }));
    await state.remember(device, "ping", "p");
    await state.drop(device, [collection]);
    assert.deepEqual(await state.collections(device), ["sent"]);
    await state.forget(device.account);
    assert.deepEqual(await state.collections(device), []);
    assert.equal(await state.recall(device, "ping"), undefined);
    while (await sweep(db));
    for (const table of ["copy", "item", "journal", "memory", "dead"]) {
      assert.deepEqual(await db.all(`SELECT * FROM smartsync_${table}`), [], table);
    }
  });

  it("forget() of one device leaves the others", async () => {
    const tablet = { account: 1, device: "tablet" };
    await state.remember(tablet, "ping", "t");
    await state.remember(device, "ping", "p");
    await state.forget(1, "phone");
    assert.equal(await state.recall(tablet, "ping"), "t");
    assert.equal(await state.recall(device, "ping"), undefined);
  });

  it("remember() keeps one text by name", async () => {
    await state.remember(device, "ping", "a");
    await state.remember(device, "ping", "b");
    await state.remember(device, "sync", "c");
    assert.equal(await state.recall(device, "ping"), "b");
    await state.remember(device, "ping", undefined);
    assert.equal(await state.recall(device, "ping"), undefined);
    assert.equal(await state.recall(device, "sync"), "c");
  });

  it("looking at many collections costs two reads and no write", async () => {
    const wanted = [];
    for (let n = 0; n < 30; n++) {
      const at = `folder${n}`;
      const one = await (await open("0", at)).commit(next({ held: [held("x")] }));
      wanted.push({ collection: at, key: one });
    }
    const watched = counting(db);
    await smartsync(watched, clock).open(device, wanted);
    assert.deepEqual(watched.count, { reads: 2, writes: 0 });
  });

  it("no statement goes through a copy's items: all look up or stop at a limit", async () => {
    const statements = new Map<string, Parameters<Database["all"]>[1]>();
    const noted = (inner: Database): Database => ({
      all: (sql, values) => (statements.set(sql, values), inner.all(sql, values)),
      run: (sql, values) => (statements.set(sql, values), inner.run(sql, values)),
      transaction: (work) => inner.transaction((tx) => work(noted(tx))),
      close: () => inner.close(),
    });
    state = smartsync(noted(db), clock);
    const [one, two] = await twoAnswers(
      next({ held: [held("w"), held("x")] }),
      next({ held: [held("y")], gone: ["x"] }),
    );
    const lost = await open(one);
    await lost.held(["x"]);
    await lost.heldBefore(10, 5);
    await lost.amend([held("y", "?")]);
    const received = await open(two);
    await received.held(["x"]);
    await received.heldBefore(10, 5);
    await received.commit(next({ gone: ["w"] }));
    await (await open(two)).commit(next());
    const plans = new Set<string>();
    for (const [sql, values] of statements) {
      if (!sql.includes("smartsync_item")) continue;
      const rows = await db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, values);
      for (const { detail } of rows) plans.add(detail);
    }
    const touching = [...plans].filter((plan) => /smartsync_item| i /.test(plan));
    assert.ok(touching.length >= 4, touching.join("; "));
    const allowed =
      /copy=\? AND item=\?|smartsync_item_date \(copy=\? AND \(date,item\)|smartsync_item_gone/;
    assert.deepEqual(touching.filter((plan) => !allowed.test(plan)), []);
  });
});
