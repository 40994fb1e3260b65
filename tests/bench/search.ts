// Search and Find in 100,000 messages, as a device asks for them, against the bare index of SQLite.
import { silentLog } from "../../core/log.ts";
import { type Clock, type Database, systemClock } from "../../core/mod.ts";
import type { Element } from "../../plugins/eas/api.ts";
import { decode } from "../../plugins/eas/wbxml/mod.ts";
import { searchIndexing, wordless } from "../../plugins/mailbox/backends/local/mod.ts";
import { withTempDir } from "../kit.ts";
import { type BenchApp, benchApp, findOf, request, searchOf } from "./kit.ts";
import { fillMailbox } from "./mailbox.ts";
import { type BenchResult, median } from "./result.ts";
import { makeWords } from "./words.ts";

const messages = 100_000;
const rounds = 15;
const page = 100;

/** What people look for, and how FTS5 is asked for the same. */
interface Wanted {
  readonly name: string;
  readonly text: string;
  readonly match: string;
}

export async function benchSearch(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const app = await benchApp(`${dir}/search.db`);
    const { id } = await app.addAccount("ada@example.org");
    const vocabulary = makeWords(30_000);
    await fillMailbox(app.storage, id, messages, { vocabulary, texts: 2000, textBytes: 3000 });
    const indexed = await timed(() => index(app.storage));
    await fillBare(app.storage);
    const wanted = wishes(vocabulary);
    const times = new Map<Wanted, Times>();
    for (const wish of wanted) times.set(wish, await compare(app, wish));
    const [size] = await app.storage.all<{ ours: number; texts: number }>(
      `SELECT (SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'mailbox_words%') AS ours,
        (SELECT sum(length(text)) FROM mailbox_message) AS texts`,
    );
    await app.stop();
    return [
      row("Search in 100,000 messages, 100 results / bare FTS5", times, "search"),
      row("Find in 100,000 messages, 100 results / bare FTS5", times, "find"),
      slowest(times),
      {
        name: "full-text index / the texts in it, bytes",
        ratio: size!.ours / size!.texts,
        limit: 1.5,
        detail: `${mega(size!.ours)} / ${mega(size!.texts)}, made in ${
          (indexed / 1000).toFixed(0)
        } s without pauses`,
      },
    ];
  });
}

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

interface Times {
  readonly search: number;
  readonly find: number;
  readonly bare: number;
}

/** All that is looked for, one after the other: what a day of searches costs. */
function row(
  name: string,
  times: ReadonlyMap<Wanted, Times>,
  command: "search" | "find",
): BenchResult {
  const all = [...times];
  const sum = (which: keyof Times) => all.reduce((total, [, time]) => total + time[which], 0);
  const parts = all.map(([{ name }, time]) =>
    `${name} ${time[command].toFixed(1)}/${time.bare.toFixed(1)}`
  );
  const detail = `ms: ${parts.join(", ")}; medians of ${rounds}`;
  return { name, ratio: sum(command) / sum("bare"), limit: 3, detail };
}

function slowest(times: ReadonlyMap<Wanted, Times>): BenchResult {
  const all = [...times].flatMap(([{ name }, { search, find }]) => [
    { name: `Search, ${name}`, time: search },
    { name: `Find, ${name}`, time: find },
  ]).sort((a, b) => b.time - a.time);
  return {
    name: "the slowest of these searches",
    ratio: all[0]!.time,
    limit: 1000,
    unit: "ms",
    detail: all[0]!.name,
  };
}

