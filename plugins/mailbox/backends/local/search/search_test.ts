// The index of the embedded store: filled for older databases, whole after changes, and the same as a scan.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../../../../core/log.ts";
import type { Database } from "../../../../../core/mod.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import {
  account,
  allFolders,
  inPieces,
  message,
  put,
  readAll,
  subjects,
  token,
} from "../../../../../tests/conformance/mailbox_kit.ts";
import { type FakeClock, fakeClock, seededRandom, settle } from "../../../../../tests/kit.ts";
import type { Query, TextField } from "../../../query.ts";
import { memoryBackend } from "../../memory/mod.ts";
import type { MemoryMailbox } from "../../memory/mailbox.ts";
import { dropAccount, indexFinding, localBackend, migrations, searchIndexing } from "../mod.ts";
import { searchPlan, type Sql } from "./compile.ts";

type Local = ReturnType<typeof localBackend>;

interface Opened {
  readonly db: Database;
  readonly clock: FakeClock;
  readonly backend: Local;
  readonly box: ReturnType<Local["open"]>;
  readonly inbox: string;
}

async function withStore(work: (store: Opened) => Promise<void>): Promise<void> {
  const db = await openStorage(":memory:");
  for (const sql of migrations.flatMap(({ up }) => up)) await db.run(sql);
  const clock = fakeClock();
  const backend = localBackend({ db, clock, log: silentLog });
  const box = backend.open(account(1));
  const inbox = (await allFolders(box)).find(({ role }) => role === "inbox")!.id;
  await work({ db, clock, backend, box, inbox });
  await db.close();
}

async function count(db: Database, sql: string): Promise<number> {
  return Number(Object.values((await db.all(sql))[0]!)[0]);
}

const rows = (db: Database) => count(db, "SELECT count(*) FROM mailbox_words WHERE rowid >= 0");
const found = async (box: Opened["box"], query: Query) =>
  await box.search(query, { offset: 0, limit: 500 });

/** Runs the background task until `done`. */
async function indexUntil({ db, clock }: Opened, done: () => Promise<boolean>): Promise<void> {
  const ending = new AbortController();
  const running = searchIndexing({ db, clock, log: silentLog }).run(ending.signal);
  for (let n = 0; n < 10_000 && !await done(); n++) {
    await clock.tick(1000);
    await settle();
  }
  ending.abort();
  await running;
  assert.ok(await done(), "the task came to its end");
}

/** Makes the database as it was before there was an index. */
async function forget(db: Database): Promise<void> {
  await db.run("UPDATE mailbox_item SET words = NULL");
  await db.run("DELETE FROM mailbox_lost_words");
  await db.run("DELETE FROM mailbox_words WHERE rowid >= 0");
}

test("mail older than the index is put into it step by step, and a search helps itself", () =>
  withStore(async (store) => {
    const { db, box, inbox, clock } = store;
    for (let n = 0; n < 260; n++) {
      await put(box, inbox, `old number${n} everywhere`, clock.now() - n * 1000);
    }
    await forget(db);
    assert.match((await indexFinding(db)).detail, /^260 messages are not in it yet/);
    const first = await found(box, { text: "number3" });
    assert.deepEqual([first.items.length, first.complete], [1, false]);
    assert.equal(await rows(db), 200);
    assert.equal(
      (await found(box, { text: "number250" })).items.length,
      1,
      "the next one, the rest",
    );
    assert.equal((await found(box, { text: "everywhere" })).complete, true);
    assert.equal((await found(box, { text: "everywhere" })).items.length, 260);
    await forget(db);
    await indexUntil(store, async () => await rows(db) === 260);
    assert.equal((await found(box, { text: "everywhere" })).total, 260);
    assert.equal((await indexFinding(db)).level, "ok");
  }));

