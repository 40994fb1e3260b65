// Writers that share a commit: who hears what, and when.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { StorageError } from "../../core/mod.ts";
import { until, withTempDir } from "../../tests/kit.ts";

import { openQueue } from "../queue.ts";
import { connect, type Connection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { openSqlite } from "./mod.ts";
import { SharedCommit } from "./shared_commit.ts";

interface Watched {
  readonly writes: SharedCommit;
  /** What was run that is not a write to the table, and what the test itself notes. */
  readonly log: string[];
  /** Called before each statement; may throw in its place. */
  before: (sql: string) => void;
  readonly rows: () => unknown[];
}

/** A database in memory with an empty table `t (v UNIQUE)`, whose writers share all the same. */
async function watched(disk?: SlowDisk): Promise<Watched> {
  const connection = connect(await loadDriver(), ":memory:");
  connection.run("CREATE TABLE t (v UNIQUE)");
  const log: string[] = [];
  const writer: Connection = {
    ...connection,
    get inTransaction() {
      return connection.inTransaction;
    },
    run(sql, values) {
      if (!/INSERT|DELETE/.test(sql)) log.push(sql);
      here.before(sql);
      return connection.run(sql, values);
    },
  };
  const patiently = async <R>(work: () => R) => work();
  const here: Watched = {
    writes: new SharedCommit({ writer, queue: openQueue(), shares: true, log: disk, patiently }),
    log,
    before: () => {},
    rows: () => connection.all<{ v: unknown }>("SELECT v FROM t ORDER BY v").map(({ v }) => v),
  };
  return here;
}

/** A disk on which nothing arrives before it is told so. */
class SlowDisk {
  failed: StorageError | undefined;
  readonly waiting: PromiseWithResolvers<void>[] = [];
  flush(): Promise<void> {
    const one = Promise.withResolvers<void>();
    this.waiting.push(one);
    return one.promise;
  }
}

const add = ({ writes }: Watched, v: number) =>
  writes.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (?)", [v]);
    return v;
  });

test("writers that come together have one commit, and hear of it after it", async () => {
  const here = await watched();
  const heard = (what: string) => () => void here.log.push(what);
  await Promise.all([
    add(here, 1).then(heard("one")),
    here.writes.run("INSERT INTO t VALUES (2)", []).then(heard("two")),
    add(here, 3).then(heard("three")),
  ]);
  assert.deepEqual(here.log, [
    "BEGIN IMMEDIATE",
    "SAVEPOINT member",
    "RELEASE member",
    "COMMIT",
    "one",
    "two",
    "three",
  ]);
  assert.deepEqual(here.rows(), [1, 2, 3]);
});

test("nobody hears of a commit before it is on the disk, but who need not wait for that", async () => {
  const disk = new SlowDisk();
  const here = await watched(disk);
  const heard: number[] = [];
  const added = (v: number) => add(here, v).then((v) => heard.push(v));
  await here.writes.transaction((tx) => tx.run("INSERT INTO t VALUES (1)"), false);
  assert.equal(disk.waiting.length, 0);
  const [two, three] = [added(2), added(3)];
  await until(() => disk.waiting.length === 1);
  // A slow disk does not hold up those who come next.
  const four = added(4);
  await until(() => disk.waiting.length === 2);
  assert.deepEqual(here.rows(), [1, 2, 3, 4]);
  assert.deepEqual(heard, []);
  disk.waiting[0]!.resolve();
  await Promise.all([two, three]);
  assert.deepEqual(heard, [2, 3]);
  disk.waiting[1]!.resolve();
  await four;
});

test("a disk that fails is told to all who wait for it, and nothing is written from then on", async () => {
  const disk = new SlowDisk();
  const here = await watched(disk);
  const both = Promise.allSettled([add(here, 1), here.writes.run("INSERT INTO t VALUES (2)", [])]);
  await until(() => disk.waiting.length === 1);
  disk.failed = new StorageError("other", "Cannot commit: the disk failed");
  disk.waiting[0]!.reject(disk.failed);
  for (const one of await both) assert.equal((one as PromiseRejectedResult).reason, disk.failed);
  await assert.rejects(add(here, 3), disk.failed);
});

test("what cannot be part of a transaction is on the disk, too, when it is done", async () => {
  const disk = new SlowDisk();
  const here = await watched(disk);
  let done = false;
  const schema = here.writes.run("CREATE TABLE u (v)", []).then(() => done = true);
  await until(() => disk.waiting.length === 1);
  assert.equal(done, false);
  disk.waiting[0]!.resolve();
  await schema;
});

