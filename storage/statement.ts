// What every adapter must know of a statement: its verb, its parameters, and what may be bound.
import type { Value } from "../core/database.ts";

/** A statement as far as it can be told without a database. */
export interface Shape {
  /** The first word in capitals, e.g. `SELECT`. */
  readonly verb: string;
  /** How many values it takes. */
  readonly wants: number;
  /** The verb and the table, for messages: never a value that stands in the SQL. */
  readonly about: string;
}

// Strings, quoted names and comments, in which `?` and `;` mean nothing.
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\//g;
const target =
  /\b(?:INTO|FROM|UPDATE|TABLE|ON|JOIN)\s+(?!SET\b|SELECT\b|OR\b)(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(\w+)/i;

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
  return { verb, wants: parameters(bare), about };
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
  switch (typeof value) {
    case "string":
      return value.toWellFormed().replaceAll("\0", "\ufffd");
    case "number":
      if (Number.isNaN(value)) break;
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value) : value;
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return value;
      throw new RangeError(`Cannot bind value ${index + 1} of ${shape.about}: beyond 64 bits`);
    case "object":
      if (value === null || value instanceof Uint8Array) return value;
  }
  const what = typeof value === "object" ? Object.prototype.toString.call(value) : `${value}`;
  const wanted = "null, number, bigint, string or Uint8Array is wanted";
  throw new TypeError(
    `Cannot bind value ${index + 1} of ${shape.about}: ${wanted}, not ${
      typeof value === "function" || typeof value === "symbol" ? typeof value : what
    }`,
  );
}

/** Turns the bigints of a row that fit into numbers, in place. */
export function narrow<R extends Record<string, Value>>(row: R): R {
  for (const name in row) {
    const value: Value = row[name]!;
    if (typeof value === "bigint" && value <= maxSafe && value >= -maxSafe) {
      (row as Record<string, Value>)[name] = Number(value);
    }
  }
  return row;
}

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether a row read without bigints holds a number that may have been rounded. */
export function rounded(row: Record<string, Value>): boolean {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "number" && (value > maxNumber || value < -maxNumber)) return true;
  }
  return false;
}

const maxNumber = Number.MAX_SAFE_INTEGER;
