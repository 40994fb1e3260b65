// What tests share: a clock that is run by hand, temporary directories, a seeded random source.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Clock } from "../core/mod.ts";

/** A clock that stands still until `tick` moves it and runs what has come due, in order. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`; calls what is due; lets their promises settle. */
  tick(ms: number): Promise<void>;
  /** How many calls are waiting: a check that nothing leaks timers. */
  readonly pending: number;
}

/** A fake clock; it starts at 2026-03-01T12:00Z unless told. */
export function fakeClock(start = Date.UTC(2026, 2, 1, 12)): FakeClock {
  let time = start;
  let waiting: { at: number; run: () => void }[] = [];
  return {
    now: () => time,
    after(ms, run) {
      const entry = { at: time + ms, run };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    async tick(ms) {
      const end = time + ms;
      for (;;) {
        const next = waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        waiting = waiting.filter((other) => other !== next);
        time = Math.max(time, next.at);
        next.run();
        await settle();
      }
      time = end;
      await settle();
    },
    get pending() {
      return waiting.length;
    },
  };
}

/** Lets everything that is ready run: promises and one turn of the event loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * How long a test waits for what happens on real sockets and in other processes, in milliseconds. It
 * matters where the test fails; a machine that is busy with others must not make it fail.
 */
export const patience = 30_000;

/** Waits until `condition` holds: for what happens outside of the test. Fails after {@link patience}. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = "the condition holds",
): Promise<void> {
  for (const end = performance.now() + patience; !await condition();) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Runs `work` with a directory of its own, and removes it afterwards. */
export async function withTempDir<R>(work: (dir: string) => Promise<R>): Promise<R> {
  const dir = await mkdtemp(join(tmpdir(), "navette-test-"));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A random source that always gives the same numbers for the same seed (mulberry32), in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Makes one; tests wait for it instead of sleeping. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
}

/** Milliseconds of processor time that `work` takes: what else the machine does must not count. */
export async function processorTime(work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
