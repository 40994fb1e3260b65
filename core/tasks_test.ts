// Background work: kept running, ended together.
import assert from "node:assert/strict";
import { it } from "node:test";
import { fakeClock, settle } from "../tests/kit.ts";
import { pause } from "./clock.ts";
import { createLog, silentLog } from "./log.ts";
import { runTasks } from "./tasks.ts";

it("runTasks() runs each at once and waits for all when it stops", async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const task = (name: string) => ({
    name,
    async run(signal: AbortSignal) {
      told.push(`${name} begins`);
      await pause(clock, 1e9, signal);
      told.push(`${name} ends`);
    },
  });
  const tasks = runTasks([task("a"), task("b")], { clock, log: silentLog });
  assert.deepEqual(told, ["a begins", "b begins"]);
  await tasks.stop();
  assert.deepEqual(told.slice(2).sort(), ["a ends", "b ends"]);
  assert.equal(clock.pending, 0);
});

it("runTasks() runs a task again after a failure, later each time, and logs it", async () => {
  const clock = fakeClock();
  const begun: number[] = [];
  const start = clock.now();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const run = async () => {
    begun.push((clock.now() - start) / 1000);
    throw new Error("broken");
  };
  const tasks = runTasks([{ name: "bad", run }], { clock, log });
  await settle();
  for (let i = 0; i < 200; i++) await clock.tick(1000);
  assert.deepEqual(begun, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
  assert.equal(JSON.parse(lines[0]!).task, "bad");
  await tasks.stop();
  await clock.tick(1e6);
  assert.equal(begun.length, 9);
});

it("runTasks() is patient anew with a task that had run well for long", async () => {
  const clock = fakeClock();
  let runs = 0;
  const run = async (signal: AbortSignal) => {
    runs++;
    await pause(clock, 120_000, signal);
    throw new Error("broken");
  };
  const tasks = runTasks([{ name: "bad", run }], { clock, log: silentLog });
  for (let i = 1; i <= 5; i++) {
    await clock.tick(120_000);
    await clock.tick(1000);
    assert.equal(runs, i + 1);
  }
  await tasks.stop();
});

it("runTasks() lets a task that has ended rest", async () => {
  const clock = fakeClock();
  let runs = 0;
  const tasks = runTasks([{ name: "once", run: async () => void runs++ }], {
    clock,
    log: silentLog,
  });
  await clock.tick(1e7);
  assert.equal(runs, 1);
  await tasks.stop();
});

it("runTasks() takes a failure after the end as the end", async () => {
  const clock = fakeClock();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const run = async (signal: AbortSignal) => {
    await pause(clock, 1e9, signal);
    throw new Error("interrupted");
  };
  await runTasks([{ name: "rude", run }], { clock, log }).stop();
  assert.deepEqual(lines, []);
});
