// What every storage adapter does: the suite that each of them calls.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConstraintError, maxValueBytes, type Storage, StorageError } from "../../core/mod.ts";
import { openStorage } from "../../storage/mod.ts";
import { restore } from "../../storage/restore.ts";
import { runScript } from "../child.ts";
import { withTempDir } from "../kit.ts";

/** A place for one test's data. */
export interface Place {
  /** What `openStorage` takes. */
  readonly url: string;
  readonly token?: string | undefined;
}

export interface StorageSuite {
  /** Before the first test. */
  start?(): Promise<void>;
  /** After the last. */
  stop?(): Promise<void>;
  /** Runs `work` with an empty place of its own. */
  withPlace(work: (place: Place) => Promise<void>): Promise<void>;
  /** Whether the data outlive `close` and other processes see them. */
  readonly lasting: boolean;
}

/** Runs the suite: `storageConformance("sqlite file", {...})` in an adapter's test file. */
export function storageConformance(name: string, suite: StorageSuite): void {
  const withStorage = (work: (storage: Storage, place: Place) => Promise<void>) =>
    suite.withPlace(async (place) => {
      const storage = await openStorage(place.url, place);
      try {
        await work(storage, place);
      } finally {
        await storage.close();
      }
    });
  describe(`storage: ${name}`, () => {
    before(() => suite.start?.());
    after(() => suite.stop?.());
    values(withStorage);
    refusals(withStorage);
    transactions(withStorage);
    if (suite.lasting) {
      processes(withStorage);
      backups(suite, withStorage);
    }
    closing(withStorage);
  });
}

type WithStorage = (
  work: (storage: Storage, place: Place) => Promise<void>,
) => Promise<void>;

function values(withStorage: WithStorage): void {
  test("values come back as they went in, with their type", () =>
    withStorage(async (storage) => {
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
    }));

  test("a bigint that fits comes back as a number, alone and among larger ones", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
      await storage.run("INSERT INTO t VALUES (1, ?), (2, ?)", [5n, 2n ** 60n]);
      assert.deepEqual(await storage.all("SELECT v FROM t WHERE id = 1"), [{ v: 5 }]);
      assert.deepEqual(await storage.all("SELECT v FROM t ORDER BY id"), [{ v: 5 }, {
        v: 2n ** 60n,
      }]);
    }));

  test("a value of the largest size goes through, one byte more is refused", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      const large = new Uint8Array(maxValueBytes).map((_, index) => index * 31);
      await storage.run("INSERT INTO t VALUES (?)", [large]);
      const [row] = await storage.all<{ v: Uint8Array }>("SELECT v FROM t");
      assert.ok(Buffer.from(row!.v).equals(large));
      const larger = new Uint8Array(maxValueBytes + 1);
      await assert.rejects(storage.run("INSERT INTO t VALUES (?)", [larger]), RangeError);
      const text = "é".repeat(maxValueBytes / 2 + 1);
      await assert.rejects(storage.run("INSERT INTO t VALUES (?)", [text]), RangeError);
    }));

  test("what UTF-8 cannot say, and NUL, are stored as U+FFFD", () =>
    withStorage(async (storage) => {
      const rows = await storage.all("SELECT ? AS nul, ? AS lone", ["a\0b", "x\ud800y"]);
      assert.deepEqual(rows, [{ nul: "a\ufffdb", lone: "x\ufffdy" }]);
    }));

  test("a numbered parameter may be used twice", () =>
    withStorage(async (storage) => {
      assert.deepEqual(await storage.all("SELECT ?2 AS b, ?1 AS a, ?2 AS c", [1, 2]), [
        { b: 2, a: 1, c: 2 },
      ]);
    }));

  test("marks in strings and comments are no parameters", () =>
    withStorage(async (storage) => {
      assert.deepEqual(
        await storage.all("SELECT '?;''?' AS a /* ? ; */, ? AS \"b?\" -- ? ;", [1]),
        [{ a: "?;'?", "b?": 1 }],
      );
    }));

  test("run() counts the rows that the statement itself changed", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
      await storage.run("CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE)");
      const insert = await storage.run("INSERT INTO p VALUES (1), (2), (3)");
      await storage.run("INSERT INTO c VALUES (1), (1), (1), (1)");
      assert.deepEqual(insert, { changes: 3 });
      assert.deepEqual(await storage.run("DELETE FROM p WHERE id = 1"), { changes: 1 });
      assert.deepEqual(await storage.run("DELETE FROM p WHERE id = 99"), { changes: 0 });
      assert.deepEqual(await storage.run("CREATE TABLE d (x)"), { changes: 0 });
      assert.deepEqual(await storage.all("SELECT count(*) AS n FROM c"), [{ n: 0 }]);
    }));

  test("a column added later is read", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (a)");
      await storage.run("INSERT INTO t VALUES (1)");
      assert.deepEqual(await storage.all("SELECT * FROM t"), [{ a: 1 }]);
      await storage.run("ALTER TABLE t ADD COLUMN b DEFAULT 2");
      assert.deepEqual(await storage.all("SELECT * FROM t"), [{ a: 1, b: 2 }]);
    }));
}

