// A storage that fails where it is told to: before a statement, or after it was done and nobody heard.
import { type Database, type Storage, StorageError } from "../core/mod.ts";

/** How a statement fails. */
export interface Trouble {
  /** The how-many-th statement from now on; 1 is the next. */
  readonly at: number;
  /** `after`: it is done, and its answer is lost. What is inside a transaction fails before. */
  readonly when: "before" | "after";
  readonly error: () => Error;
}

export interface TroubledStorage extends Storage {
  /** From now on, once. */
  expect(trouble: Trouble): void;
  /** Nothing fails any more; whether the trouble has come. */
  recover(): boolean;
}

/** The errors that storage really has, and one that nobody thought of. */
export const troubles: readonly (() => Error)[] = [
  () => new StorageError("unreachable", "Cannot reach the storage"),
  () => new StorageError("busy", "Cannot write: the storage is locked"),
  () => new TypeError("undefined is not a function"),
];

/** `storage`, with trouble on demand. */
export function troubled(storage: Storage): TroubledStorage {
  let trouble: Trouble | undefined;
  let left = 0;
  let came = false;
  const meet = async <R>(inside: boolean, work: () => Promise<R>): Promise<R> => {
    if (!trouble || came || --left > 0) return await work();
    came = true;
    const { when, error } = trouble;
    if (when === "after" && !inside) await work();
    throw error();
  };
  const wrap = (db: Database, inside: boolean): Database => ({
    all: (sql, values) => meet(inside, () => db.all(sql, values)),
    run: (sql, values) => meet(inside, () => db.run(sql, values)),
    transaction: (work, options) =>
      meet(inside, () => db.transaction((tx) => work(wrap(tx, true)), options)),
    close: () => db.close(),
  });
  return {
    ...wrap(storage, false),
    location: storage.location,
    backup: (file) => storage.backup(file),
    expect(next) {
      [trouble, left, came] = [next, next.at, false];
    },
    recover() {
      trouble = undefined;
      return came;
    },
  };
}
