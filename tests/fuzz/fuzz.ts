// Runs fuzzers for a time; what is found names the round, which alone finds it again.
import { seededRandom } from "../kit.ts";
import type { Random } from "./target.ts";

/** What is fuzzed. */
export interface Fuzzed {
  /** How often what was the answer: an HTTP status, or in words. */
  readonly answers: ReadonlyMap<number | string, number>;
  end(): Promise<void>;
}

export interface FuzzOptions {
  /** How long; undefined: `rounds` decide. */
  readonly seconds?: number;
  readonly rounds?: number;
  /** The first round; each has the number of the one before and one more. */
  readonly seed: number;
}

export interface Result {
  readonly rounds: number;
  /** How often what was the answer. */
  readonly answers: ReadonlyMap<number | string, number>;
}

/**
 * Runs one fuzzer on what `begin` begins, and begins anew now and then. Throws with the number of the
 * round that found something.
 */
export async function fuzz<T extends Fuzzed>(
  name: string,
  fuzzer: (random: Random, target: T) => Promise<void>,
  begin: () => Promise<T>,
  { seconds = Infinity, rounds = Infinity, seed }: FuzzOptions,
): Promise<Result> {
  const end = performance.now() + seconds * 1000;
  let target = await begin();
  const answers = new Map<number | string, number>();
  const close = async () => {
    for (const [answer, times] of target.answers) {
      answers.set(answer, (answers.get(answer) ?? 0) + times);
    }
    await target.end();
  };
  let done = 0;
  try {
    for (; done < rounds && (done === 0 || performance.now() < end); done++) {
      // What earlier rounds left behind must not carry a later one.
      if (done % 500 === 499) {
        await close();
        target = await begin();
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
