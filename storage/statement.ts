// What every adapter must know of a statement: its verb, its parameters, and what may be bound.
import { Buffer } from "node:buffer";
import { maxValueBytes, type Value } from "../core/database.ts";

/** A statement as far as it can be told without a database. */
export interface Shape {
  /** The first word in capitals, e.g. `SELECT`. */
  readonly verb: string;
  /** Whether it only reads, as far as its words tell. */
  readonly reads: boolean;
  /** Whether it may change rows: then SQLite counts them, else it repeats an earlier count. */
  readonly counts: boolean;
  /** How many values it takes. */
  readonly wants: number;
  /** The verb and the table, for messages: never a value that stands in the SQL. */
  readonly about: string;
}

// Strings, quoted names and comments, in which `?` and `;` mean nothing.
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\//g;
const target =
  /\b(?:INTO|FROM|UPDATE|TABLE|ON|JOIN)\s+(?!SET\b|SELECT\b|OR\b)(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(\w+)/i;

const readers = new Set(["SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"]);
const changers = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE"]);

/** Looks at a statement. Throws a `TypeError` where there is not exactly one. */
export function inspect(sql: string): Shape {
  const bare = sql.replace(quoted, (text) => /^["`[]/.test(text) ? "q" : " ").trim();
  const verb = /^[a-z]+/i.exec(bare)?.[0].toUpperCase();
  if (!verb) throw new TypeError("Cannot run an empty statement");
  const table = target.exec(bare)?.[1];
  const about = table ? `${verb} ${table}` : verb;
  const body = bare.replace(/;\s*$/, "");
  const trigger = /^CREATE\s+(?:TEMP\w*\s+)?TRIGGER\b/i.test(body);
  if (body.includes(";") && !trigger) {
    throw new TypeError(`Cannot run ${about}: one statement at a time is wanted`);
  }
  const inserts = verb === "WITH" &&
    /\b(INSERT|REPLACE)\s+(INTO|OR)\b|\bUPDATE\b|\bDELETE\s+FROM\b/i.test(body);
  return {
    verb,
    reads: readers.has(verb) && !inserts,
    counts: changers.has(verb) || inserts,
    wants: parameters(bare),
    about,
  };
}

/** Throws where a statement would write although it is run as a read. */
export function mustRead({ reads, about }: Shape): void {
  if (reads) return;
  throw new TypeError(`Cannot run ${about} as a read: it writes; use run() or a transaction`);
}

function parameters(bare: string): number {
  let count = 0;
  for (const [, number] of bare.matchAll(/\?(\d*)/g)) {
    count = number ? Math.max(count, Number(number)) : count + 1;
  }
  return count;
}

/**
 * The values as every driver binds them alike: integral numbers as bigint (hence INTEGER), text as
 * well-formed UTF-8. What UTF-8 cannot say (a lone surrogate) becomes U+FFFD, and so does U+0000:
 * Deno's SQLite stops reading there, and neither XML nor WBXML can carry it.
 */
export function bindable(values: readonly Value[], shape: Shape): Value[] {
  if (values.length !== shape.wants) {
    const counts = `${shape.wants} values are wanted, ${values.length} given`;
    throw new TypeError(`Cannot run ${shape.about}: ${counts}`);
  }
  return values.map((value, index) => bound(value, index, shape));
}

function bound(value: Value, index: number, shape: Shape): Value {
  const place = `Cannot bind value ${index + 1} of ${shape.about}`;
  switch (typeof value) {
    case "string":
      return fitting(value.toWellFormed().replaceAll("\0", "\ufffd"), place);
    case "number":
      if (!Number.isFinite(value)) throw new RangeError(`${place}: it is not a finite number`);
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value) : value;
    case "bigint":
      if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${place}: beyond 64 bits`);
      return value;
    case "object":
      if (value === null) return value;
      if (value instanceof Uint8Array) return fitting(value, place);
  }
  const given = typeof value === "object" ? Object.prototype.toString.call(value) : typeof value;
  throw new TypeError(
    `${place}: null, number, bigint, string or Uint8Array is wanted, not ${given}`,
  );
}

function fitting<V extends string | Uint8Array>(value: V, place: string): V {
  // UTF-8 takes at most three bytes for one UTF-16 unit: count only where it could matter.
  const least = typeof value === "string" ? value.length * 3 : value.byteLength;
  if (least <= maxValueBytes) return value;
  const bytes = typeof value === "string" ? Buffer.byteLength(value) : least;
  if (bytes <= maxValueBytes) return value;
  throw new RangeError(`${place}: ${bytes} bytes are more than ${maxValueBytes}`);
}

/** Turns the bigints of a row that fit into numbers, in place. */
export function narrow<R extends Record<string, Value>>(row: R): R {
  for (const name in row) {
    const value: Value = row[name]!;
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) (row as Record<string, Value>)[name] = number;
  }
  return row;
}

/** Whether a row read without bigints holds a number that may have been rounded. */
export function rounded(row: Record<string, Value>): boolean {
  for (const name in row) {
    const value = row[name];
    if (
      typeof value === "number" &&
      (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER)
    ) return true;
  }
  return false;
}