function wishes(vocabulary: readonly string[]): Wanted[] {
  const [common, second, some, other, rare] = [0, 3, 150, 400, 9000]
    .map((place) => vocabulary[place]!) as [string, string, string, string, string];
  const start = vocabulary.filter((word) => word.length > 5)[50]!.slice(0, 4);
  return [
    { name: "common word", text: `"${common}"`, match: common },
    { name: "two common words", text: `"${common}" "${second}"`, match: `${common} ${second}` },
    { name: "two words", text: `"${some}" "${other}"`, match: `${some} ${other}` },
    { name: "either of two", text: `"${some}" OR "${other}"`, match: `${some} OR ${other}` },
    { name: "phrase", text: `"${common} ${some}"`, match: `"${common} ${some}"` },
    { name: "rare word", text: `"${rare}"`, match: rare },
    { name: "beginning", text: `${start}*`, match: `${start}*` },
    { name: "sender", text: "from:sender7", match: "sender : sender7*" },
    { name: "not", text: `"${some}" NOT "${other}"`, match: `${some} NOT ${other}` },
  ];
}

/** The background task without its pauses. */
async function index(db: Database): Promise<void> {
  const ending = new AbortController();
  const clock: Clock = {
    now: systemClock.now,
    after: (_, run) => {
      const soon = setImmediate(run);
      return () => clearImmediate(soon);
    },
  };
  const running = searchIndexing({ db, clock, log: silentLog }).run(ending.signal);
  while (await wordless(db) > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  ending.abort();
  await running;
}

/** A full-text table as anybody would make it, with the same texts. */
async function fillBare(db: Database): Promise<void> {
  await db.run("CREATE VIRTUAL TABLE bare USING fts5(subject, sender, recipient, body)");
  for (let from = 0; from < messages; from += 1000) {
    await db.run(
      `INSERT INTO bare (rowid, subject, sender, recipient, body)
        SELECT id, facts ->> '$.subject',
          (facts ->> '$.from[0].name') || ' ' || (facts ->> '$.from[0].address'),
          facts ->> '$.to[0].address', text
        FROM mailbox_message WHERE id > ? AND id <= ?`,
      [from, from + 1000],
    );
  }
}

async function compare(app: BenchApp, wish: Wanted): Promise<Times> {
  const times = { search: [] as number[], find: [] as number[], bare: [] as number[] };
  for (let round = -3; round < rounds; round++) { // the first ones warm up
    const [bare, ours, theirs] = [
      await timed(() => askBare(app.storage, wish.match)),
      await timed(() => ask(app, "Search", searchOf(wish.text, page))),
      await timed(() => ask(app, "Find", findOf(wish.text, page, `bench-${round}`))),
    ];
    if (round < 0) continue;
    times.bare.push(bare);
    times.search.push(ours);
    times.find.push(theirs);
  }
  await checkSame(app, wish);
  return { search: median(times.search), find: median(times.find), bare: median(times.bare) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The newest hundred with what a list shows of them, and how many there are. */
async function askBare(db: Database, match: string): Promise<number> {
  await db.all(
    "SELECT rowid, subject, sender, recipient, body FROM bare WHERE bare MATCH ? " +
      `ORDER BY rowid DESC LIMIT ${page}`,
    [match],
  );
  const [row] = await db.all<{ n: number }>(
    "SELECT count(*) AS n FROM bare WHERE bare MATCH ?",
    [match],
  );
  return row!.n;
}

async function ask(app: BenchApp, command: string, body: Element): Promise<Uint8Array> {
  const asked = { account: "ada@example.org", device: "phone", command, body };
  const response = await app.fetch(request("http://bench.invalid", asked), {
    remote: "127.0.0.1",
  });
  if (response.status !== 200) throw new Error(`Cannot search: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Both found the same number, as far as we count. */
async function checkSame(app: BenchApp, { name, text, match }: Wanted): Promise<void> {
  const theirs = Math.min(await askBare(app.storage, match), 1000);
  const answer = decode(await ask(app, "Find", findOf(text, page)));
  const ours = answer.child("Find:Response")?.textOf("Find:Total");
  if (ours !== String(theirs) || theirs === 0) {
    throw new Error(`Cannot compare "${name}": ${ours} found, ${theirs} by the bare index`);
  }
}
