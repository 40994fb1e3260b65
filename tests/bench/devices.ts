// 200 devices that sync, search and send at once: errors, the 99th percentile, and memory.
//
// The load. 100 accounts with 200 messages each and two devices each; the server is a process of its
// own with all its background work, the devices are in this one, over HTTP on the loopback. A device
// does one thing after another: in 60 of 100 cases a Sync of its inbox that brings the bodies of what
// is new and marks an older message as read, in 20 a Search or Find for one or two words with 50
// results, in 20 a letter to another account, with a copy in Sent. Before each it waits for a random
// time, exponentially distributed with a mean of two seconds: about 100 requests a second come in at
// moments that nobody arranged, 20 of them letters. People are slower than that by far; devices that
// never wait would only measure how long a queue of 200 is.
//
// What must hold. Every answer is HTTP 200 with the status of success; at the end each device has
// each message of its account once. Of each kind of request, the 99th percentile stays under 20 times
// the median of one device alone, which does the same on the same server, with 10 ms in between.
// Memory: the server is sampled 24 times (resident, and heap with external buffers, after a full
// collection of garbage); through the later half of the samples goes the straight line of least
// squares, and over that half it may rise by 5 % of its height (resident: 10 %). What was under way
// while a sample was taken does not count as slow: a full collection stops the server.
import { seededRandom, withTempDir } from "../kit.ts";
import { BusyDevice, type Deed, type Ledger, type Timing } from "./busy_device.ts";
import { type BenchResult, median, quantile } from "./result.ts";
import { type Server, startServer } from "./server.ts";
import { growth, type Sample } from "./steady.ts";
import { makeWords } from "./words.ts";

const accounts = 100;
const devicesOfOne = 2;
const think = 2000;
const samples = 24;
const deeds: readonly Deed[] = ["Sync", "Search", "SendMail"];

export async function benchDevices(minutes = 1): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const server = await startServer("navette", `${dir}/navette.db`);
    try {
      return await run(server, minutes * 60_000);
    } finally {
      await server.end();
    }
  });
}

async function run(server: Server, ms: number): Promise<BenchResult[]> {
  const settled = await server.order<Omit<Town, "letters">>(`town ${accounts}`);
  const town: Town = { ...settled, letters: settled.inboxes.map(() => 0) };
  const alone = await soloist(server, town);
  const ledger: Ledger = { timings: [], errors: new Map() };
  const devices = town.inboxes.flatMap((_, account) =>
    Array.from({ length: devicesOfOne }, (_, n) => resident(server, town, account, `d${n}`))
  );
  await catchUp(devices, ledger);
  ledger.timings.length = 0;
  const memory = new MemoryWatch(server);
  const begun = performance.now();
  const crowd = devices.map((one, n) =>
    live(one, town, { ledger, end: begun + ms, think, seed: n })
  );
  await memory.watch(begun, ms);
  await Promise.all(crowd);
  const counted = ledger.timings.filter((timing) => memory.isFree(timing));
  const rows = deeds.map((deed) => slowness(deed, timesOf(counted, deed), timesOf(alone, deed)));
  await catchUp(devices, ledger);
  checkComplete(devices, town, ledger);
  const rate = (counted.length / ms * 1000).toFixed(0);
  return [
    ...rows,
    failures(ledger, `${devices.length} devices, ${rate} requests a second, ${ms / 60_000} min`),
    memory.row("heap", "heap and buffers", 0.05),
    memory.row("rss", "resident memory", 0.1),
  ];
}

interface Town {
  readonly inboxes: readonly string[];
  readonly messagesEach: number;
  /** How many letters went to each account. */
  readonly letters: number[];
}

interface Resident {
  readonly account: number;
  readonly device: BusyDevice;
}

const addressOf = (account: number) => `user${account}@example.org`;

function resident({ port }: Server, { inboxes }: Town, account: number, name: string): Resident {
  const origin = `http://127.0.0.1:${port}`;
  const place = { origin, address: addressOf(account), name, inbox: inboxes[account]! };
  return { account, device: new BusyDevice(place) };
}

async function catchUp(devices: readonly Resident[], ledger: Ledger): Promise<void> {
  const atOnce = 10;
  for (let n = 0; n < devices.length; n += atOnce) {
    await Promise.all(devices.slice(n, n + atOnce).map(({ device }) => device.catchUp(ledger)));
  }
}

/** One device that has the server for itself, and writes to itself so that there is news. */
async function soloist(server: Server, town: Town): Promise<readonly Timing[]> {
  const one = resident(server, { ...town, inboxes: town.inboxes.slice(0, 1) }, 0, "alone");
  const self = { ...town, inboxes: town.inboxes.slice(0, 1) };
  const ledger: Ledger = { timings: [], errors: new Map() };
  await one.device.catchUp(ledger);
  for (const seed of [1000, 1001]) { // the first time warms up
    ledger.timings.length = 0;
    await live(one, self, { ledger, end: performance.now() + 10_000, think: 10, seed });
  }
  if (ledger.errors.size > 0) throw new Error(`Cannot begin: ${listed(ledger)}`);
  return ledger.timings;
}

