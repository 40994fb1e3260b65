// What every storage adapter does: the suite that each of them calls.
import { after, before, describe, test } from "node:test";
import type { Storage } from "../../core/mod.ts";
import { openStorage } from "../../storage/mod.ts";
import { backups } from "./storage_backups.ts";
import { processes } from "./storage_processes.ts";
import { refusals } from "./storage_refusals.ts";
import { transactions } from "./storage_transactions.ts";
import { values } from "./storage_values.ts";

/** A place for one test's data. */
export interface Place {
  /** What `openStorage` takes. */
  readonly url: string;
  readonly token?: string | undefined;
}

/** A sentence, and what proves it of an empty storage. */
export type StorageTest = readonly [
  name: string,
  run: (storage: Storage, place: Place) => Promise<void>,
];

export interface StorageSuite {
  /** Before the first test. */
  start?(): Promise<void>;
  /** After the last. */
  stop?(): Promise<void>;
  /** Runs `work` with an empty place of its own. */
  withPlace(work: (place: Place) => Promise<void>): Promise<void>;
  /** Whether the data outlive `close` and other processes see them. */
  readonly lasting: boolean;
}

/** Runs the suite: `storageConformance("sqlite file", {...})` in an adapter's test file. */
export function storageConformance(name: string, suite: StorageSuite): void {
  const tests = [...values, ...refusals, ...transactions];
  if (suite.lasting) tests.push(...processes, ...backups);
  describe(`storage: ${name}`, () => {
    before(() => suite.start?.());
    after(() => suite.stop?.());
    for (const [sentence, run] of tests) {
      test(sentence, () => suite.withPlace((place) => withStorage(place, run)));
    }
  });
}

async function withStorage(place: Place, run: StorageTest[1]): Promise<void> {
  const storage = await openStorage(place.url, place);
  try {
    await run(storage, place);
  } finally {
    await storage.close();
  }
}
