// Tests of what restore() refuses, and that it leaves nothing half done.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Storage, StorageError } from "../core/mod.ts";
import { withTempDir } from "../tests/kit.ts";
import { openStorage } from "./mod.ts";
import { restore } from "./restore.ts";

/** A database with the rows `values`, closed, and its backup. */
async function make(dir: string, name: string, values: readonly string[]): Promise<string> {
  const storage = await openStorage(join(dir, `${name}.db`));
  await storage.run("CREATE TABLE t (v TEXT)");
  for (const value of values) await storage.run("INSERT INTO t VALUES (?)", [value]);
  await storage.backup(join(dir, `${name}.backup`));
  await storage.close();
  return join(dir, `${name}.backup`);
}

async function read(path: string): Promise<unknown> {
  const storage: Storage = await openStorage(path);
  try {
    return (await storage.all<{ v: string }>("SELECT v FROM t")).map(({ v }) => v);
  } finally {
    await storage.close();
  }
}

const refused = (why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StorageError, String(error));
  assert.match(error.message, why);
  return true;
};

test("restore() refuses a file that is no backup, and leaves the database as it was", () =>
  withTempDir(async (dir) => {
    const backup = await make(dir, "a", ["old"]);
    const cut = join(dir, "cut.backup");
    const storage = await openStorage(join(dir, "b.db"));
    await storage.run("CREATE TABLE t (v)");
    for (let row = 0; row < 50; row++) await storage.run("INSERT INTO t VALUES (zeroblob(3000))");
    await storage.backup(cut);
    await storage.close();
    truncateSync(cut, 16384);
    writeFileSync(join(dir, "text"), "no database\n".repeat(1000));
    writeFileSync(join(dir, "empty"), "");
    const into = join(dir, "a.db");
    for (const name of ["cut.backup", "text", "missing", "empty"]) {
      await assert.rejects(restore(join(dir, name), into, { force: true }), StorageError, name);
      assert.deepEqual(await read(into), ["old"]);
    }
    assert.deepEqual(readdirSync(dir).filter((name) => name.includes("restoring")), []);
    await restore(backup, into, { force: true });
  }));

test("restore() refuses a database in use, as its source and as its target", () =>
  withTempDir(async (dir) => {
    const backup = await make(dir, "a", ["new"]);
    const path = join(dir, "live.db");
    const live = await openStorage(path);
    await live.run("CREATE TABLE t (v TEXT)");
    await live.run("INSERT INTO t VALUES ('live')");
    await assert.rejects(restore(path, join(dir, "x.db")), refused(/in use, not a backup/));
    await assert.rejects(restore(backup, path, { force: true }), refused(/stop the server first/));
    await live.run("INSERT INTO t VALUES ('goes on')");
    await live.close();
    assert.deepEqual(await read(path), ["live", "goes on"]);
    await restore(backup, path, { force: true });
    assert.deepEqual(await read(path), ["new"]);
  }));

test("restore() replaces a damaged database, whose -wal is not applied to the new one", () =>
  withTempDir(async (dir) => {
    const backup = await make(dir, "a", ["good"]);
    const path = join(dir, "broken.db");
    const live = await openStorage(path);
    await live.run("CREATE TABLE t (v TEXT)");
    await live.run("INSERT INTO t VALUES ('bad')");
    const wal = readFileSync(`${path}-wal`);
    await live.close();
    writeFileSync(path, "damaged ".repeat(2000));
    writeFileSync(`${path}-wal`, wal);
    await assert.rejects(restore(backup, path), StorageError);
    await restore(backup, path, { force: true });
    assert.deepEqual(await read(path), ["good"]);
  }));

test("restore() fills an empty database that was opened before", () =>
  withTempDir(async (dir) => {
    const backup = await make(dir, "a", ["1", "2"]);
    await (await openStorage(join(dir, "empty.db"))).close();
    await restore(backup, `file:${join(dir, "empty.db")}`);
    assert.deepEqual(await read(join(dir, "empty.db")), ["1", "2"]);
    copyFileSync(backup, join(dir, "copy"));
    await assert.rejects(restore(join(dir, "copy"), ":memory:"), refused(/in memory/));
  }));
