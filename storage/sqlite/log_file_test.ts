// The wait for the disk: one flush for all commits before it, and no trust in a disk that failed.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withTempDir } from "../../tests/kit.ts";
import { LogFile } from "./log_file.ts";

/** A log whose disk answers when it is told to. */
async function withLog(work: (log: LogFile, waits: PromiseWithResolvers<void>[]) => Promise<void>) {
  await withTempDir(async (dir) => {
    writeFileSync(join(dir, "a.db-wal"), "");
    const waits: PromiseWithResolvers<void>[] = [];
    const log = new LogFile(join(dir, "a.db"), () => {
      waits.push(Promise.withResolvers<void>());
      return waits.at(-1)!.promise;
    });
    await work(log, waits);
    await log.close();
  });
}

test("commits during a flush need another one, and share it", () =>
  withLog(async (log, waits) => {
    const done: string[] = [];
    const first = log.flush().then(() => done.push("first"));
    const others = [1, 2, 3].map((n) => log.flush().then(() => done.push(`other ${n}`)));
    assert.equal(waits.length, 1);
    waits[0]!.resolve();
    await first;
    assert.deepEqual(done, ["first"]);
    await Promise.resolve();
    assert.equal(waits.length, 2);
    waits[1]!.resolve();
    await Promise.all(others);
    assert.deepEqual(done, ["first", "other 1", "other 2", "other 3"]);
  }));

test("after a failure nothing is taken for being on the disk", () =>
  withLog(async (log, waits) => {
    assert.equal(log.failed, undefined);
    const [first, second] = [log.flush(), log.flush()];
    waits[0]!.reject(new Error("EIO"));
    await assert.rejects(first, /the disk failed: EIO/);
    await assert.rejects(second, /the disk failed: EIO/);
    await assert.rejects(log.flush(), /the disk failed: EIO/);
    assert.equal(waits.length, 1);
    assert.match(log.failed!.message, /EIO/);
  }));

test("close() waits for what is on its way", () =>
  withLog(async (log, waits) => {
    const flushed = log.flush();
    let closed = false;
    const closing = log.close().then(() => closed = true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(closed, false);
    waits[0]!.resolve();
    await Promise.all([flushed, closing]);
  }));

test("where SQLite has written nothing yet there is nothing to wait for", () =>
  withTempDir(async (dir) => {
    const log = new LogFile(join(dir, "a.db"));
    await log.flush();
    assert.equal(log.failed, undefined);
    await log.close();
  }));
