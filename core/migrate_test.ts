// Migrations: once, in order, all or nothing, never backwards.
import assert from "node:assert/strict";
import { it } from "node:test";
import { join } from "node:path";
import { openSqlite } from "../storage/sqlite/mod.ts";
import { fakeClock, withTempDir } from "../tests/kit.ts";
import type { Storage } from "./database.ts";
import { migrate, NewerDatabase } from "./migrate.ts";
import { definePlugin, type Migration } from "./plugin.ts";

const clock = fakeClock();
const first: Migration = {
  id: "20260101_note",
  up: ["CREATE TABLE book_note (id INTEGER PRIMARY KEY, text TEXT)"],
};
const second: Migration = {
  id: "20260102_color",
  up: ["ALTER TABLE book_note ADD COLUMN color TEXT", "INSERT INTO book_note VALUES (1, 'a', 'b')"],
};

function book(...migrations: Migration[]) {
  return [definePlugin({ id: "book", summary: "", migrations, contributes: () => [] })];
}

async function withStorage(work: (db: Storage) => Promise<void>): Promise<void> {
  const db = await openSqlite(":memory:");
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

it("migrate() runs what has not run yet, once, and tells it", () =>
  withStorage(async (db) => {
    assert.deepEqual(await migrate(db, book(first), clock), [{ plugin: "book", id: first.id }]);
    assert.deepEqual(await migrate(db, book(first, second), clock), [
      { plugin: "book", id: second.id },
    ]);
    assert.deepEqual(await migrate(db, book(first, second), clock), []);
    assert.deepEqual(await db.all("SELECT * FROM book_note"), [{ id: 1, text: "a", color: "b" }]);
  }));

it("migrate() leaves nothing of a migration that fails, and tries it again", () =>
  withStorage(async (db) => {
    const bad: Migration = { id: second.id, up: [second.up[0]!, "INSERT INTO nowhere VALUES (1)"] };
    await assert.rejects(
      migrate(db, book(first, bad), clock),
      /Cannot run migration 20260102_color of book: /,
    );
    assert.deepEqual(await migrate(db, book(first, second), clock), [
      { plugin: "book", id: second.id },
    ]);
  }));

it("migrate() refuses a newer database and changes nothing", () =>
  withStorage(async (db) => {
    await migrate(db, book(first, second), clock);
    const other: Migration = { id: "20260101_other", up: ["CREATE TABLE book_other (id INTEGER)"] };
    await assert.rejects(migrate(db, book(first, other), clock), (error) => {
      assert.ok(error instanceof NewerDatabase);
      assert.match(error.message, /newer version of Navette .*book\/20260102_color/);
      return true;
    });
    await assert.rejects(db.all("SELECT * FROM book_other"));
  }));

it("migrate() leaves the tables of plugins that are not here alone", () =>
  withStorage(async (db) => {
    await migrate(db, book(first), clock);
    assert.deepEqual(await migrate(db, [], clock), []);
  }));

it("migrate() runs each once where two programs start together", () =>
  withTempDir(async (dir) => {
    const open = () => openSqlite(join(dir, "test.db"));
    const [one, two] = [await open(), await open()];
    try {
      const done = await Promise.all([
        migrate(one, book(first, second), clock),
        migrate(two, book(first, second), clock),
      ]);
      assert.deepEqual(done.flat().map(({ id }) => id).sort(), [first.id, second.id]);
    } finally {
      await one.close();
      await two.close();
    }
  }));