test("an index that came out empty from a backup is filled again", () =>
  withStore(async (store) => {
    const { db, box, inbox } = store;
    for (let n = 0; n < 30; n++) await put(box, inbox, "letter");
    await db.run("DELETE FROM mailbox_words");
    await indexUntil(store, async () => await rows(db) === 30);
    const { total, complete } = await found(box, { text: "letter" });
    assert.deepEqual([total, complete], [30, true]);
    await put(box, inbox, "letter");
    await indexUntil(store, () => Promise.resolve(true));
    assert.equal((await found(box, { text: "letter" })).total, 31, "only once");
  }));

test("rows go with their items, and a moved item keeps its row", () =>
  withStore(async (store) => {
    const { db, box, inbox, backend, clock } = store;
    const trash = (await allFolders(box)).find(({ role }) => role === "trash")!.id;
    const kept = await box.move((await put(box, inbox, "moved")).id, trash, token());
    await box.remove((await put(box, inbox, "removed")).id, token());
    await box.replace((await put(box, inbox, "before")).id, { mime: message("after") }, token());
    await backend.deliver(inPieces(message("shared")), [account(1), account(2)], "letter");
    await dropAccount(db, 2, clock.now());
    assert.equal(await count(db, "SELECT count(*) FROM mailbox_lost_words"), 4);
    const left = () => count(db, "SELECT count(*) FROM mailbox_lost_words");
    await indexUntil(store, async () => await left() === 0);
    assert.equal(await rows(db), 3);
    assert.deepEqual((await found(box, { text: "moved" })).items, [kept]);
  }));

test("a number is not given again while a row is still to be removed", () =>
  withStore(async ({ db, box, inbox, clock }) => {
    const date = clock.now();
    for (let n = 0; n < 3; n++) {
      const { id } = await box.create(inbox, { mime: message(`gone ${n}`), date }, token());
      await box.remove(id, token());
    }
    await put(box, inbox, "here", date);
    assert.equal((await found(box, { text: "gone" })).total, 0);
    assert.equal((await found(box, { text: "here" })).total, 1);
    assert.equal(await rows(db), 4);
  }));

test("more items of one millisecond than there is room for are all found", () =>
  withStore(async ({ db, box, inbox }) => {
    const mime = message("crowd");
    const { id } = await box.create(inbox, { mime, date: 5000 }, token());
    const item = Number(id.split(":")[1]);
    await db.run("UPDATE mailbox_item SET words = ? WHERE id = ?", [5000 * 1024 + 1023, item]);
    await db.run("INSERT INTO mailbox_words (rowid, subject) VALUES (?, '1_crowd')", [
      5000 * 1024 + 1023,
    ]);
    await box.create(inbox, { mime, date: 5000 }, token());
    await box.create(inbox, { mime, date: 5001 }, token());
    const query = { and: [{ text: "crowd" }, { received: { since: 5000, until: 5001 } }] };
    assert.equal((await found(box, query)).total, 2);
  }));

test("a search walks along the index, newest first, and sorts nothing", () =>
  withStore(async ({ db }) => {
    const folders = { all: [1], ofClass: () => [1], at: () => [1] };
    const query: Query = {
      and: [{ text: "one two" }, { read: false }, { received: { since: 5 } }],
    };
    const steps = async ({ sql, values }: Sql, more: number[]) =>
      (await db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, [...values, ...more]))
        .map(({ detail }) => detail).join("\n");
    const walk = /SCAN w VIRTUAL TABLE[^]*SEARCH i USING (COVERING )?INDEX mailbox_item_words/;
    const plan = searchPlan(query, { account: 1, folders });
    assert.ok("rows" in plan);
    const words = searchPlan({ text: "one two" }, { account: 1, folders });
    assert.ok("hits" in words);
    for (const told of [await steps(plan.rows, [100]), await steps(words.hits, [100, 10, 0])]) {
      assert.match(told, walk);
      assert.doesNotMatch(told, /TEMP B-TREE|SCAN i\b/);
    }
  }));

