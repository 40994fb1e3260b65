// A query as SQL: what the full-text index can answer as one MATCH, everything else as conditions.
import type { Value } from "../../../../../core/mod.ts";
import type { ItemClass } from "../../../model.ts";
import type { Query, TimeRange } from "../../../query.ts";
import { attachedPhrase, numbersOf, phraseOf } from "./index.ts";

/** A piece of SQL and its values. */
export interface Sql {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** What a query asks of the folders. */
export interface Folders {
  /** Every folder that may be looked into. */
  readonly all: readonly number[];
  ofClass(wanted: ItemClass): readonly number[];
  /** A folder, with `below` those below it. Throws NotFound. */
  at(id: string, below: boolean): readonly number[];
}

export interface Scope {
  readonly account: number;
  readonly folders: Folders;
}

const nothing: Sql = { sql: "0", values: [] };

/**
 * How a query is carried out. `rows` brings the numbers of items and their folders, newest first; its
 * last value is a limit. `hits`, where words are all that is asked for, brings one row: `total`, up
 * to a limit, and `page`, JSON of [order, item, folder]; its last values are the limit, the page's
 * length, and what is before it.
 */
export type Plan = { readonly rows: Sql } | { readonly hits: Sql };

/**
 * Words of the index drive a search where the query has any that must be there, else the items.
 */
export function searchPlan(query: Query, scope: Scope): Plan {
  const parts = conjuncts(query).filter((part) => !holdsAnyway(part, scope));
  const wanted = parts.map((part) => matchOf(part, scope)).filter((match) => match !== undefined);
  const rest = parts.filter((part) => matchOf(part, scope) === undefined);
  if (wanted.length === 0) return { rows: itemSearch(rest, scope) };
  const unwanted = rest.map((part) => "not" in part ? matchOf(part.not, scope) : undefined);
  const others = rest.filter((_, at) => unwanted[at] === undefined);
  const match = [
    wanted.map(bracketed).join(" AND "),
    ...unwanted.filter((match) => match !== undefined).map(bracketed),
  ].join(" NOT ");
  const values = [match, ...bounds(parts)];
  // Words carry their account: no folder has to be looked at for that.
  return others.length === 0
    ? { hits: { sql: hitsSql, values } }
    : { rows: wordSearch(values, joined(others.map((part) => condition(part, scope)), "AND")) };
}

/** A class that all folders have says nothing. */
function holdsAnyway(part: Query, { folders }: Scope): boolean {
  return "class" in part && folders.ofClass(part.class).length === folders.all.length;
}

function itemSearch(parts: readonly Query[], scope: Scope): Sql {
  const conditions = [inFolders(scope.folders.all), ...parts.map((part) => condition(part, scope))];
  const { sql, values } = joined(conditions, "AND");
  return {
    sql: `SELECT i.id, i.folder FROM mailbox_item i WHERE ${sql}
      ORDER BY i.date DESC, i.id DESC LIMIT ?`,
    values,
  };
}

// CROSS JOIN: the index comes first, whatever SQLite thinks of the items.
function wordSearch(words: readonly Value[], { sql, values }: Sql): Sql {
  return {
    sql: `SELECT i.id, i.folder FROM mailbox_words w CROSS JOIN mailbox_item i ON i.words = w.rowid
      WHERE w.mailbox_words MATCH ? AND w.rowid BETWEEN ? AND ? AND ${sql}
      ORDER BY w.rowid DESC LIMIT ?`,
    values: [...words, ...values],
  };
}

// The index is asked once, and no item is looked at but those of the page. Rows that may have lost
// their item are few, and soon removed.
const hitsSql = `WITH hit AS MATERIALIZED (
    SELECT w.rowid AS words FROM mailbox_words w
    WHERE w.mailbox_words MATCH ? AND w.rowid BETWEEN ? AND ?
      AND (w.rowid NOT IN (SELECT words FROM mailbox_lost_words)
        OR EXISTS (SELECT 1 FROM mailbox_item i WHERE i.words = w.rowid))
    ORDER BY w.rowid DESC LIMIT ?)
  SELECT count(*) AS total, (
    SELECT json_group_array(json_array(i.words, i.id, i.folder))
    FROM (SELECT words FROM hit LIMIT ? OFFSET ?) h
    CROSS JOIN mailbox_item i ON i.words = h.words) AS page
  FROM hit`;

/** The conditions that must all hold. */
function conjuncts(query: Query): readonly Query[] {
  if ("and" in query) return query.and.flatMap(conjuncts);
  return "or" in query && query.or.length === 1 ? conjuncts(query.or[0]!) : [query];
}

const bracketed = (match: string) => `(${match})`;

/** What FTS5 understands of a query; undefined where it cannot say it, or it has no word. */
function matchOf(query: Query, scope: Scope): string | undefined {
  if ("text" in query) {
    return phraseOf(scope.account, query.text, query.in, query.prefix ?? false);
  }
  if ("attachments" in query) return query.attachments ? attachedPhrase(scope.account) : undefined;
  if ("or" in query && query.or.length > 0) {
    const matches = query.or.map((each) => matchOf(each, scope));
    return matches.every((match) => match !== undefined)
      ? matches.map(bracketed).join(" OR ")
      : undefined;
  }
  if ("and" in query) return allMatch(query.and, scope);
  return undefined;
}

function allMatch(queries: readonly Query[], scope: Scope): string | undefined {
  const there: string[] = [], gone: string[] = [];
  for (const each of queries) {
    const negative = "not" in each;
    const match = matchOf(negative ? each.not : each, scope);
    if (match === undefined) return undefined;
    (negative ? gone : there).push(bracketed(match));
  }
  return there.length > 0 ? [there.join(" AND "), ...gone].join(" NOT ") : undefined;
}

/** A query as a condition on the item `i`. */
function condition(query: Query, scope: Scope): Sql {
  const match = matchOf(query, scope);
  if (match !== undefined) return { sql: indexedAs, values: [match] };
  if ("text" in query) return nothing;
  if ("and" in query) return joined(query.and.map((each) => condition(each, scope)), "AND");
  if ("or" in query) return joined(query.or.map((each) => condition(each, scope)), "OR");
  if ("not" in query) {
    const { sql, values } = condition(query.not, scope);
    return { sql: `NOT (${sql})`, values };
  }
  if ("attachments" in query) {
    return { sql: `NOT (${indexedAs})`, values: [attachedPhrase(scope.account)] };
  }
  if ("received" in query) return within("i.date", query.received);
  if ("sent" in query) return within(sentDate, query.sent);
  if ("read" in query) return { sql: "i.read = ?", values: [Number(query.read)] };
  if ("flagged" in query) return { sql: `${query.flagged ? "" : "NOT "}${isFlagged}`, values: [] };
  if ("thread" in query) return { sql: "i.thread = ?", values: [query.thread] };
  if ("class" in query) return inFolders(scope.folders.ofClass(query.class));
  return inFolders(scope.folders.at(query.folder, query.below ?? false));
}

const indexedAs =
  "i.words IS NOT NULL AND i.words IN (SELECT rowid FROM mailbox_words WHERE mailbox_words MATCH ?)";
const sentDate = "(SELECT m.facts ->> '$.sent' FROM mailbox_message m WHERE m.id = i.message)";
const isFlagged = "(i.flag IS NOT NULL AND i.flag ->> '$.status' = 'active')";

function within(column: string, { since, until }: TimeRange): Sql {
  return joined([
    { sql: `${column} IS NOT NULL`, values: [] },
    ...(since === undefined ? [] : [{ sql: `${column} >= ?`, values: [Math.ceil(since)] }]),
    ...(until === undefined ? [] : [{ sql: `${column} < ?`, values: [Math.ceil(until)] }]),
  ], "AND");
}

function inFolders(folders: readonly number[]): Sql {
  return {
    sql: "i.folder IN (SELECT value FROM json_each(?))",
    values: [JSON.stringify(folders)],
  };
}

/** An empty conjunction holds, an empty disjunction does not. */
function joined(parts: readonly Sql[], by: "AND" | "OR"): Sql {
  if (parts.length === 0) return by === "AND" ? { sql: "1", values: [] } : nothing;
  return {
    sql: parts.map(({ sql }) => `(${sql})`).join(` ${by} `),
    values: parts.flatMap(({ values }) => values),
  };
}

/** The rows of the index that can be of the times that must hold. */
function bounds(parts: readonly Query[]): readonly [number, number] {
  const ranges = parts.flatMap((part) => "received" in part ? [part.received] : []);
  return numbersOf(
    Math.max(0, ...ranges.map(({ since = 0 }) => since)),
    Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map(({ until = Infinity }) => until)),
  );
}
