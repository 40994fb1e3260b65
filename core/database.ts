// The storage port: all that a storage adapter implements.

/**
 * What a column holds. Integers come back as `number` where they are safe and as `bigint` beyond
 * 2^53; an integral `number` is always bound as an INTEGER. Blobs come back as `Uint8Array`.
 * Booleans are not values: use 0 and 1. Text is Unicode without U+0000, which one runtime's SQLite
 * would cut it at: a NUL and what UTF-8 cannot say are stored as U+FFFD.
 */
export type Value = null | number | bigint | string | Uint8Array;

/**
 * The most bytes that one value may have; more is a `RangeError`. A libSQL server takes rows up to
 * 5 MB and gives answers up to 10 MB, so what is larger is stored in pieces and read piecewise.
 */
export const maxValueBytes = 4 << 20;

/** One row, by column name. */
export type Row = Record<string, Value>;

/**
 * SQLite's dialect over some storage. Statements take positional parameters (`?`, or `?1` to use one
 * twice). Errors: {@link ConstraintError} for a violated constraint, {@link StorageError} for
 * everything else that the storage refuses.
 */
export interface Database {
  /** Reads rows. Outside a transaction it sees committed state only and must not write. */
  all<R = Row>(sql: string, values?: readonly Value[]): Promise<R[]>;
  /** Writes; returns how many rows the statement itself changed. */
  run(sql: string, values?: readonly Value[]): Promise<{ changes: number }>;
  /**
   * Runs `work` in one write transaction: all or nothing. Writers wait for each other, so keep it
   * short and free of other I/O. Only the `tx` that is handed in belongs to it; a transaction inside
   * a transaction joins the outer one. Inside, `tx.all` may carry `INSERT … RETURNING`.
   *
   * Writers that come together may be committed together: never wait for another writer inside.
   */
  transaction<R>(work: (tx: Database) => Promise<R>, options?: TransactionOptions): Promise<R>;
  /** This process among those that share the storage; none where nobody could tell (a server). */
  presence?(): Presence | undefined;
  close(): Promise<void>;
}

export interface TransactionOptions {
  /**
   * False: where the machine fails (not only the process), what was written may be lost as long as
   * nothing else was committed after it. Spares the wait for the disk, for what nobody relies on
   * until that other thing is there. True unless told.
   */
  readonly durable?: boolean;
}

/**
 * Lets processes that share a storage know of each other's end: what one of them has begun and noted
 * under its name can be finished by another at once.
 */
export interface Presence {
  /** What this process is known by: another one each time that it opens the storage. */
  readonly name: string;
  /** True where that process has ended for certain; false where it is there, or nobody knows. */
  hasEnded(name: string): boolean;
}

/** What a program does with a whole database; the adapter in `storage/` returns it. */
export interface Storage extends Database {
  /** Where it is, for messages: a path or an address without its token. */
  readonly location: string;
  /** Writes a consistent copy to `file` (a SQLite database) while others read and write. */
  backup(file: string): Promise<void>;
}

/** A UNIQUE, NOT NULL, CHECK, FOREIGN KEY or PRIMARY KEY constraint refused the statement. */
export class ConstraintError extends Error {
  override name = "ConstraintError";
  /** `unique` (also primary keys), `notnull`, `check`, `foreignkey`, or `other`. */
  readonly kind: "unique" | "notnull" | "check" | "foreignkey" | "other";
  constructor(kind: ConstraintError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The storage cannot do it now: full disk, read-only file, locked, unreachable. */
export class StorageError extends Error {
  override name = "StorageError";
  /** `full`, `readonly`, `busy`, `unreachable`, `corrupt`, or `other`. */
  readonly kind: "full" | "readonly" | "busy" | "unreachable" | "corrupt" | "other";
  constructor(kind: StorageError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
