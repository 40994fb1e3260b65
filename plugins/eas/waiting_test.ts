// Waits: what ends them, what they look at, and that they leave nothing behind.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock, settle } from "../../tests/kit.ts";
import { deviceWaits, type Wait } from "./waiting.ts";

const device = { account: 1, device: "A" };

function setting() {
  const clock = fakeClock();
  const waits = deviceWaits(clock);
  const watchers = new Set<(folder: string) => void>();
  const checks: string[][] = [];
  const abort = new AbortController();
  const found = new Map<string, string>();
  const wait = (more: Partial<Wait<string>> = {}): Wait<string> => ({
    ms: 1000,
    signal: abort.signal,
    folders: ["", "a", "b"],
    watch(_, changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    check: async (folders) => {
      checks.push([...folders]);
      return folders.map((folder) => found.get(folder)).find(Boolean);
    },
    ...more,
  });
  const ring = async (...folders: string[]) => {
    for (const folder of folders) for (const tell of watchers) tell(folder);
    await settle();
  };
  const isOver = () => {
    assert.deepEqual([watchers.size, clock.pending, waits.count], [0, 0, 0]);
  };
  return { clock, waits, watchers, checks, abort, found, wait, ring, isOver };
}

describe("a wait", () => {
  it("looks at everything once, and then only where something happened", async () => {
    const { waits, wait, checks, found, ring, isOver } = setting();
    const answer = waits.wait(device, wait());
    await settle();
    assert.deepEqual(checks, [["", "a", "b"]]);
    await ring("b");
    await ring("a", "b", "a");
    assert.deepEqual(checks.slice(1), [["b"], ["a", "b"]]);
    found.set("a", "mail");
    await ring("a");
    assert.equal(await answer, "mail");
    isOver();
  });

  it("is over after its time, or when its request is", async () => {
    for (const end of ["time", "abort", "newer", "told"] as const) {
      const { waits, wait, clock, abort, isOver } = setting();
      const answer = waits.wait(device, wait());
      await settle();
      let newer: Promise<string | undefined> | undefined;
      if (end === "time") await clock.tick(1000);
      else if (end === "abort") abort.abort();
      else if (end === "told") waits.end(device);
      else newer = waits.wait(device, wait());
      assert.equal(await answer, undefined, end);
      if (newer) {
        await settle();
        assert.equal(waits.count, 1);
        await clock.tick(1000);
        await newer;
      }
      isOver();
    }
  });

  it("does not begin where its request is over already", async () => {
    const { waits, wait, abort, checks, isOver } = setting();
    abort.abort();
    assert.equal(await waits.wait(device, wait()), undefined);
    assert.deepEqual(checks, []);
    isOver();
  });

  it("does not miss what happens while it looks", async () => {
    const { waits, wait, ring, isOver } = setting();
    let release = () => {};
    const gate = new Promise<void>((resolve) => release = resolve);
    const seen: string[][] = [];
    const answer = waits.wait(
      device,
      wait({
        check: async (folders) => {
          seen.push([...folders]);
          if (seen.length === 1) await gate;
          return seen.length === 2 ? "found" : undefined;
        },
      }),
    );
    await settle();
    await ring("b");
    release();
    assert.equal(await answer, "found");
    assert.deepEqual(seen[1], ["b"]);
    isOver();
  });

  it("fails with its check, and leaves nothing", async () => {
    const { waits, wait, isOver } = setting();
    const failing = wait({ check: () => Promise.reject(new Error("the store is away")) });
    await assert.rejects(waits.wait(device, failing), /away/);
    isOver();
  });

  it("of one device does not end that of another", async () => {
    const { waits, wait, clock } = setting();
    const one = waits.wait(device, wait());
    const other = waits.wait({ account: 2, device: "A" }, wait());
    waits.end({ account: 1, device: "B" });
    await settle();
    assert.equal(waits.count, 2);
    await clock.tick(1000);
    await Promise.all([one, other]);
  });
});
