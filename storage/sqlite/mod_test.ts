// SQLite: the suite of every storage, and what only a file can suffer.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { StorageError } from "../../core/mod.ts";
import { run, scriptFlags } from "../../tests/child.ts";
import { storageConformance } from "../../tests/conformance/storage.ts";
import { until, withTempDir } from "../../tests/kit.ts";
import { needs } from "../../tests/needs.ts";
import { openSqlite } from "./mod.ts";

storageConformance("sqlite file", {
  withPlace: (work) => withTempDir((dir) => work({ url: join(dir, "data", "test.db") })),
  lasting: true,
});
storageConformance("sqlite in memory", {
  withPlace: (work) => work({ url: ":memory:" }),
  lasting: false,
});

test("openSqlite() sets what the runtimes leave open", () =>
  withTempDir(async (dir) => {
    const storage = await openSqlite(join(dir, "a.db"));
    const setting = async (name: string) =>
      Object.values((await storage.transaction((tx) => tx.all(`PRAGMA ${name}`)))[0]!)[0];
    assert.equal(await setting("journal_mode"), "wal");
    assert.equal(await setting("synchronous"), 1, "NORMAL: the wait for the disk is ours");
    assert.equal(await setting("foreign_keys"), 1);
    assert.ok(Number(await setting("busy_timeout")) > 0);
    await storage.close();
  }));

test("readers wait for what they see to be on the disk, and not for anything else", () =>
  withTempDir(async (dir) => {
    let disk: PromiseWithResolvers<void> | undefined;
    const storage = await openSqlite(join(dir, "a.db"), { sync: async () => await disk?.promise });
    await storage.run("CREATE TABLE t (v)");
    disk = Promise.withResolvers();
    let told = 0;
    const writing = storage.run("INSERT INTO t VALUES (1)").then(() => told++);
    const other = await openSqlite(join(dir, "a.db"));
    await until(async () => (await other.all("SELECT v FROM t")).length === 1);
    const reading = storage.all("SELECT v FROM t").then((rows) => {
      told++;
      return rows;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(told, 0);
    disk.resolve();
    assert.deepEqual(await reading, [{ v: 1 }]);
    await writing;
    disk = Promise.withResolvers();
    assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: 1 }]);
    disk.resolve();
    await other.close();
    await storage.close();
  }));

test("a database is for its owner only, and one file when it is closed", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "data", "a.db");
    const storage = await openSqlite(path);
    await storage.run("CREATE TABLE t (v)");
    assert.ok(storage.presence!());
    for (const name of readdirSync(join(dir, "data"))) {
      assert.equal(statSync(join(dir, "data", name)).mode & 0o077, 0, name);
    }
    await storage.close();
    assert.deepEqual(readdirSync(join(dir, "data")), ["a.db"]);
  }));

test("the file of a process that ended goes after a while", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "a.db");
    const ended = `${path}-process-${crypto.randomUUID()}`;
    for (const [age, stays] of [[1800, true], [7200, false]] as const) {
      writeFileSync(ended, "");
      const then = Date.now() / 1000 - age;
      utimesSync(ended, then, then);
      const storage = await openSqlite(path);
      const presence = storage.presence!()!;
      assert.equal(existsSync(ended), stays);
      assert.equal(presence.hasEnded(ended.slice(-36)), stays);
      await storage.close();
    }
  }));

test("a full disk is told, nothing half is written, and there is life after it", () =>
  withTempDir(async (dir) => {
    const storage = await openSqlite(join(dir, "a.db"));
    await storage.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    await storage.run("INSERT INTO t VALUES (1, 'there')");
    await storage.run("PRAGMA max_page_count = 40");
    const page = new Uint8Array(4000);
    const full = (error: unknown) => error instanceof StorageError && error.kind === "full";
    const filling = storage.transaction(async (tx) => {
      for (let id = 2; id < 100; id++) await tx.run("INSERT INTO t VALUES (?, ?)", [id, page]);
    });
    await assert.rejects(filling, full);
    assert.deepEqual(await storage.all("SELECT * FROM t"), [{ id: 1, v: "there" }]);
    await assert.rejects(storage.run("INSERT INTO t VALUES (2, zeroblob(1000000))"), full);
    const swallowing = storage.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (2, 'half')");
      await tx.run("INSERT INTO t VALUES (3, zeroblob(1000000))").catch(() => {});
      await tx.run("INSERT INTO t VALUES (4, 'half')").catch(() => {});
    });
    // SQLite may keep or end such a transaction: what stays must be all or nothing.
    await swallowing.then(() => storage.run("DELETE FROM t WHERE id IN (2, 4)"), () => {});
    await storage.run("PRAGMA max_page_count = 1000");
    await storage.run("INSERT INTO t VALUES (5, ?)", [page]);
    assert.deepEqual(await storage.all("SELECT id FROM t"), [{ id: 1 }, { id: 5 }]);
    assert.deepEqual(await storage.all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
    await storage.close();
  }));

