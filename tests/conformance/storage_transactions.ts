// What every storage does with transactions.
import assert from "node:assert/strict";
import { ConstraintError, type Storage, StorageError } from "../../core/mod.ts";
import type { StorageTest } from "./storage.ts";

async function count(storage: Storage): Promise<number> {
  return (await storage.all<{ n: number }>("SELECT count(*) AS n FROM t"))[0]!.n;
}

/** Tests of transactions, and of the end of a storage. */
export const transactions: readonly StorageTest[] = [
  ["a transaction sees its own writes and returns what its work returns", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const rows = await storage.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      assert.deepEqual(await tx.all("INSERT INTO t VALUES (2) RETURNING v"), [{ v: 2 }]);
      return await tx.all("SELECT v FROM t ORDER BY v");
    });
    assert.deepEqual(rows, [{ v: 1 }, { v: 2 }]);
    assert.equal(await count(storage), 2);
  }],

  ["two transactions started together do not mix", async (storage) => {
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
  }],

  ["a write between two transactions is not undone by either", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const failing = storage.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES ('lost')");
      throw new Error("midway");
    });
    const write = storage.run("INSERT INTO t VALUES ('kept')");
    await assert.rejects(failing, /midway/);
    await write;
    assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: "kept" }]);
  }],

  ["a transaction that fails midway leaves nothing, and the storage goes on", async (storage) => {
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
  }],

  ["a constraint error that the work handles does not end the transaction", async (storage) => {
    await storage.run("CREATE TABLE t (v INTEGER PRIMARY KEY)");
    await storage.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      await assert.rejects(tx.run("INSERT INTO t VALUES (1)"), ConstraintError);
      await tx.run("INSERT INTO t VALUES (2)");
    });
    assert.equal(await count(storage), 2);
  }],

  ["a foreign key that is checked at the end fails the commit, wholly", async (storage) => {
    await storage.run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    await storage.run("CREATE TABLE t (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    const dangling = storage.transaction((tx) => tx.run("INSERT INTO t VALUES (5)"));
    await assert.rejects(dangling, { name: "ConstraintError", kind: "foreignkey" });
    assert.equal(await count(storage), 0);
    await storage.run("INSERT INTO p VALUES (5)");
    await storage.run("INSERT INTO t VALUES (5)");
  }],

  ["a transaction inside a transaction joins it, also in its failure", async (storage) => {
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
  }],

  ["reads outside a transaction see committed rows only", async (storage, { url }) => {
    if (url === ":memory:") return; // one connection: it would wait for itself, see below
    await storage.run("CREATE TABLE t (v)");
    await storage.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      assert.equal(await count(storage), 0);
    });
    assert.equal(await count(storage), 1);
  }],

  [
    "a write inside a transaction that does not use its tx is refused, not waited for",
    async (storage) => {
      await storage.run("CREATE TABLE t (v)");
      await storage.transaction(async () => {
        await assert.rejects(storage.run("INSERT INTO t VALUES (1)"), /use the tx/);
        await assert.rejects(storage.transaction(() => Promise.resolve()), /use the tx/);
      });
      await storage.run("INSERT INTO t VALUES (1)");
    },
  ],

  ["a tx is of no use after its end", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const tx = await storage.transaction((tx) => Promise.resolve(tx));
    await assert.rejects(tx.run("INSERT INTO t VALUES (1)"), /after its end/);
    await assert.rejects(tx.all("SELECT 1"), /after its end/);
    await assert.rejects(tx.transaction(() => Promise.resolve()), /after its end/);
    assert.equal(await count(storage), 0);
  }],

  ["close() lets what was asked for finish, and refuses what comes after", async (storage) => {
    await storage.run("CREATE TABLE t (v)");
    const writes = [1, 2, 3].map((v) => storage.run("INSERT INTO t VALUES (?)", [v]));
    const closed = storage.close();
    assert.deepEqual(await Promise.all(writes), Array(3).fill({ changes: 1 }));
    await closed;
    await assert.rejects(storage.all("SELECT 1"), /is closed/);
    await assert.rejects(storage.run("DELETE FROM t"), StorageError);
    await assert.rejects(storage.transaction(() => Promise.resolve()), StorageError);
    await storage.close();
  }],
];
