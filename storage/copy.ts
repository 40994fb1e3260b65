// Copies a whole database, schema and rows, from one storage into another that is empty.
import { StorageError, type Value } from "../core/database.ts";

/** Reads; all of it sees the same moment. */
export interface Source {
  all(sql: string, values?: readonly Value[]): Promise<Record<string, Value>[]>;
}

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

export interface Target {
  /** Runs statements in one transaction, which checks foreign keys at its end at the earliest. */
  load(statements: readonly Statement[]): Promise<void>;
}

/** A server's answer has at most 10 MB, and a row 5. */
const bytesAtOnce = 4 << 20;
const rowsAtOnce = 500;

/**
 * Copies everything. Indexes, triggers and views come last: loading is quicker without them, and no
 * trigger runs. Row ids stay, and so do the counters of AUTOINCREMENT: no id is ever given twice.
 *
 * A full-text index without content of its own comes out empty: SQLite lets nobody read or write its
 * insides. Who keeps one must see that, and fill it again.
 */
export async function copyDatabase(source: Source, target: Target): Promise<void> {
  const tables = await listTables(source);
  await target.load(tables.map(({ sql }) => ({ sql, values: [] })));
  for (const table of parentsFirst(tables)) {
    if (!table.index) await copyRows(source, target, table);
  }
  await copyCounters(source, target);
  const rest = await source.all(
    `SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL
     ORDER BY CASE type WHEN 'index' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, name`,
  );
  await target.load(rest.map(({ sql }) => ({ sql: String(sql), values: [] })));
}

interface Table {
  readonly name: string;
  readonly sql: string;
  /** Columns that are stored, not computed. */
  readonly columns: readonly string[];
  /** What a page starts from: the primary key, or the row id's name. */
  readonly key: readonly string[];
  /** The tables that its foreign keys name. */
  readonly parents: readonly string[];
  /** A full-text index: it has no rows to copy. */
  readonly index: boolean;
}

async function listTables(source: Source): Promise<Table[]> {
  const found = await source.all(
    `SELECT s.name, s.sql, l.type, l.wr FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name
     WHERE s.type = 'table' AND l.schema = 'main' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
     ORDER BY s.rowid`,
  );
  const tables: Table[] = [];
  for (const { name, sql, wr, type } of found) {
    // What a virtual table is made of comes and goes with it.
    if (type === "shadow") continue;
    tables.push(
      type === "table"
        ? await describe(source, String(name), String(sql), wr === 1)
        : indexTable(String(name), String(sql)),
    );
  }
  return tables;
}

function indexTable(name: string, sql: string): Table {
  if (!/\bUSING\s+fts5\b[^]*\bcontent\s*=\s*''/i.test(sql)) {
    throw new StorageError("other", `Cannot copy ${name}: it is a virtual table`);
  }
  return { name, sql, columns: [], key: [], parents: [], index: true };
}

async function describe(source: Source, name: string, sql: string, keyed: boolean): Promise<Table> {
  const columns = await source.all(
    "SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid",
    [name],
  );
  const names = columns.map((column) => String(column["name"]));
  const primary = columns.filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a["pk"]) - Number(b["pk"])).map((column) => String(column["name"]));
  const parents = await source.all('SELECT DISTINCT "table" t FROM pragma_foreign_key_list(?)', [
    name,
  ]);
  return {
    name,
    sql,
    columns: names,
    key: keyed ? primary : [rowId(name, names)],
    parents: parents.map(({ t }) => String(t)),
    index: false,
  };
}

/** A name of the row id that no column has taken. */
function rowId(table: string, columns: readonly string[]): string {
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
  if (!free) throw new StorageError("other", `Cannot copy ${table}: it hides its row ids`);
  return free;
}