test("what is counted without looking at items is what is there", () =>
  withStore(async (store) => {
    const { box, inbox, db } = store;
    const made = [];
    for (let n = 0; n < 12; n++) made.push(await put(box, inbox, `countable ${n}`, n * 1000));
    const trash = (await allFolders(box)).find(({ role }) => role === "trash")!.id;
    await box.remove(made[0]!.id, token());
    await box.move(made[1]!.id, trash, token());
    const total = async () => {
      const { total, more } = await box.search({ text: "countable" }, { offset: 2, limit: 3 });
      return [total, more];
    };
    assert.deepEqual(await total(), [11, true], "rows of removed and moved items are there still");
    await indexUntil(store, async () =>
      await count(db, "SELECT count(*) FROM mailbox_lost_words") === 0);
    assert.deepEqual(await total(), [11, true]);
  }));

test("a class that all folders have, and one choice of one, cost nothing", () => {
  const folders = {
    all: [1, 2],
    ofClass: (name: string) => name === "mail" ? [1, 2] : [],
    at: () => [],
  };
  const plan = (query: Query) => searchPlan(query, { account: 1, folders });
  const plain = plan({ text: "word" });
  assert.deepEqual(plan({ and: [{ or: [{ class: "mail" }] }, { or: [{ text: "word" }] }] }), plain);
  assert.ok("hits" in plain);
  assert.ok("rows" in plan({ and: [{ class: "event" }, { text: "word" }] }));
});

const vocabulary = "red green house houses garden gärten two-fold 会議 会議室 3rd x".split(" ");

function randomQuery(random: () => number, depth = 3): Query {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const some = () => Array.from({ length: Math.floor(random() * 3.5) }, () => below());
  const below = () => randomQuery(random, depth - 1);
  const kind = depth === 0 ? 3 : Math.floor(random() * 8);
  if (kind === 0) return { and: some() };
  if (kind === 1) return { or: some() };
  if (kind === 2) return { not: below() };
  if (kind === 7) {
    const since = random() * 50_000;
    return pick<Query>([
      { read: random() < 0.5 },
      { flagged: random() < 0.5 },
      { attachments: random() < 0.5 },
      { received: { since, until: since + random() * 30_000 } },
      { sent: { since } },
    ]);
  }
  const text = Array.from({ length: random() < 0.3 ? 2 : 1 }, () => pick(vocabulary)).join(" ");
  const cut = random() < 0.3 ? text.slice(0, -1) : text;
  const field = pick<TextField | undefined>([undefined, undefined, "subject", "body", "from"]);
  return { text: cut, prefix: random() < 0.5, ...(field && { in: field }) };
}

test("whatever is asked, the index finds what a scan of all mail finds (200 queries, seed 7)", () =>
  withStore(async ({ box, inbox, clock }) => {
    const random = seededRandom(7);
    const scan = memoryBackend({ clock }).open(account(1)) as MemoryMailbox;
    const scanned = (await allFolders(scan)).find(({ role }) => role === "inbox")!.id;
    const text = (most: number) =>
      Array.from(
        { length: Math.floor(random() * most) },
        () => vocabulary[Math.floor(random() * vocabulary.length)],
      ).join(" ");
    for (let n = 0; n < 60; n++) {
      const headers = ["Content-Type: text/plain; charset=utf-8"];
      const mime = message(`${n} ${text(4)}`, { headers, text: text(8) });
      const marks = {
        read: random() < 0.5,
        ...(random() < 0.3 && { flag: { status: "active" as const } }),
      };
      const item = { mime, marks, date: Math.floor(random() * 60) * 1000 };
      await box.create(inbox, item, token());
      await scan.create(scanned, item, token());
    }
    let hits = 0;
    for (let n = 0; n < 200; n++) {
      const query = randomQuery(random);
      const [indexed, plain] = await Promise.all([box, scan].map(async (each) => {
        const { items } = await each.search(query, { offset: 0, limit: 100 });
        return subjects(each, (await readAll(each, items)).map(({ state }) => state));
      }));
      assert.deepEqual(indexed, plain, JSON.stringify(query));
      hits += plain!.length;
    }
    assert.ok(hits > 500, "the queries find something");
  }));
