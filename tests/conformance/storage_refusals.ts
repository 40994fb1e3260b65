// What every storage refuses, and how it says so.
import assert from "node:assert/strict";
import { ConstraintError, StorageError } from "../../core/mod.ts";
import type { StorageTest } from "./storage.ts";

/** Tests of errors. */
export const refusals: readonly StorageTest[] = [
  ["each violated constraint is told by its kind", async (storage) => {
    await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    await storage.run(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL DEFAULT '',
         c INTEGER CHECK (c > 0), p INTEGER REFERENCES p)`,
    );
    await storage.run("INSERT INTO t (id, u) VALUES (1, 'secret')");
    const cases = [
      ["INSERT INTO t (id) VALUES (?)", 1, "unique"],
      ["INSERT INTO t (u) VALUES (?)", "secret", "unique"],
      ["INSERT INTO t (n) VALUES (?)", null, "notnull"],
      ["INSERT INTO t (c) VALUES (?)", -77, "check"],
      ["INSERT INTO t (p) VALUES (?)", 4711, "foreignkey"],
    ] as const;
    for (const [sql, value, kind] of cases) {
      await assert.rejects(storage.run(sql, [value]), (error) => {
        assert.ok(error instanceof ConstraintError, String(error));
        assert.equal(error.kind, kind);
        assert.match(error.message, /^Cannot run INSERT t: .*[^.]$/);
        assert.doesNotMatch(error.message, /secret|77|4711/);
        return true;
      });
    }
    assert.deepEqual(await storage.all("SELECT count(*) AS n FROM t"), [{ n: 1 }]);
  }],

  ["what is no value is refused, and so is the wrong number of values", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const wrong: unknown[] = [
      undefined,
      true,
      {},
      [],
      new Date(0),
      Symbol("s"),
      new ArrayBuffer(1),
    ];
    for (const value of wrong) {
      const bind = () => storage.run("INSERT INTO t VALUES (?)", [value as null]);
      await assert.rejects(bind, TypeError);
    }
    for (const value of [NaN, Infinity, 1n << 63n]) {
      await assert.rejects(storage.run("INSERT INTO t VALUES (?)", [value]), RangeError);
    }
    await assert.rejects(storage.run("INSERT INTO t VALUES (?)", []), /1 values are wanted, 0/);
    await assert.rejects(storage.all("SELECT ?1, ?2", [1]), /2 values are wanted, 1/);
    await assert.rejects(storage.all("SELECT ?", [1, 2]), /1 values are wanted, 2/);
    assert.deepEqual(await storage.all("SELECT * FROM t"), []);
  }],

  ["a read that writes, two statements at once, and none are refused", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    await assert.rejects(storage.all("INSERT INTO t VALUES (1) RETURNING v"), /as a read/);
    await assert.rejects(storage.all("WITH q AS (SELECT 1) DELETE FROM t"), /as a read/);
    await assert.rejects(storage.run("DELETE FROM t; DROP TABLE t"), /one statement/);
    await assert.rejects(storage.run(" -- nothing"), TypeError);
    assert.deepEqual(await storage.all("WITH q AS (SELECT 1 AS a) SELECT * FROM q;"), [{ a: 1 }]);
  }],

  ["an unknown table is a StorageError that names no value", async (storage) => {
    await assert.rejects(storage.all("SELECT * FROM nope WHERE x = 'secret'"), (error) => {
      assert.ok(error instanceof StorageError);
      assert.match(error.message, /^Cannot run SELECT nope: no such table: nope$/);
      return true;
    });
  }],
];
