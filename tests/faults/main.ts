// `deno task faults`: plays long runs, and cuts a failure down to a short script.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import process from "node:process";
import { parseVersion, type Version } from "../../plugins/eas/versions.ts";
import { startCyrus } from "../servers/cyrus.ts";
import { startDovecot } from "../servers/dovecot.ts";
import { broken, brokenTalks } from "./broken.ts";
import { brokenGateways } from "./broken_gateways.ts";
import { gatewayTo } from "./gateway.ts";
import { killed } from "./killed.ts";
import type { Sabotage } from "./machine.ts";
import { play, type PlayOptions } from "./play.ts";
import { countOps, type Scenario, scenario } from "./scenario.ts";
import { script, shrink } from "./shrink.ts";
import { openUpstream, playedDovecot } from "./upstream.ts";

const { values } = parseArgs({
  options: {
    operations: { type: "string", default: "2000" },
    seed: { type: "string" },
    seeds: { type: "string" },
    versions: { type: "string" },
    part: { type: "string", default: "400" },
    /** The server is a process that ends by SIGKILL: slower, and never twice the same. */
    processes: { type: "boolean", default: false },
    /** SmartSync is off: devices may be told to start over, and everything else still holds. */
    plain: { type: "boolean", default: false },
    /** Devices crash on some mail and sit in tunnels: they ask for the same again and again. */
    loops: { type: "boolean", default: false },
    /** Plays the script in this file, as a failure prints it, instead of all else. */
    replay: { type: "string" },
    /** How often: where a real server plays its part, not every time is the same. */
    times: { type: "string", default: "1" },
    /** Seconds to look for a short script that fails. */
    shrink: { type: "string", default: "60" },
    /** How often each script is played for that, where a failure shows only now and then. */
    tries: { type: "string", default: "1" },
    /** An engine, or a gateway, that is broken in this way; see `broken.ts`. */
    broken: { type: "string" },
    /** `imap`: a gateway in front of a real server, which fails too; see also the next two. */
    backend: { type: "string", default: "local" },
    /** Which one: `dovecot` or `cyrus`. */
    server: { type: "string", default: "dovecot" },
    /** Capabilities that it does not have: `QRESYNC,CONDSTORE`. */
    without: { type: "string", default: "" },
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
const hide = values.without.split(",").filter(Boolean);
const upstream = values.backend === "imap" ? await openUpstream(start) : undefined;
const own = values.processes ? { inner: killed } : {};
const options: PlayOptions = {
  ...(upstream
    ? { machine: gatewayTo(upstream, { hide, ...own }), plain: values.plain }
    : values.processes
    ? { machine: killed }
    : { plain: values.plain }),
  ...(values.broken !== undefined && { sabotage: sabotageOf(values.broken) }),
};

const begun = performance.now();
let done = 0;
const clean = values.replay === undefined ? await playAll() : await replay(values.replay);
await upstream?.stop();
process.exit(clean ? 0 : 1);

function sabotageOf(name: string): Sabotage {
  const found = { ...broken, ...brokenTalks }[name] ?? brokenGateways[name]?.sabotage;
  if (!found) throw new RangeError(`Cannot break it so that it "${name}"`);
  return found;
}

function start() {
  return values.server === "cyrus"
    ? startCyrus()
    : startDovecot({ ...playedDovecot, without: hide });
}

/** Plays a script; false where it failed. */
async function replay(file: string): Promise<boolean> {
  const plan: Scenario = JSON.parse(await readFile(file, "utf8"));
  let failures = 0;
  for (let n = 0; n < Number(values.times); n++) {
    const failure = await play(plan, options);
    console.log(failure ? `Operation ${failure.at}: ${failure.message}` : "clean");
    if (failure) failures++;
  }
  return failures === 0;
}

/** Plays all seeds until one fails; false then. */
async function playAll(): Promise<boolean> {
  for (let seed = from!; seed <= (to ?? from!); seed++) {
    if (!await playSeed(seed)) return false;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`seed ${seed}: clean; ${done} operations so far, ${seconds} s`);
  }
  return true;
}

/** A run is made of parts, each with a server of its own: failures are near their causes. */
async function playSeed(seed: number): Promise<boolean> {
  const [operations, part] = [Number(values.operations), Number(values.part)];
  for (let n = 0; n * part < operations; n++) {
    const plan = scenario({
      seed: seed * 1000 + n,
      operations: Math.min(part, operations - n * part),
      ...(versions && { versions }),
      loops: values.loops,
      gateway: upstream !== undefined,
    });
    const failure = await play(plan, options);
    done += countOps(plan.ops);
    if (!failure) continue;
    console.error(`Seed ${seed}, part ${n}, operation ${failure.at}:\n${failure.message}`);
    const [seconds, tries] = [Number(values.shrink), Number(values.tries)];
    const short = await shrink(plan, failure, { ...options, seconds, tries });
    console.error(
      `\nThe shortest script that fails:\n${script(short.scenario)}\n${short.failure.message}\n` +
        `\nFor --replay:\n${JSON.stringify(short.scenario)}`,
    );
    return false;
  }
  return true;
}
