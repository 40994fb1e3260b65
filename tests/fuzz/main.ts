// `deno task fuzz [--seconds N] [--seed N] [--rounds N] [--only NAME]`: long runs of all fuzzers.
// `alike-dovecot` and `alike-cyrus` compare messages at a real server with the embedded store, where
// the server is installed.
import { parseArgs } from "node:util";
import process from "node:process";
import { alike, type AlikeServer, alikeServers, alikeTarget } from "./alike.ts";
import { fuzz, type Result } from "./fuzz.ts";
import { fuzzers } from "./fuzzers.ts";
import { target } from "./target.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rounds: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const options = {
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  ...(values.rounds !== undefined && { rounds: Number(values.rounds) }),
};
let failed = false;

async function run(name: string, work: () => Promise<Result>): Promise<void> {
  if (values.only !== undefined && values.only !== name) return;
  try {
    const { rounds, answers } = await work();
    const counts = [...answers].map(([answer, times]) =>
      `${times} × ${typeof answer === "number" ? `HTTP ${answer}` : answer}`
    );
    console.log(`${name}: ${rounds} rounds, nothing found (${counts.join(", ")})`);
  } catch (error) {
    failed = true;
    console.error((error as Error).message);
  }
}

async function runAlike(name: string, { start }: AlikeServer): Promise<Result> {
  const server = await start();
  try {
    return await fuzz(name, alike, () => alikeTarget(server), options);
  } finally {
    await server.stop();
  }
}

for (const [name, fuzzer] of Object.entries(fuzzers)) {
  await run(name, () => fuzz(name, fuzzer, target, options));
}
for (const server of alikeServers.filter(({ present }) => present)) {
  const name = `alike-${server.product}`;
  await run(name, () => runAlike(name, server));
}
process.exit(failed ? 1 : 0);
