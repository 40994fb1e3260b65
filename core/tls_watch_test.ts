// Renewed certificates are noticed.
import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { deferred, type FakeClock, fakeClock, withTempDir } from "../tests/kit.ts";
import { createLog } from "./log.ts";
import { watchTls } from "./tls_watch.ts";

interface Scene {
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly reloads: () => number;
  /** Changes both files; they differ from before in time at least. */
  renew(): Promise<void>;
  /** Moves on by a minute and waits until the files were looked at. */
  minute(): Promise<void>;
  fail: boolean;
}

/** Runs a watch over two files. */
function watching(work: (scene: Scene) => Promise<void>): Promise<void> {
  return withTempDir(async (dir) => {
    const files = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
    const clock = fakeClock();
    const lines: string[] = [];
    const log = createLog({ level: "info", format: "json", write: (l) => lines.push(l) });
    const ended = new AbortController();
    let reloads = 0;
    let version = 0;
    // The watch waits on the clock whenever it has nothing to do: that is seen here.
    let waits = deferred<void>();
    const seen = {
      now: clock.now,
      after(ms: number, run: () => void) {
        waits.resolve();
        return clock.after(ms, run);
      },
    };
    const scene: Scene = {
      clock,
      lines,
      reloads: () => reloads,
      fail: false,
      async renew() {
        version++;
        for (const file of Object.values(files)) {
          await writeFile(file, `version ${version}`);
          await utimes(file, version, version);
        }
      },
      async minute() {
        waits = deferred();
        await clock.tick(60_000);
        await waits.promise;
      },
    };
    const listener = {
      async reloadTls() {
        if (scene.fail) throw new Error("they do not fit");
        reloads++;
      },
    };
    await scene.renew();
    const running = watchTls(listener, files, { clock: seen, log }).run(ended.signal);
    await waits.promise;
    await work(scene);
    ended.abort();
    await running;
  });
}

it("watchTls() reloads once after a renewal, and not without one", () =>
  watching(async ({ minute, renew, reloads }) => {
    await minute();
    assert.equal(reloads(), 0);
    await renew();
    await minute();
    await minute();
    assert.equal(reloads(), 1);
    await renew();
    await minute();
    assert.equal(reloads(), 2);
  }));

it("watchTls() says so where the new files cannot be used, and tries again", () =>
  watching(async (scene) => {
    scene.fail = true;
    await scene.renew();
    await scene.minute();
    await scene.minute();
    assert.equal(scene.lines.length, 2);
    assert.match(scene.lines[0]!, /cannot be used yet/);
    scene.fail = false;
    await scene.minute();
    assert.equal(scene.reloads(), 1);
  }));
