// SQLite's result codes as the errors of the storage port.
import { ConstraintError, StorageError } from "../core/database.ts";

// https://www.sqlite.org/rescode.html: the primary code is the low byte of the extended one.
const constraints: Record<number, ConstraintError["kind"]> = {
  275: "check",
  787: "foreignkey",
  1299: "notnull",
  1555: "unique", // PRIMARYKEY
  2067: "unique",
  2579: "unique", // ROWID
};
const kinds: Record<number, StorageError["kind"]> = {
  5: "busy",
  6: "busy", // LOCKED
  8: "readonly",
  11: "corrupt",
  13: "full",
  26: "corrupt", // NOTADB
};
const hints: Partial<Record<StorageError["kind"], string>> = {
  busy: "another process writes for too long",
  readonly: "the database is read-only",
  full: "the disk is full",
};

/**
 * The error for SQLite's `code`; `what` is e.g. "run INSERT account" and `said` SQLite's own message,
 * which names tables and columns but no values.
 */
export function refusal(
  code: number | undefined,
  what: string,
  said: string,
  cause?: unknown,
): ConstraintError | StorageError {
  const primary = (code ?? 0) & 0xff;
  if (primary === 19) {
    const kind = constraints[code!] ?? told(said);
    return new ConstraintError(kind, `Cannot ${what}: ${said}`, { cause });
  }
  const kind = kinds[primary] ?? "other";
  return new StorageError(kind, `Cannot ${what}: ${hints[kind] ?? said}`, { cause });
}

/** A libSQL server gives the primary code only, but SQLite's message says which constraint it was. */
function told(message: string): ConstraintError["kind"] {
  const [, which] = /(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed/.exec(message) ?? [];
  const kind = which?.toLowerCase().replace(" ", "");
  return (kind as ConstraintError["kind"] | undefined) ?? "other";
}

/** Whether it may work in a moment: another process holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof StorageError && error.kind === "busy";
}
