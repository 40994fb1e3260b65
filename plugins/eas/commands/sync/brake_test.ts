// The loop brake in numbers: when an answer becomes smaller, and when nothing is left but a stub.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Lost } from "../../api.ts";
import { brakeOf } from "./brake.ts";
import { standardOptions } from "./options.ts";
import { formatState, startOf } from "./state.ts";

const minute = 60_000, now = 1_000_000_000;

/** A lost answer that told so much and was made so often, first `age` milliseconds ago. */
const lost = (told: number, times: number, age = 10 * minute): Lost => ({
  key: "2-x",
  state: formatState({ ...startOf("1", 0, standardOptions), told }),
  held: [],
  gone: [],
  times,
  since: now - age,
});
const windows = (told: number, upTo: number) =>
  Array.from({ length: upTo }, (_, n) => brakeOf(lost(told, n + 1), now)?.window);

describe("brakeOf()", () => {
  it("says nothing where no answer was lost, or three were, or nothing was told", () => {
    assert.equal(brakeOf(undefined, now), undefined);
    assert.deepEqual(windows(100, 3), [undefined, undefined, undefined]);
    assert.equal(brakeOf(lost(0, 1000), now), undefined);
  });

  it("makes an answer smaller with each fourth repeat, and leaves it so in between", () => {
    assert.deepEqual(windows(100, 8).slice(3), [12, 100, 100, 100, 12]);
    // As its answers were told: 512, 64, 8, 1.
    let told = 512;
    const seen = [];
    for (let times = 1; times <= 13; times++) {
      told = brakeOf(lost(told, times), now)?.window ?? told;
      seen.push(told);
    }
    assert.deepEqual(seen, [512, 512, 512, 64, 64, 64, 64, 8, 8, 8, 8, 1, 1]);
  });

  it("makes a stub of what is alone, after eight times and two minutes", () => {
    const stubs = (told: number, times: number, age?: number) =>
      brakeOf(lost(told, times, age), now)?.stub !== undefined;
    assert.equal(stubs(1, 4), false, "it was alone from the beginning");
    assert.equal(stubs(1, 7), false);
    assert.equal(stubs(1, 8), true);
    assert.equal(stubs(2, 8), false, "it is not clear which");
    assert.equal(stubs(1, 8, 2 * minute - 1), false, "a tunnel");
    assert.equal(stubs(1, 12, 2 * minute), true);
  });

  it("does something ever more rarely: a device that spins does not fill the log", () => {
    const steps = [];
    for (let times = 1; times <= 1000; times++) {
      if (brakeOf(lost(1, times), now)?.stub !== undefined) steps.push(times);
    }
    assert.deepEqual(steps, [8, 12, 16, 32, 64, 128, 256, 512]);
  });
});