const writer = fileURLToPath(new URL("../../tests/conformance/storage_writer.ts", import.meta.url));
// The superuser may write everywhere, unless this right is taken away.
const asOwner = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-all", "--"];
const superuser = process.getuid?.() === 0;
const canDrop = !superuser || spawnSync(asOwner[0]!, [...asOwner.slice(1), "true"]).status === 0;

test("a read-only file is told", needs("setpriv", canDrop), () =>
  withTempDir(async (dir) => {
    const path = join(dir, "data", "a.db");
    const storage = await openSqlite(path);
    await storage.run("CREATE TABLE t (v)");
    await storage.close();
    const before = statSync(path).mtimeMs;
    chmodSync(path, 0o400);
    chmodSync(join(dir, "data"), 0o500);
    const command = [process.execPath, ...scriptFlags(), writer, path, "", "run", "1"];
    if (superuser) command.unshift(...asOwner);
    const child = run(command[0]!, command.slice(1));
    assert.equal(await child.ended, 1);
    assert.match(
      child.stderr,
      /StorageError: Cannot open .*: the file and its folder must be writable/,
    );
    assert.equal(statSync(path).mtimeMs, before);
    chmodSync(join(dir, "data"), 0o700);
  }));

test("a file that is no database, and a damaged one, are told", () =>
  withTempDir(async (dir) => {
    writeFileSync(join(dir, "text.db"), "this is no database\n".repeat(500));
    await assert.rejects(openSqlite(join(dir, "text.db")), { kind: "corrupt" });
    const path = join(dir, "a.db");
    const storage = await openSqlite(path);
    await storage.run("CREATE TABLE t (v)");
    for (let row = 0; row < 50; row++) await storage.run("INSERT INTO t VALUES (zeroblob(3000))");
    await storage.close();
    truncateSync(path, 8192);
    const broken = await openSqlite(path).then(async (storage) => {
      try {
        return await storage.all("SELECT * FROM t");
      } finally {
        await storage.close();
      }
    }).catch((error) => error);
    assert.equal((broken as StorageError).kind, "corrupt");
  }));

test("a folder in the place of the file is told", () =>
  withTempDir(async (dir) => {
    await assert.rejects(openSqlite(dir), (error) => {
      return error instanceof StorageError && error.message.startsWith(`Cannot open ${dir}: `);
    });
  }));

test("a lock that is held for too long is told as busy, and a short one is waited for", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "a.db");
    const holder = await openSqlite(path);
    await holder.run("CREATE TABLE t (v)");
    const hasty = await openSqlite(path, { busyMs: 30 });
    const patient = await openSqlite(path);
    let waiting: Promise<unknown> | undefined;
    await holder.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      await assert.rejects(hasty.run("INSERT INTO t VALUES (2)"), { kind: "busy" });
      await assert.rejects(hasty.transaction(() => Promise.resolve()), { kind: "busy" });
      assert.deepEqual(await hasty.all("SELECT * FROM t"), [], "readers do not wait");
      waiting = patient.run("INSERT INTO t VALUES (3)");
    });
    await waiting;
    assert.deepEqual(await hasty.all("SELECT v FROM t"), [{ v: 1 }, { v: 3 }]);
    for (const storage of [hasty, patient, holder]) await storage.close();
  }));

test("a failed backup leaves no file behind", () =>
  withTempDir(async (dir) => {
    const storage = await openSqlite(join(dir, "a.db"));
    const target = join(dir, "no", "such", "folder.db");
    await assert.rejects(storage.backup(target), StorageError);
    assert.equal(existsSync(target), false);
    await storage.close();
  }));
