// Cuts a failing scenario down to few operations (delta debugging).
import { type Failure, play, type PlayOptions } from "./play.ts";
import type { Op, Scenario } from "./scenario.ts";

export interface Short {
  readonly scenario: Scenario;
  readonly failure: Failure;
  /** How often it was played. */
  readonly tries: number;
}

export interface ShrinkOptions extends PlayOptions {
  /** When to be content with what there is; default 30. */
  readonly seconds?: number;
  /** How often a script is played before it counts as one that does not fail; default 1. */
  readonly tries?: number;
}

/**
 * The shortest script that was found and still fails, in whatever way: a fault shows in different
 * words when other operations are gone.
 */
export async function shrink(
  scenario: Scenario,
  failure: Failure,
  options: ShrinkOptions = {},
): Promise<Short> {
  const end = performance.now() + (options.seconds ?? 30) * 1000;
  let tries = 0;
  // What comes after the failure plays no part; a rest shows what a lost operation hides.
  let best = { ops: scenario.ops.slice(0, failure.at + 1), failure };
  const fails = async (ops: readonly Op[]) => {
    for (let left = options.tries ?? 1; left > 0; left--) {
      tries++;
      const found = await play({ ...scenario, ops }, options);
      if (!found) continue;
      best = { ops: ops.slice(0, found.at + 1), failure: found };
      return true;
    }
    return false;
  };
  for (const divide of [(op: Op) => [op], parts, plain]) {
    const ops = best.ops.flatMap(divide);
    // Apart, or without their faults, they may no longer fail.
    if (divide !== plain && ops.length > best.ops.length && !await fails(ops)) continue;
    if (divide === plain) await withoutFaults(() => best.ops, fails, () => performance.now() < end);
    await remove(() => best.ops, fails, () => performance.now() < end);
  }
  return { scenario: { ...scenario, ops: best.ops }, failure: best.failure, tries };
}

/** Operations that happened together, one after the other. */
const parts = (op: Op): readonly Op[] => op.op === "together" ? op.ops : [op];
const plain = (op: Op): readonly Op[] => [op];

/** Takes away what is not needed: first halves, then ever smaller pieces, down to single ones. */
async function remove(
  ops: () => readonly Op[],
  fails: (ops: readonly Op[]) => Promise<boolean>,
  hasTime: () => boolean,
): Promise<void> {
  for (let size = Math.ceil(ops().length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < ops().length && hasTime();) {
      const rest = [...ops().slice(0, from), ...ops().slice(from + size)];
      if (rest.length === 0 || !await fails(rest)) from += size;
    }
  }
}

/** Takes faults away that are not needed. */
async function withoutFaults(
  ops: () => readonly Op[],
  fails: (ops: readonly Op[]) => Promise<boolean>,
  hasTime: () => boolean,
): Promise<void> {
  for (let at = 0; at < ops().length && hasTime(); at++) {
    const op = ops()[at]!;
    if (!("fault" in op) || !op.fault) continue;
    const { fault: _, ...rest } = op;
    await fails([...ops().slice(0, at), rest as Op, ...ops().slice(at + 1)]);
  }
}

/** A scenario as text, one line for each operation: JSON that can be pasted into a test. */
export function script({ accounts, devices, ops }: Scenario): string {
  const line = (value: unknown) => JSON.stringify(value);
  return [
    `accounts: ${accounts}`,
    ...devices.map((device, n) => `PHONE${n}: ${line(device)}`),
    ...ops.map((op) => `  ${line(op)},`),
  ].join("\n");
}
