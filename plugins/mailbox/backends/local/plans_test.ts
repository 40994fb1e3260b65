// No statement on the way of a sync reads more rows than it brings: SQLite's own plans show it.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { silentLog } from "../../../../core/log.ts";
import type { Database, Value } from "../../../../core/mod.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { account, inPieces, message } from "../../../../tests/conformance/mailbox_kit.ts";
import { fakeClock } from "../../../../tests/kit.ts";
import { localBackend, migrations } from "./mod.ts";

/** A database that keeps the statements it is given. */
function recording(db: Database, seen: Map<string, readonly Value[]>): Database {
  const keep = (sql: string, values: readonly Value[] = []) => void seen.set(sql, values);
  return {
    all: (sql, values) => (keep(sql, values), db.all(sql, values)),
    run: (sql, values) => (keep(sql, values), db.run(sql, values)),
    transaction: (work) => db.transaction((tx) => work(recording(tx, seen))),
    close: () => db.close(),
  };
}

/** Steps of a plan that read a whole table or sort. What is scanned is allowed by name only. */
async function wrongSteps(db: Database, sql: string, values: readonly Value[]): Promise<string[]> {
  const plan = await db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, values);
  // The array of ids that are asked for, and rows that a bounded inner SELECT has brought.
  const fine = /^SCAN (j VIRTUAL TABLE|json_each VIRTUAL TABLE|\(subquery|taken$)/;
  return plan.map(({ detail }) => detail)
    .filter((detail) => /\bSCAN\b|TEMP B-TREE/.test(detail) && !fine.test(detail));
}

test("listing, changes, reading, writing and watching use an index, and sort nothing", async () => {
  const db = await openStorage(":memory:");
  for (const sql of migrations.flatMap(({ up }) => up)) await db.run(sql);
  const seen = new Map<string, readonly Value[]>();
  const clock = fakeClock();
  const backend = localBackend({ db: recording(db, seen), clock, log: silentLog });
  const box = backend.open(account(1));

  const { changes } = await box.folders(undefined);
  await box.folders("3");
  const folder = (role: string) => changes.find((each) => each.folder?.role === role)!.id;
  const inbox = folder("inbox");
  const stop = box.watch([inbox], () => {});
  const { cursor } = await box.changes(inbox, undefined, 10);
  const letter = message("Re: planned", { headers: ["References: <a@x> <b@x>"] });
  for (let n = 0; n < 5; n++) await box.create(inbox, { mime: letter }, `create ${n}`);
  await backend.deliver(inPieces(letter), [account(1), account(2)], "deliver");
  const large = Buffer.concat([letter, Buffer.alloc(600_000, "line\r\n")]);
  const { id } = await box.create(inbox, { mime: large }, "large");
  await box.changes(inbox, cursor, 3);

  const bounds = [{}, { since: 1 }, { until: 9e12 }, { since: 1, until: 9e12 }];
  for (const window of bounds) {
    const page = await box.list(inbox, window, 2);
    await box.list(inbox, { ...window, after: page.next! }, 2);
    await box.count(inbox, window);
    await box.count(inbox, { ...window, after: page.next! });
  }
  const { items } = await box.list(inbox, {}, 5);
  for await (const item of box.read(items.map((each) => each.id), { text: 5e6, html: 9 })) {
    assert.ok(item.mail);
  }
  for await (const bytes of (await box.part(id, "1")).bytes) assert.ok(bytes.length);
  await box.mark(id, { read: true }, "mark");
  await box.remove(await box.move(id, folder("trash"), "move"), "remove");
  const thread = items[0]!.thread!;
  await box.conversation(thread);
  await box.spans(inbox, [thread]);
  await box.list(inbox, { thread, until: 9e12 }, 2);
  await box.divert("0".repeat(32), inbox);
  const short = await box.createFolder({ name: "s", parent: undefined, class: "mail" }, "short");
  await box.create(short.id, { mime: letter }, "in it");
  await box.removeFolder(short.id, inbox);
  await box.create(folder("trash"), { mime: letter }, "in the trash");
  await box.empty(folder("trash"));
  await clock.tick(2000);
  stop();

  assert.ok(seen.size > 30, "the statements were recorded");
  for (const [sql, values] of seen) {
    assert.deepEqual(await wrongSteps(db, sql, values), [], sql);
  }
  // The test can fail: a statement without an index is found.
  assert.notDeepEqual(
    await wrongSteps(db, "SELECT * FROM mailbox_item WHERE thread = ? ORDER BY seq", ["x"]),
    [],
  );
  await db.close();
});
