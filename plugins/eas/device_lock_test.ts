// The lock of a device: one at a time, in order, and never for ever.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock, settle } from "../../tests/kit.ts";
import { Busy, deviceLock } from "./device_lock.ts";

const device = { account: 1, device: "A" };
const forever = new AbortController().signal;

/** Work that ends when it is told to. */
function work(log: string[], name: string) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  return {
    end,
    run: async () => {
      log.push(`${name} begins`);
      await ended;
      log.push(`${name} ends`);
      return name;
    },
  };
}

describe("deviceLock()", () => {
  it("runs work of one device in order, of others at the same time", async () => {
    const log: string[] = [];
    const lock = deviceLock(fakeClock());
    const [a, b, c] = [work(log, "a"), work(log, "b"), work(log, "c")];
    const results = [
      lock.run(device, forever, a.run),
      lock.run(device, forever, b.run),
      lock.run({ account: 2, device: "A" }, forever, c.run),
    ];
    await settle();
    assert.deepEqual(log, ["a begins", "c begins"]);
    b.end();
    a.end();
    c.end();
    assert.deepEqual(await Promise.all(results), ["a", "b", "c"]);
    assert.ok(log.indexOf("a ends") < log.indexOf("b begins"));
  });

  it("gives the turn to the next where work fails", async () => {
    const lock = deviceLock(fakeClock());
    const failing = lock.run(device, forever, () => Promise.reject(new Error("no")));
    const next = lock.run(device, forever, () => Promise.resolve("next"));
    await assert.rejects(failing, /no/);
    assert.equal(await next, "next");
  });

  it("lets nobody wait for ever, and does not run what gave up", async () => {
    const log: string[] = [];
    const clock = fakeClock();
    const lock = deviceLock(clock);
    const [a, b, c] = [work(log, "a"), work(log, "b"), work(log, "c")];
    const first = lock.run(device, forever, a.run);
    const second = lock.run(device, forever, b.run);
    const refused = assert.rejects(second, Busy);
    await clock.tick(10_000);
    const third = lock.run(device, forever, c.run);
    await clock.tick(10_000);
    await refused;
    a.end();
    c.end();
    assert.deepEqual([await first, await third], ["a", "c"]);
    assert.equal(log.includes("b begins"), false);
    assert.equal(clock.pending, 0);
  });

  it("stops waiting when its request is given up", async () => {
    const clock = fakeClock();
    const lock = deviceLock(clock);
    const a = work([], "a");
    const first = lock.run(device, forever, a.run);
    const gone = new AbortController();
    const second = lock.run(device, gone.signal, () => Promise.resolve("b"));
    gone.abort();
    await assert.rejects(second, Busy);
    assert.equal(clock.pending, 0);
    a.end();
    await first;
    assert.equal(await lock.run(device, forever, () => Promise.resolve("c")), "c");
  });
});
