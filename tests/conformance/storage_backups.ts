// What every lasting storage does for backups.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Storage } from "../../core/mod.ts";
import { openStorage } from "../../storage/mod.ts";
import { restore } from "../../storage/restore.ts";
import { withTempDir } from "../kit.ts";
import type { StorageTest } from "./storage.ts";

async function fill(storage: Storage): Promise<void> {
  await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, v, up REFERENCES p)");
  await storage.run("CREATE TABLE w (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID");
  await storage.run("CREATE TABLE r (p INTEGER NOT NULL REFERENCES p, double AS (p * 2))");
  await storage.run("CREATE INDEX p_v ON p (v)");
  await storage.run("CREATE VIEW large AS SELECT id FROM p WHERE id > 10");
  await storage.run(
    "CREATE TRIGGER p_added AFTER INSERT ON p BEGIN INSERT INTO r VALUES (new.id); END",
  );
  for (const v of [null, 1.5, 2n ** 60n, "😀", Uint8Array.of(1, 0), new Uint8Array(3 << 20)]) {
    await storage.run("INSERT INTO p (v) VALUES (?)", [v]);
  }
  await storage.run("INSERT INTO p (v, up) VALUES (7, 1)");
  await storage.run("DELETE FROM r WHERE p = 7");
  await storage.run("DELETE FROM p WHERE id = 7");
  for (const a of ["x", "y", "z"]) {
    await storage.run("INSERT INTO w VALUES (?1, 1, 'v'), (?1, 2, NULL)", [a]);
  }
}
async function contents(storage: Storage): Promise<unknown> {
  return {
    p: await storage.all("SELECT rowid AS r, * FROM p ORDER BY id"),
    w: await storage.all("SELECT * FROM w ORDER BY a, b"),
    r: await storage.all("SELECT rowid AS r, * FROM r ORDER BY rowid"),
    schema: await storage.all(
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name",
    ),
    counters: await storage.all("SELECT * FROM sqlite_sequence"),
  };
}

/** Tests of backup and restore. */
export const backups: readonly StorageTest[] = [
  ["a backup restored elsewhere is the same database", (storage) =>
    withTempDir(async (dir) => {
      await fill(storage);
      const file = join(dir, "backup.db");
      await storage.backup(file);
      const expected = await contents(storage);
      await assert.rejects(storage.backup(file), /exists already/);
      const target = join(dir, "deep", "new.db");
      await restore(file, target);
      const restored = await openStorage(target);
      assert.deepEqual(await contents(restored), expected);
      const added = await restored.transaction((tx) =>
        tx.all("INSERT INTO p (v) VALUES (1) RETURNING id")
      );
      assert.deepEqual(added, [{ id: 8 }], "the id of a deleted row is not given again");
      await restored.close();
      assert.equal(existsSync(`${file}.partial`), false);
    })],

  [
    "a backup is restored into an empty place, and over a full one only by force",
    (storage, { url, token }) =>
      withTempDir(async (dir) => {
        await storage.close();
        const origin = await openStorage(join(dir, "origin.db"));
        await fill(origin);
        const expected = await contents(origin);
        await origin.backup(join(dir, "backup.db"));
        await origin.close();
        await restore(join(dir, "backup.db"), url, { token });
        const check = async () => {
          const storage = await openStorage(url, { token });
          try {
            assert.deepEqual(await contents(storage), expected);
            await storage.run("DELETE FROM w");
          } finally {
            await storage.close();
          }
        };
        await check();
        await assert.rejects(restore(join(dir, "backup.db"), url, { token }), /holds data/);
        await restore(join(dir, "backup.db"), url, { token, force: true });
        await check();
      }),
  ],

  [
    "a backup with a full-text index can be restored, and what is added then is found",
    (storage, { url, token }) =>
      withTempDir(async (dir) => {
        const origin = await openStorage(join(dir, "origin.db"));
        await origin.run("CREATE VIRTUAL TABLE x USING fts5(v, content='', contentless_delete=1)");
        await origin.run("INSERT INTO x (rowid, v) VALUES (1, 'old')");
        await origin.backup(join(dir, "backup.db"));
        await origin.close();
        await storage.close();
        await restore(join(dir, "backup.db"), url, { token });
        const restored = await openStorage(url, { token });
        await restored.run("INSERT INTO x (rowid, v) VALUES (2, 'new')");
        await restored.backup(join(dir, "again.db"));
        const find = "SELECT rowid FROM x WHERE x MATCH 'new'";
        assert.deepEqual(await restored.all(find), [{ rowid: 2 }]);
        await restored.close();
        const again = await openStorage(join(dir, "again.db"));
        await again.run("INSERT OR REPLACE INTO x (rowid, v) VALUES (2, 'new')");
        assert.deepEqual(await again.all(find), [{ rowid: 2 }]);
        await again.close();
      }),
  ],

  [
    "a backup made while others write holds whole transactions only",
    (storage) =>
      withTempDir(async (dir) => {
        await storage.run("CREATE TABLE a (v INTEGER, pad)");
        await storage.run("CREATE TABLE b (v INTEGER)");
        let going = true;
        const writing = (async () => {
          for (let v = 0; going; v++) {
            await storage.transaction(async (tx) => {
              await tx.run("INSERT INTO a VALUES (?, ?)", [v, "x".repeat(2000)]);
              await tx.run("INSERT INTO b VALUES (?)", [v]);
            });
            await new Promise((resolve) => setImmediate(resolve));
          }
        })();
        try {
          for (let round = 0; round < 3; round++) {
            const file = join(dir, `${round}.db`);
            await storage.backup(file);
            const copy = await openStorage(file);
            const [row] = await copy.all<{ a: number; b: number }>(
              "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b",
            );
            assert.equal(row!.a, row!.b);
            assert.deepEqual(await copy.all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
            await copy.close();
          }
        } finally {
          going = false;
          await writing;
        }
      }),
  ],
];