interface Life {
  readonly ledger: Ledger;
  readonly end: number;
  /** How long it waits between its deeds, in the mean. */
  readonly think: number;
  readonly seed: number;
}

const words = makeWords(3000);

/** What a device does all day. It writes to the others of its town, or to itself where it is alone. */
async function live({ account, device }: Resident, town: Town, life: Life): Promise<void> {
  const random = seededRandom(life.seed);
  const word = () => words[Math.floor(words.length ** random()) - 1]!;
  for (;;) {
    const wait = -Math.log(1 - random()) * life.think;
    if (performance.now() + wait > life.end) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    const dice = random();
    if (dice < 0.6) await device.sync(life.ledger);
    else if (dice < 0.8) {
      const text = random() < 0.5 ? word() : `${word()} ${word()}`;
      await device.search(text, random() < 0.5, life.ledger);
    } else {
      const { length } = town.inboxes;
      const to = (account + 1 + Math.floor(random() * Math.max(1, length - 1))) % length;
      const text = Array.from({ length: 20 + Math.floor(random() * 200) }, word).join(" ");
      if (await device.send(addressOf(to), text, life.ledger)) town.letters[to]!++;
    }
  }
}

/** Every message once on every device of its account. */
function checkComplete(devices: readonly Resident[], town: Town, ledger: Ledger): void {
  for (const { account, device } of devices) {
    const wanted = town.messagesEach + town.letters[account]!;
    if (device.has.size === wanted) continue;
    const what = device.has.size < wanted ? "a device lacks mail" : "a device has too much mail";
    ledger.errors.set(what, (ledger.errors.get(what) ?? 0) + 1);
  }
}

const timesOf = (timings: readonly Timing[], deed: Deed) =>
  timings.filter((timing) => timing.deed === deed).map(({ took }) => took);

function slowness(deed: Deed, crowd: readonly number[], alone: readonly number[]): BenchResult {
  const [slow, quick] = [quantile(crowd, 0.99), median(alone)];
  return {
    name: `${deed} among ${accounts * devicesOfOne} devices, p99 / p50 of one alone`,
    ratio: slow / quick,
    limit: 20,
    detail: `${slow.toFixed(1)} ms / ${quick.toFixed(2)} ms; p50 ${
      median(crowd).toFixed(1)
    } ms, p99 alone ${quantile(alone, 0.99).toFixed(1)} ms, ${crowd.length} requests`,
  };
}

const listed = ({ errors }: Ledger) => [...errors].map(([what, n]) => `${n} × ${what}`).join("; ");

function failures(ledger: Ledger, load: string): BenchResult {
  const count = [...ledger.errors.values()].reduce((sum, n) => sum + n, 0);
  const detail = [load, listed(ledger)].filter((part) => part !== "").join("; ");
  return { name: "errors, statuses other than success", ratio: count, limit: 0, unit: "", detail };
}

interface Usage {
  readonly rss: number;
  readonly heap: number;
}

/** Samples the server's memory, and knows when it was busy with that. */
class MemoryWatch {
  readonly #server: Server;
  readonly #samples: (Usage & { readonly at: number; readonly until: number })[] = [];
  constructor(server: Server) {
    this.#server = server;
  }

  async watch(begun: number, ms: number): Promise<void> {
    for (let n = 1; n <= samples; n++) {
      await new Promise((resolve) =>
        setTimeout(resolve, begun + ms * n / samples - performance.now())
      );
      const at = performance.now();
      const usage = await this.#server.order<Usage>("sample");
      this.#samples.push({ ...usage, at, until: performance.now() });
    }
  }

  /** Whether a request was not slowed down by a sample, nor by what had queued up behind one. */
  isFree({ begun, took }: Timing): boolean {
    const echo = 200;
    return this.#samples.every(({ at, until }) => begun + took < at || begun > until + echo);
  }

  row(what: keyof Usage, name: string, limit: number): BenchResult {
    const all = this.#samples.map((sample): Sample => ({ at: sample.at, value: sample[what] }));
    const mb = (at: number) => `${(all.at(at)!.value / 1e6).toFixed(0)} MB`;
    return {
      name: `${name}: growth over the later half`,
      ratio: 100 * growth(all),
      limit: 100 * limit,
      unit: "%",
      detail: `${mb(0)}, at half time ${mb(all.length / 2)}, at the end ${mb(-1)}`,
    };
  }
}
