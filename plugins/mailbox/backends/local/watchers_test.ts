// Watches: told once for each change, whatever the order of commits, polls and failures.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database, Row } from "../../../../core/mod.ts";
import { fakeClock, settle } from "../../../../tests/kit.ts";
import { keptLog } from "../../../../tests/kit_mailbox.ts";
import { Watchers } from "./watchers.ts";

/** Folders as another process left them; every read may be held up. */
function fakeStore() {
  const folders = new Map<number, { account: number; seq: number; changed: number }>();
  let hold: Promise<void> | undefined;
  let failing = false;
  let reads = 0;
  const latest = () => Math.max(0, ...[...folders.values()].map(({ changed }) => changed));
  const db: Database = {
    async all<R = Row>(sql: string, values: readonly unknown[] = []) {
      reads++;
      const answer = sql.includes("mailbox_sequence")
        ? [{ value: latest() }]
        : [...folders].map(([id, folder]) => ({ id, ...folder }))
          .filter(({ changed }) => changed > Number(values[0]))
          .sort((a, b) => a.changed - b.changed);
      if (failing) throw new Error("unreachable");
      await hold;
      return answer as R[];
    },
    run: () => Promise.reject(new Error("Watchers do not write")),
    transaction: () => Promise.reject(new Error("Watchers do not write")),
    close: () => Promise.resolve(),
  };
  return {
    db,
    change(id: number, seq: number) {
      folders.set(id, { account: 1, seq: 0, changed: seq });
    },
    holdReads() {
      let release!: () => void;
      hold = new Promise((resolve) => release = resolve);
      return () => {
        hold = undefined;
        release();
      };
    },
    fail: (now: boolean) => failing = now,
    get reads() {
      return reads;
    },
  };
}

test("a change of this process and the poll that sees it tell once", async () => {
  const store = fakeStore();
  const clock = fakeClock();
  const watchers = new Watchers(store.db, clock, keptLog());
  const told: string[] = [];
  const stop = watchers.watch(1, ["7"], (folder) => told.push(folder));
  await settle();
  store.change(7, 5);
  watchers.tell({ account: 1, folder: "7", seq: 5 });
  assert.deepEqual(told, ["7"]);
  await clock.tick(2000);
  assert.deepEqual(told, ["7"]);
  store.change(7, 6);
  await clock.tick(450);
  assert.deepEqual(told, ["7", "7"]);
  stop();
});

test("a watch that begins while a poll is under way misses nothing", async () => {
  const store = fakeStore();
  const clock = fakeClock();
  const watchers = new Watchers(store.db, clock, keptLog());
  store.change(7, 1);
  const stopFirst = watchers.watch(1, ["7"], () => {});
  await settle();
  const release = store.holdReads();
  await clock.tick(450);
  stopFirst(); // nobody waits, but the read is on its way
  const told: string[] = [];
  const stop = watchers.watch(1, ["7"], (folder) => told.push(folder));
  store.change(7, 2);
  release();
  await settle();
  await clock.tick(1000);
  assert.deepEqual(told, ["7"]);
  stop();
});

test("what happened before a watch is not news to it", async () => {
  const store = fakeStore();
  const clock = fakeClock();
  const watchers = new Watchers(store.db, clock, keptLog());
  const stopOther = watchers.watch(1, ["8"], () => {});
  await settle();
  store.change(7, 3);
  watchers.tell({ account: 1, folder: "7", seq: 3 });
  const told: string[] = [];
  const stop = watchers.watch(1, ["7"], (folder) => told.push(folder));
  await clock.tick(2000);
  assert.deepEqual(told, []);
  stop();
  stopOther();
});

test("nobody waits, nobody looks", async () => {
  const store = fakeStore();
  const clock = fakeClock();
  const watchers = new Watchers(store.db, clock, keptLog());
  const stops = Array.from({ length: 50 }, (_, n) => watchers.watch(1, [String(n % 5)], () => {}));
  await settle();
  await clock.tick(4000);
  const { reads } = store;
  assert.ok(reads > 5 && reads < 15, `one poll for all: ${reads}`);
  assert.equal(watchers.size, 5);
  for (const stop of stops) stop();
  assert.equal(watchers.size, 0);
  await clock.tick(4000);
  assert.equal(store.reads, reads);
  assert.equal(clock.pending, 0);
});

test("a failing watcher and a storage that cannot be reached are logged, and others are told", async () => {
  const store = fakeStore();
  const clock = fakeClock();
  const log = keptLog();
  const watchers = new Watchers(store.db, clock, log);
  const told: string[] = [];
  watchers.watch(1, ["7"], () => {
    throw new Error("mine");
  });
  watchers.watch(1, ["7"], (folder) => told.push(folder));
  await settle();
  store.fail(true);
  await clock.tick(1000);
  store.change(7, 9);
  store.fail(false);
  await clock.tick(1000);
  assert.deepEqual(told, ["7"]);
  assert.deepEqual([...new Set(log.lines.map(({ level }) => level))].sort(), ["error", "warn"]);
});
