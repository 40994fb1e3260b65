// What every storage does with values.
import assert from "node:assert/strict";
import { maxValueBytes } from "../../core/mod.ts";
import type { StorageTest } from "./storage.ts";

/** Tests of what is bound and what comes back. */
export const values: readonly StorageTest[] = [
  ["values come back as they went in, with their type", async (storage) => {
    await storage.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    const cases = [
      [null, "null"],
      [0, "integer"],
      [-1, "integer"],
      [1.5, "real"],
      [5e10, "integer"],
      [Number.MAX_SAFE_INTEGER, "integer"],
      [Number.MIN_SAFE_INTEGER, "integer"],
      [1n << 62n, "integer"],
      [-(1n << 63n), "integer"],
      [(1n << 53n) + 1n, "integer"],
      ["", "text"],
      ["ünïcødé 😀\n\u{10FFFF} 'q' \"d\" ?", "text"],
      [new Uint8Array(), "blob"],
      [Uint8Array.of(0, 1, 255), "blob"],
      [Uint8Array.of(9, 8, 7, 6).subarray(1, 3), "blob"],
    ] as const;
    for (const [value, type] of cases) {
      await storage.run("INSERT INTO t (v) VALUES (?)", [value]);
      const rows = await storage.all(
        "SELECT v, typeof(v) AS type FROM t ORDER BY id DESC LIMIT 1",
      );
      assert.deepEqual(rows, [{ v: value, type }]);
    }
  }],

  ["a bigint that fits comes back as a number, alone and among larger ones", async (storage) => {
    await storage.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
    await storage.run("INSERT INTO t VALUES (1, ?), (2, ?)", [5n, 2n ** 60n]);
    assert.deepEqual(await storage.all("SELECT v FROM t WHERE id = 1"), [{ v: 5 }]);
    assert.deepEqual(await storage.all("SELECT v FROM t ORDER BY id"), [{ v: 5 }, {
      v: 2n ** 60n,
    }]);
  }],

  ["a value of the largest size goes through, one byte more is refused", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const large = new Uint8Array(maxValueBytes).map((_, index) => index * 31);
    await storage.run("INSERT INTO t VALUES (?)", [large]);
    const [row] = await storage.all<{ v: Uint8Array }>("SELECT v FROM t");
    assert.ok(Buffer.from(row!.v).equals(large));
    const larger = new Uint8Array(maxValueBytes + 1);
    await assert.rejects(storage.run("INSERT INTO t VALUES (?)", [larger]), RangeError);
    const text = "é".repeat(maxValueBytes / 2 + 1);
    await assert.rejects(storage.run("INSERT INTO t VALUES (?)", [text]), RangeError);
  }],

  ["what UTF-8 cannot say, and NUL, are stored as U+FFFD", async (storage) => {
    const rows = await storage.all("SELECT ? AS nul, ? AS lone", ["a\0b", "x\ud800y"]);
    assert.deepEqual(rows, [{ nul: "a\ufffdb", lone: "x\ufffdy" }]);
  }],

  ["a numbered parameter may be used twice", async (storage) => {
    assert.deepEqual(await storage.all("SELECT ?2 AS b, ?1 AS a, ?2 AS c", [1, 2]), [
      { b: 2, a: 1, c: 2 },
    ]);
  }],

  ["marks in strings and comments are no parameters", async (storage) => {
    assert.deepEqual(
      await storage.all("SELECT '?;''?' AS a /* ? ; */, ? AS \"b?\" -- ? ;", [1]),
      [{ a: "?;'?", "b?": 1 }],
    );
  }],

  ["run() counts the rows that the statement itself changed", async (storage) => {
    await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    await storage.run("CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE)");
    const insert = await storage.run("INSERT INTO p VALUES (1), (2), (3)");
    await storage.run("INSERT INTO c VALUES (1), (1), (1), (1)");
    assert.deepEqual(insert, { changes: 3 });
    assert.deepEqual(await storage.run("DELETE FROM p WHERE id = 1"), { changes: 1 });
    assert.deepEqual(await storage.run("DELETE FROM p WHERE id = 99"), { changes: 0 });
    assert.deepEqual(await storage.run("CREATE TABLE d (x)"), { changes: 0 });
    assert.deepEqual(await storage.all("SELECT count(*) AS n FROM c"), [{ n: 0 }]);
  }],

  ["a column added later is read", async (storage) => {
    await storage.run("CREATE TABLE t (a)");
    await storage.run("INSERT INTO t VALUES (1)");
    assert.deepEqual(await storage.all("SELECT * FROM t"), [{ a: 1 }]);
    await storage.run("ALTER TABLE t ADD COLUMN b DEFAULT 2");
    assert.deepEqual(await storage.all("SELECT * FROM t"), [{ a: 1, b: 2 }]);
  }],
];