test("a writer that fails takes back its own part only", async () => {
  const here = await watched();
  const fail = (why: string) =>
    here.writes.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (10)");
      throw new Error(why);
    });
  const outcomes = await Promise.allSettled([
    fail("at the start"),
    add(here, 1),
    fail("midway"),
    here.writes.run("INSERT INTO t VALUES (1)", []), // it is there: by another one's hand
    add(here, 1),
    add(here, 2),
  ]);
  assert.deepEqual(outcomes.map((one) => one.status === "fulfilled" ? "" : one.reason.message), [
    "at the start",
    "",
    "midway",
    "Cannot run INSERT t: UNIQUE constraint failed: t.v",
    "Cannot run INSERT t: UNIQUE constraint failed: t.v",
    "",
  ]);
  assert.deepEqual(here.rows(), [1, 2]);
});

test("a commit that fails, fails for all who share it, also for those who were refused", async () => {
  const here = await watched();
  here.before = (sql) => {
    if (sql === "COMMIT") throw new StorageError("full", "Cannot commit: the disk is full");
  };
  const outcomes = await Promise.allSettled([
    add(here, 1),
    here.writes.run("INSERT INTO t VALUES (2)", []),
    add(here, 1), // refused because of a row that will not be there
  ]);
  for (const one of outcomes) {
    assert.equal(one.status, "rejected");
    assert.equal((one.reason as StorageError).kind, "full");
  }
  here.before = () => {};
  assert.deepEqual(here.rows(), []);
  await add(here, 3);
  assert.deepEqual(here.rows(), [3], "the next writer has a transaction of its own");
});

test("a failure that ends the transaction is everybody's, and the next writers go on", async () => {
  const here = await watched();
  const before = add(here, 1);
  const ending = here.writes.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (2)");
    await tx.run("ROLLBACK"); // as SQLite does by itself after some failures
    throw new Error("the disk");
  });
  const outcomes = await Promise.allSettled([before, ending, add(here, 3)]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected", "fulfilled"]);
  const [first, second] = outcomes as PromiseRejectedResult[];
  assert.ok(first!.reason instanceof StorageError);
  assert.equal(second!.reason.message, "the disk");
  assert.equal(first!.reason.cause, second!.reason);
  assert.deepEqual(here.rows(), [3]);
});

test("a long part is not cut in two by the commit, and who comes after it has another one", async () => {
  const here = await watched();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const long = here.writes.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (1)");
    for (let n = 0; n < 5; n++) await turn();
    await tx.run("INSERT INTO t VALUES (2)");
  });
  await Promise.all([long, turn().then(() => add(here, 3))]);
  const commit = ["BEGIN IMMEDIATE", "COMMIT"];
  assert.deepEqual(here.log, [...commit, ...commit]);
});

test("not more than 64 share a commit", async () => {
  const here = await watched();
  await Promise.all(Array.from({ length: 100 }, (_, n) => add(here, n)));
  assert.ok(here.log.filter((sql) => sql === "COMMIT").length >= 2);
  assert.equal(here.rows().length, 100);
});

test("what cannot be part of a transaction comes after the commit of those before it", async () => {
  const here = await watched();
  await Promise.all([
    add(here, 1),
    here.writes.run("PRAGMA foreign_keys = OFF", []),
    here.writes.alone("read", async () => void here.log.push("alone")),
  ]);
  assert.deepEqual(here.log, [
    "BEGIN IMMEDIATE",
    "COMMIT",
    "PRAGMA foreign_keys = OFF",
    "alone",
  ]);
});

test("idle() waits for the commit, until it is on the disk", async () => {
  const disk = new SlowDisk();
  const here = await watched(disk);
  const heard: string[] = [];
  const adding = add(here, 1).then(() => heard.push("added"));
  const idle = here.writes.idle().then(() => heard.push("idle"));
  await until(() => disk.waiting.length === 1);
  assert.deepEqual(here.log, ["BEGIN IMMEDIATE", "COMMIT"]);
  assert.deepEqual(heard, []);
  disk.waiting[0]!.resolve();
  await Promise.all([adding, idle]);
});

test("nobody shares where constraints are checked by the commit", () =>
  withTempDir(async (dir) => {
    const storage = await openSqlite(join(dir, "a.db"));
    await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    await storage.run("CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    const outcomes = await Promise.allSettled([
      storage.run("INSERT INTO p VALUES (1)"),
      storage.transaction((tx) => tx.run("INSERT INTO c VALUES (2)")),
      storage.run("INSERT INTO c VALUES (1)"),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await storage.all("SELECT p FROM c"), [{ p: 1 }]);
    await storage.close();
  }));

test("readers see nothing of a part that waits for its commit", () =>
  withTempDir(async (dir) => {
    const storage = await openSqlite(join(dir, "a.db"));
    await storage.run("CREATE TABLE t (v)");
    let seen: unknown[] | undefined;
    const first = storage.run("INSERT INTO t VALUES (1)");
    const second = storage.transaction(async () => {
      seen = await storage.all("SELECT v FROM t"); // the first one is done, and not committed
    });
    await Promise.all([first, second]);
    assert.deepEqual(seen, []);
    assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: 1 }]);
    await storage.close();
  }));
