// What a test needs from the machine: skipped by name where it is absent, and never in CI.
import { appendFileSync } from "node:fs";

/** Where `scripts/run_tests.ts` collects the names for its last line. */
export const absentFile = "NAVETTE_TEST_ABSENT";

interface Circumstances {
  /** Skipped in CI too. */
  readonly optional?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Options for a test that needs `what`: `test(name, needs("dovecot", found), ...)`. Where it is not
 * `present` the test is skipped and the run's last line names it; with `CI=true` this throws instead,
 * so that the file fails, unless nobody can be asked to have it (`optional`).
 */
export function needs(
  what: string,
  present: boolean,
  { optional = false, env = process.env }: Circumstances = {},
): { skip: string | false } {
  if (present) return { skip: false };
  if (env["CI"] === "true" && !optional) {
    throw new Error(`Cannot test without ${what}: it is absent, and in CI nothing is skipped`);
  }
  const file = env[absentFile];
  if (file) appendFileSync(file, `${what}\n`);
  return { skip: `needs ${what}` };
}
