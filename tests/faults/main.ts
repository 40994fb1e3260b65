// `deno task faults`: plays long runs, and cuts a failure down to a short script.
import { parseArgs } from "node:util";
import process from "node:process";
import { parseVersion, type Version } from "../../plugins/eas/versions.ts";
import { play } from "./play.ts";
import { countOps, scenario } from "./scenario.ts";
import { script, shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    operations: { type: "string", default: "2000" },
    seed: { type: "string" },
    seeds: { type: "string" },
    versions: { type: "string" },
    part: { type: "string", default: "400" },
  },
});

const [from, to] = (values.seeds ?? `${values.seed ?? 1}..${values.seed ?? 1}`).split("..").map(
  Number,
);
const versions = values.versions?.split(",").map((text): Version => {
  const version = parseVersion(text);
  if (!version) throw new RangeError(`Cannot play version ${text}`);
  return version;
});
const [operations, part] = [Number(values.operations), Number(values.part)];
const begun = performance.now();
let done = 0;
for (let seed = from!; seed <= (to ?? from!); seed++) {
  // A run is made of parts, each with a server of its own: failures are near their causes.
  for (let n = 0; n * part < operations; n++) {
    const options = { seed: seed * 1000 + n, operations: Math.min(part, operations - n * part) };
    const plan = scenario({ ...options, ...(versions && { versions }) });
    const failure = await play(plan);
    done += countOps(plan.ops);
    if (!failure) continue;
    console.error(`Seed ${seed}, part ${n}, operation ${failure.at}:\n${failure.message}`);
    const short = await shrink(plan, failure, { seconds: 60 });
    console.error(
      `\nThe shortest script that fails:\n${script(short.scenario)}\n${short.failure.message}`,
    );
    process.exit(1);
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`seed ${seed}: clean; ${done} operations so far, ${seconds} s`);
}
