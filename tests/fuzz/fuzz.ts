// Runs fuzzers for a time; what is found names the round, which alone finds it again.
import { seededRandom } from "../kit.ts";
import { type Fuzzer } from "./fuzzers.ts";
import { target as makeTarget } from "./target.ts";

export interface FuzzOptions {
  /** How long; undefined: `rounds` decide. */
  readonly seconds?: number;
  readonly rounds?: number;
  /** The first round; each has the number of the one before and one more. */
  readonly seed: number;
}

export interface Fuzzed {
  readonly rounds: number;
  /** How often each HTTP status was the answer. */
  readonly answers: ReadonlyMap<number, number>;
}

/** Runs one fuzzer. Throws with the number of the round that found something. */
export async function fuzz(
  name: string,
  fuzzer: Fuzzer,
  { seconds = Infinity, rounds = Infinity, seed }: FuzzOptions,
): Promise<Fuzzed> {
  const end = performance.now() + seconds * 1000;
  let target = await makeTarget();
  const answers = new Map<number, number>();
  const close = async () => {
    for (const [status, times] of target.answers) {
      answers.set(status, (answers.get(status) ?? 0) + times);
    }
    await target.end();
  };
  let done = 0;
  try {
    for (; done < rounds && (done === 0 || performance.now() < end); done++) {
      // What earlier rounds left behind must not carry a later one.
      if (done % 500 === 499) {
        await close();
        target = await makeTarget();
      }
      try {
        await fuzzer(seededRandom(seed + done), target);
      } catch (error) {
        const { message, stack } = error as Error;
        throw new Error(
          `${name}, round ${seed + done}: ${(stack ?? message).slice(0, 4000)}\n` +
            `again: deno task fuzz --only ${name} --seed ${seed + done} --rounds 1`,
          { cause: error },
        );
      }
    }
  } finally {
    await close();
  }
  return { rounds: done, answers };
}
