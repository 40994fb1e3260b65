// `deno task bench [--backend imap] [--json] [--minutes N] [NAME …]`: all benchmarks, each figure a
// ratio measured in the same run. `--backend imap`: those of the gateway, which need Dovecot.
// `--minutes`: how long `devices` runs, 1 unless told.
import { parseArgs } from "node:util";
import type { BenchResult } from "./result.ts";

interface Wanted {
  readonly minutes: number;
}

type Benches = Readonly<Record<string, (wanted: Wanted) => Promise<readonly BenchResult[]>>>;

const local: Benches = {
  wbxml: async () => (await import("./wbxml.ts")).benchWbxml(),
  "first-sync": async () => (await import("./first_sync.ts")).benchFirstSync(),
  "one-change": async () => (await import("./one_change.ts")).benchOneChange(),
  "many-folders": async () => (await import("./many_folders.ts")).benchManyFolders(),
  "held-pings": async () => (await import("./held_pings.ts")).benchHeldPings(),
  search: async () => (await import("./search.ts")).benchSearch(),
  devices: async ({ minutes }) => (await import("./devices.ts")).benchDevices(minutes),
  "big-message": async () => (await import("./big_message.ts")).benchBigMessage(),
};

const imap: Benches = {
  "first-sync": async () => (await import("./imap/first_sync.ts")).benchGatewayFirstSync(),
  "no-change": async () => (await import("./imap/no_change.ts")).benchGatewayNoChange(),
  push: async () => (await import("./imap/push.ts")).benchGatewayPush(),
  waiting: async () => (await import("./imap/waiting.ts")).benchGatewayWaiting(),
};

const { values, positionals } = parseArgs({
  options: {
    backend: { type: "string", default: "local" },
    json: { type: "boolean", default: false },
    minutes: { type: "string", default: "1" },
  },
  allowPositionals: true,
});
const backends: Readonly<Record<string, Benches>> = { local, imap };
const benches = backends[values.backend];
if (!benches) {
  console.error(`Cannot measure ${values.backend}: there are ${Object.keys(backends).join(", ")}`);
  process.exit(2);
}
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(
    `Cannot run ${unknown.join(", ")}: there are ${Object.keys(benches).join(", ")}`,
  );
  process.exit(2);
}
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`Cannot run for ${values.minutes} minutes`);
  process.exit(2);
}

const results: BenchResult[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const result of await bench({ minutes })) {
    results.push(result);
    if (!values.json) console.log(line(result));
  }
}
if (values.json) console.log(JSON.stringify({ results }, null, 2));
process.exit(results.every(({ ratio, limit }) => ratio <= limit) ? 0 : 1);

function line({ name, ratio, limit, unit, detail }: BenchResult): string {
  const verdict = ratio <= limit ? "ok  " : "MISS";
  const figure = `${ratio.toFixed(2)}${unit === undefined ? "×" : ` ${unit}`}`;
  return `${verdict} ${name.padEnd(64)} ${figure.padStart(10)}  (at most ${limit}${
    unit ?? "×"
  })  ${detail}`;
}
