// Tests of one file that run at the same time: for those which spend it waiting for a server.
import { test } from "node:test";
import { patience } from "./kit.ts";

/** As `test` of node:test. */
export type Tests = (name: string, work: () => Promise<void>) => void;

/** Milliseconds after which a test has failed: some runtimes allow five seconds unless told. */
const limit = { timeout: 4 * patience };

/**
 * Answers a `test` whose tests all begin when the first one is due, which is after the hooks of its
 * suite; each is told by itself. They must have nothing in common but what they only read.
 */
export function together(): Tests {
  const waiting: (() => void)[] = [];
  return (name, work) => {
    let begun: Promise<void> | undefined;
    const begin = () => {
      begun ??= work();
      // It is heard when its own turn comes.
      begun.catch(() => {});
    };
    waiting.push(begin);
    test(name, limit, async () => {
      for (const each of waiting.splice(0)) each();
      await begun;
    });
  };
}
