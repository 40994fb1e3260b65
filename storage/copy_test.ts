// What copying does with tables that are no plain ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../core/database.ts";
import { copyDatabase, dropEverything, type Source, type Statement } from "./copy.ts";
import { connect } from "./sqlite/connection.ts";
import { loadDriver } from "./sqlite/driver.ts";

async function databases() {
  const driver = await loadDriver();
  const [from, to] = [connect(driver, ":memory:"), connect(driver, ":memory:")];
  const source: Source = {
    all: async (sql: string, values?: readonly Value[]) => await from.all(sql, values),
  };
  const load = async (statements: readonly Statement[]) => {
    for (const { sql, values } of statements) await to.run(sql, values);
  };
  return { from, to, source, load };
}

test("an index without content comes out empty, and its trigger works", async () => {
  const { from, to, source, load } = await databases();
  from.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  from.run("CREATE VIRTUAL TABLE x USING fts5(v, content='', contentless_delete=1)");
  from.run(
    "CREATE TRIGGER t_x AFTER INSERT ON t BEGIN INSERT INTO x (rowid, v) VALUES (new.id, new.v); END",
  );
  from.run("INSERT INTO t VALUES (1, 'one')");
  await copyDatabase(source, { load });
  const find = "SELECT rowid FROM x WHERE x MATCH ?";
  assert.deepEqual(to.all("SELECT * FROM t"), [{ id: 1, v: "one" }]);
  assert.deepEqual(to.all(find, ["one"]), []);
  to.run("INSERT INTO t VALUES (2, 'two')");
  assert.deepEqual(to.all(find, ["two"]), [{ rowid: 2 }]);
  for (const { sql } of await dropEverything(source)) from.run(sql);
  assert.deepEqual(from.all("SELECT name FROM sqlite_schema"), []);
});

test("a virtual table that holds something itself is refused, not lost", async () => {
  const { from, source, load } = await databases();
  from.run("CREATE VIRTUAL TABLE x USING fts5(v)");
  await assert.rejects(copyDatabase(source, { load }), /Cannot copy x: it is a virtual table/);
});
