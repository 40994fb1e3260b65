// `deno task fuzz [--seconds N] [--seed N] [--rounds N] [--only NAME]`: long runs of all fuzzers.
import { parseArgs } from "node:util";
import process from "node:process";
import { fuzz } from "./fuzz.ts";
import { fuzzers } from "./fuzzers.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rounds: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
let failed = false;
for (const [name, fuzzer] of Object.entries(fuzzers)) {
  if (values.only !== undefined && values.only !== name) continue;
  try {
    const { rounds, answers } = await fuzz(name, fuzzer, {
      seed: Number(values.seed),
      seconds: Number(values.seconds),
      ...(values.rounds !== undefined && { rounds: Number(values.rounds) }),
    });
    const counts = [...answers].map(([status, times]) => `${times} × HTTP ${status}`).join(", ");
    console.log(`${name}: ${rounds} rounds, nothing found (${counts})`);
  } catch (error) {
    failed = true;
    console.error((error as Error).message);
  }
}
process.exit(failed ? 1 : 0);