function refusals(withStorage: WithStorage): void {
  test("each violated constraint is told by its kind", () =>
    withStorage(async (storage) => {
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
    }));

  test("what is no value is refused, and so is the wrong number of values", () =>
    withStorage(async (storage) => {
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
    }));

  test("a read that writes, two statements at once, and none are refused", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      await assert.rejects(storage.all("INSERT INTO t VALUES (1) RETURNING v"), /as a read/);
      await assert.rejects(storage.all("WITH q AS (SELECT 1) DELETE FROM t"), /as a read/);
      await assert.rejects(storage.run("DELETE FROM t; DROP TABLE t"), /one statement/);
      await assert.rejects(storage.run(" -- nothing"), TypeError);
      assert.deepEqual(await storage.all("WITH q AS (SELECT 1 AS a) SELECT * FROM q;"), [{ a: 1 }]);
    }));

  test("an unknown table is a StorageError that names no value", () =>
    withStorage(async (storage) => {
      await assert.rejects(storage.all("SELECT * FROM nope WHERE x = 'secret'"), (error) => {
        assert.ok(error instanceof StorageError);
        assert.match(error.message, /^Cannot run SELECT nope: no such table: nope$/);
        return true;
      });
    }));
}

function transactions(withStorage: WithStorage): void {
  const count = async (storage: Storage) =>
    (await storage.all<{ n: number }>("SELECT count(*) AS n FROM t"))[0]!.n;

  test("a transaction sees its own writes and returns what its work returns", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      const rows = await storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        assert.deepEqual(await tx.all("INSERT INTO t VALUES (2) RETURNING v"), [{ v: 2 }]);
        return await tx.all("SELECT v FROM t ORDER BY v");
      });
      assert.deepEqual(rows, [{ v: 1 }, { v: 2 }]);
      assert.equal(await count(storage), 2);
    }));

  test("two transactions started together do not mix", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v INTEGER)");
      await storage.run("INSERT INTO t VALUES (0)");
      const order: string[] = [];
      const add = (name: string) =>
        storage.transaction(async (tx) => {
          order.push(`${name} begins`);
          const [row] = await tx.all<{ v: number }>("SELECT v FROM t");
          await new Promise((resolve) => setImmediate(resolve));
          await tx.run("UPDATE t SET v = ?", [row!.v + 1]);
          order.push(`${name} ends`);
        });
      await Promise.all([add("a"), add("b"), storage.run("UPDATE t SET v = v + 10"), add("c")]);
      assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: 13 }]);
      const names = ["a", "b", "c"];
      assert.deepEqual(order, names.flatMap((name) => [`${name} begins`, `${name} ends`]));
    }));

  test("a write between two transactions is not undone by either", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      const failing = storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES ('lost')");
        throw new Error("midway");
      });
      const write = storage.run("INSERT INTO t VALUES ('kept')");
      await assert.rejects(failing, /midway/);
      await write;
      assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: "kept" }]);
    }));

  test("a transaction that fails midway leaves nothing, and the storage goes on", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v INTEGER PRIMARY KEY)");
      const failing = storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await tx.run("INSERT INTO t VALUES (2)");
        await tx.run("INSERT INTO t VALUES (1)");
      });
      await assert.rejects(failing, ConstraintError);
      assert.equal(await count(storage), 0);
      await storage.transaction((tx) => tx.run("INSERT INTO t VALUES (3)"));
      assert.equal(await count(storage), 1);
    }));

  test("a constraint error that the work handles does not end the transaction", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v INTEGER PRIMARY KEY)");
      await storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await assert.rejects(tx.run("INSERT INTO t VALUES (1)"), ConstraintError);
        await tx.run("INSERT INTO t VALUES (2)");
      });
      assert.equal(await count(storage), 2);
    }));

  test("a foreign key that is checked at the end fails the commit, wholly", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
      await storage.run("CREATE TABLE t (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
      const dangling = storage.transaction((tx) => tx.run("INSERT INTO t VALUES (5)"));
      await assert.rejects(dangling, { name: "ConstraintError", kind: "foreignkey" });
      assert.equal(await count(storage), 0);
      await storage.run("INSERT INTO p VALUES (5)");
      await storage.run("INSERT INTO t VALUES (5)");
    }));

  test("a transaction inside a transaction joins it, also in its failure", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      await storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await tx.transaction((inner) => inner.run("INSERT INTO t VALUES (2)"));
      });
      assert.equal(await count(storage), 2);
      const swallowed = storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (3)");
        await tx.transaction(async (inner) => {
          await inner.run("INSERT INTO t VALUES (4)");
          throw new Error("inner");
        }).catch(() => {});
      });
      await assert.rejects(swallowed, StorageError);
      assert.equal(await count(storage), 2);
    }));

  test("reads outside a transaction see committed rows only", () =>
    withStorage(async (storage, { url }) => {
      if (url === ":memory:") return; // one connection: it would wait for itself, see below
      await storage.run("CREATE TABLE t (v)");
      await storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        assert.equal(await count(storage), 0);
      });
      assert.equal(await count(storage), 1);
    }));

  test("a write inside a transaction that does not use its tx is refused, not waited for", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      await storage.transaction(async () => {
        await assert.rejects(storage.run("INSERT INTO t VALUES (1)"), /use the tx/);
        await assert.rejects(storage.transaction(() => Promise.resolve()), /use the tx/);
      });
      await storage.run("INSERT INTO t VALUES (1)");
    }));

  test("a tx is of no use after its end", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      const tx = await storage.transaction((tx) => Promise.resolve(tx));
      await assert.rejects(tx.run("INSERT INTO t VALUES (1)"), /after its end/);
      await assert.rejects(tx.all("SELECT 1"), /after its end/);
      await assert.rejects(tx.transaction(() => Promise.resolve()), /after its end/);
      assert.equal(await count(storage), 0);
    }));
}