/** Each table after those that its foreign keys name, as far as they go round in no circle. */
function parentsFirst(tables: readonly Table[]): Table[] {
  const byName = new Map(tables.map((table) => [table.name.toLowerCase(), table]));
  const sorted = new Set<Table>();
  const visiting = new Set<Table>();
  function visit(table: Table): void {
    if (sorted.has(table) || visiting.has(table)) return;
    visiting.add(table);
    for (const name of table.parents) {
      const parent = byName.get(name.toLowerCase());
      if (parent) visit(parent);
    }
    sorted.add(table);
  }
  for (const table of tables) visit(table);
  return [...sorted];
}

async function copyRows(source: Source, target: Target, table: Table): Promise<void> {
  const stored = [...new Set([...table.key, ...table.columns])];
  const insert = `INSERT INTO ${quote(table.name)} (${stored.map(quote)}) VALUES (${
    stored.map(() => "?")
  })`;
  let after: Value[] | undefined;
  for (;;) {
    const end = await pageEnd(source, table, after);
    if (!end) return;
    const rows = await page(source, table, stored, after, end);
    await target.load(
      rows.map((row) => ({ sql: insert, values: stored.map((name) => row[name]!) })),
    );
    after = end;
  }
}

/** The key of the last row of the next page: as many rows as fit into one answer. */
async function pageEnd(
  source: Source,
  table: Table,
  after: readonly Value[] | undefined,
): Promise<Value[] | undefined> {
  const size = table.columns.map((name) => `coalesce(octet_length(${quote(name)}), 0)`);
  const keys = table.key.map((name, index) => `${quote(name)} AS k${index}`);
  const rows = await source.all(
    `SELECT ${keys}, ${size.join(" + ") || "0"} AS bytes FROM ${quote(table.name)}
     ${from(table, after)} ORDER BY ${table.key.map(quote)} LIMIT ${rowsAtOnce}`,
    after ?? [],
  );
  let bytes = 0;
  const over = rows.findIndex((row, index) => {
    bytes += Number(row["bytes"]);
    return bytes > bytesAtOnce && index > 0;
  });
  const last = rows.at(over < 0 ? -1 : over - 1);
  return last && table.key.map((_, index) => last[`k${index}`]!);
}

function page(
  source: Source,
  table: Table,
  stored: readonly string[],
  after: readonly Value[] | undefined,
  end: readonly Value[],
): Promise<Record<string, Value>[]> {
  const key = table.key.map(quote).join(", ");
  const upTo = `(${key}) <= (${end.map(() => "?")})`;
  const where = after ? `${from(table, after)} AND ${upTo}` : `WHERE ${upTo}`;
  const columns = stored.map((name) => `${quote(name)} AS ${quote(name)}`);
  return source.all(
    `SELECT ${columns} FROM ${quote(table.name)} ${where} ORDER BY ${key}`,
    [...after ?? [], ...end],
  );
}

function from(table: Table, after: readonly Value[] | undefined): string {
  if (!after) return "";
  return `WHERE (${table.key.map(quote)}) > (${after.map(() => "?")})`;
}

/** What removes every table of `database`; the children of a foreign key before its parents. */
export async function dropEverything(database: Source): Promise<Statement[]> {
  const views = await database.all("SELECT name FROM sqlite_schema WHERE type = 'view'");
  const tables = parentsFirst(await listTables(database)).reverse();
  return [
    ...views.map(({ name }) => ({ sql: `DROP VIEW ${quote(String(name))}`, values: [] })),
    ...tables.map(({ name }) => ({ sql: `DROP TABLE ${quote(name)}`, values: [] })),
  ];
}

async function copyCounters(source: Source, target: Target): Promise<void> {
  const there = await source.all("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
  if (there.length === 0) return;
  const counters = await source.all("SELECT name, seq FROM sqlite_sequence");
  if (counters.length === 0) return;
  await target.load([
    { sql: "DELETE FROM sqlite_sequence", values: [] },
    ...counters.map(({ name, seq }) => ({
      sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
      values: [name!, seq!],
    })),
  ]);
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
