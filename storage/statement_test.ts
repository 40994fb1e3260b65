// Tests of what is told about a statement without a database.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "./statement.ts";

test("inspect() names the verb and the table, and nothing that could be a value", () => {
  const cases: [sql: string, about: string][] = [
    ["SELECT a, 'x' FROM mailbox_message WHERE a = 'secret'", "SELECT mailbox_message"],
    ["insert into t values ('secret')", "INSERT t"],
    ["INSERT OR REPLACE INTO t VALUES (1)", "INSERT t"],
    ["UPDATE t SET a = 'secret'", "UPDATE t"],
    ["UPDATE OR IGNORE t SET a = 1", "UPDATE"],
    ["DELETE FROM t WHERE a = 4711", "DELETE t"],
    ["CREATE TABLE IF NOT EXISTS t (a)", "CREATE t"],
    ["CREATE UNIQUE INDEX i ON t (a)", "CREATE t"],
    ["-- from secret\nSELECT 1", "SELECT"],
    ["SELECT * FROM (SELECT 1) JOIN t", "SELECT t"],
    ["PRAGMA user_version", "PRAGMA"],
  ];
  for (const [sql, about] of cases) assert.equal(inspect(sql).about, about, sql);
});

test("inspect() counts parameters as SQLite numbers them", () => {
  const cases: [sql: string, wants: number][] = [
    ["SELECT 1", 0],
    ["SELECT ?, ?", 2],
    ["SELECT ?2, ?2", 2],
    ["SELECT ?3, ?", 4],
    ["SELECT '?', \"?\", [?], `?`, 'it''s ?' -- ?\n, ? /* ? */", 1],
  ];
  for (const [sql, wants] of cases) assert.equal(inspect(sql).wants, wants, sql);
});

test("inspect() tells reads from writes", () => {
  const reads = [
    "SELECT replace(a, 'x', 'y') FROM t",
    "WITH q AS (SELECT replace(a, 1, 2) AS deleted FROM t) SELECT * FROM q",
    "VALUES (1)",
    "EXPLAIN QUERY PLAN DELETE FROM t",
  ];
  const writes = [
    "INSERT INTO t VALUES (1) RETURNING a",
    "WITH q AS (SELECT 1) INSERT INTO t SELECT * FROM q",
    "with q as (select 1) insert or ignore into t select * from q",
    "WITH q AS (SELECT 1) UPDATE t SET a = 1",
    "WITH q AS (SELECT 1) DELETE FROM t",
    "REPLACE INTO t VALUES (1)",
    "VACUUM",
    "BEGIN",
  ];
  for (const sql of reads) assert.equal(inspect(sql).reads, true, sql);
  for (const sql of writes) assert.equal(inspect(sql).reads, false, sql);
});

test("inspect() takes a trigger's body and a closing semicolon, but no second statement", () => {
  const trigger = "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; DELETE FROM v; END;";
  assert.equal(inspect(trigger).verb, "CREATE");
  assert.equal(inspect("SELECT 1 ; ").verb, "SELECT");
  assert.equal(inspect("SELECT ';' -- ; \n").verb, "SELECT");
  assert.throws(() => inspect("SELECT 1; SELECT 2"), TypeError);
  assert.throws(() => inspect(""), TypeError);
  assert.throws(() => inspect("  ;"), TypeError);
});