function processes(withStorage: WithStorage): void {
  const writer = fileURLToPath(new URL("./storage_writer.ts", import.meta.url));
  const table = "CREATE TABLE killed (id INTEGER, half INTEGER, body BLOB, PRIMARY KEY (id, half))";

  test("a killed process loses nothing that was acknowledged and leaves nothing half", () =>
    withStorage(async (storage, { url, token }) => {
      await storage.run(table);
      for (let round = 0; round < 4; round++) {
        const way = round % 2 ? "run" : "transaction";
        const child = runScript(writer, [url, token ?? "", way]);
        await child.saw(new RegExp(`^(\\d+\n){${15 + round * 7}}`));
        child.process.kill("SIGKILL");
        assert.equal(await child.ended, "SIGKILL");
        const acknowledged = Number(child.stdout.trim().split("\n").at(-1));
        const again = await openStorage(url, { token });
        try {
          assert.deepEqual(await again.all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
          const [row] = await again.all<{ n: number; halves: number }>(
            `SELECT max(id) AS n, (SELECT count(*) FROM killed WHERE id = ?1) AS halves FROM killed`,
            [acknowledged],
          );
          assert.ok(row!.n >= acknowledged, `${row!.n} < ${acknowledged}`);
          assert.equal(row!.halves, way === "run" ? 1 : 2);
          const [last] = await again.all<{ n: number }>(
            "SELECT count(*) AS n FROM killed WHERE id = (SELECT max(id) FROM killed)",
          );
          assert.equal(last!.n, way === "run" ? 1 : 2);
        } finally {
          await again.close();
        }
      }
    }));

  test("several processes write at once: each waits for the others, none fails", () =>
    withStorage(async (storage, { url, token }) => {
      await storage.run(table.replace("PRIMARY KEY (id, half)", "x INTEGER"));
      await storage.run("CREATE TABLE own (v INTEGER)");
      const children = ["run", "transaction"].map((way) =>
        runScript(writer, [url, token ?? "", way, "60"])
      );
      for (let v = 0; v < 60; v++) {
        await storage.transaction(async (tx) => {
          const [row] = await tx.all<{ n: number }>("SELECT count(*) AS n FROM own");
          await tx.run("INSERT INTO own VALUES (?)", [row!.n]);
        });
      }
      for (const child of children) assert.equal(await child.ended, 0, child.stderr);
      const [counts] = await storage.all(
        "SELECT (SELECT count(*) FROM killed) AS theirs, (SELECT max(v) FROM own) AS ours",
      );
      assert.deepEqual(counts, { theirs: 60 + 120, ours: 59 });
    }));
}

function backups(suite: StorageSuite, withStorage: WithStorage): void {
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

  test("a backup restored elsewhere is the same database", () =>
    withTempDir((dir) =>
      withStorage(async (storage) => {
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
      })
    ));

  test("a backup is restored into an empty place, and over a full one only by force", () =>
    withTempDir((dir) =>
      suite.withPlace(async ({ url, token }) => {
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
      })
    ));

  test("a backup made while others write holds whole transactions only", () =>
    withTempDir((dir) =>
      withStorage(async (storage) => {
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
      })
    ));
}

function closing(withStorage: WithStorage): void {
  test("close() lets what was asked for finish, and refuses what comes after", () =>
    withStorage(async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      const writes = [1, 2, 3].map((v) => storage.run("INSERT INTO t VALUES (?)", [v]));
      const closed = storage.close();
      assert.deepEqual(await Promise.all(writes), Array(3).fill({ changes: 1 }));
      await closed;
      await assert.rejects(storage.all("SELECT 1"), /is closed/);
      await assert.rejects(storage.run("DELETE FROM t"), StorageError);
      await assert.rejects(storage.transaction(() => Promise.resolve()), StorageError);
      await storage.close();
    }));
}
