// Slow stores and slow links: an answer in time with what there is, and bytes that flow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred, settle } from "../../../../tests/kit.ts";
import { altered, easRequest } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, subjects } from "../../../../tests/kit_sync.ts";
import type { Mailbox } from "../../../mailbox/api.ts";
import { decode, el, type Element } from "../../wbxml/mod.ts";

/** What devices without a name wait for an answer, in milliseconds. */
const patience = 30_000;

interface Slow {
  /** Milliseconds for each page; a page has at most ten items. */
  list: number;
  changes: number;
}

/** A program whose mailboxes take their time, by the clock of the test. */
async function slowly(slow: Slow): Promise<Engine> {
  const take = (ms: number) => ms === 0 ? Promise.resolve() : app.clock.tick(ms);
  const page = (limit: number) => Math.min(limit, 10);
  const app: Engine = await engine({
    wrap: (mailbox: Mailbox) =>
      altered(mailbox, {
        async list(folder, from, limit) {
          await take(slow.list);
          return await mailbox.list(folder, from, page(limit));
        },
        async changes(folder, since, limit) {
          await take(slow.changes);
          return await mailbox.changes(folder, since, page(limit));
        },
      }),
  });
  return app;
}

const many = (app: Engine, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => app.arrives(`mail ${n}`, { age: n * 1000 })));

/** Syncs until there is no more; the times that the answers took. */
async function times(app: Engine, phone: Awaited<ReturnType<Engine["phone"]>>): Promise<number[]> {
  const took: number[] = [];
  do {
    const begun = app.clock.now();
    await phone.sync([app.inbox]);
    took.push(app.clock.now() - begun);
    assert.ok(took.length < 50, "it comes to an end");
  } while (phone.collection(app.inbox).moreAvailable);
  return took;
}

test("a folder that is listed slowly comes in answers that are in time, and comes whole", async () => {
  const slow = { list: 0, changes: 0 };
  const app = await slowly(slow);
  await many(app, 100);
  const phone = await app.phone({ windowSize: 512 });
  await phone.sync([app.inbox]);
  slow.list = 6000;
  const took = await times(app, phone);
  assert.ok(took.length > 1, "one answer would have taken a minute");
  assert.ok(took.every((ms) => ms < patience), `answers took ${took.join(", ")} ms`);
  assert.equal(phone.collection(app.inbox).items.size, 100);
  assert.deepEqual(phone.collection(app.inbox).anomalies, []);
  await app.stop();
});

test("changes that are found slowly come in answers that are in time, none twice", async () => {
  const slow = { list: 0, changes: 0 };
  const app = await slowly(slow);
  const phone = await app.phone({ windowSize: 512 });
  await phone.syncAll(app.inbox);
  const ids = await many(app, 80);
  await app.mailbox().mark(ids[3]!, { read: true }, elsewhere());
  slow.changes = 7000;
  const took = await times(app, phone);
  assert.ok(took.length > 1);
  assert.ok(took.every((ms) => ms < patience), `answers took ${took.join(", ")} ms`);
  slow.changes = 0;
  await phone.syncAll(app.inbox);
  assert.equal(subjects(phone, app.inbox).length, 80);
  assert.deepEqual(phone.collection(app.inbox).anomalies, []);
  await app.stop();
});

test("a store that is slower than any patience brings a device further with each answer", async () => {
  const slow = { list: 0, changes: 0 };
  const app = await slowly(slow);
  await many(app, 30);
  const phone = await app.phone({ windowSize: 512 });
  await phone.sync([app.inbox]);
  [slow.list, slow.changes] = [40_000, 40_000];
  const sizes: number[] = [];
  do {
    await phone.sync([app.inbox]);
    sizes.push(phone.collection(app.inbox).items.size);
    assert.ok(sizes.length < 20, `${sizes}`);
  } while (phone.collection(app.inbox).moreAvailable);
  assert.deepEqual(sizes.slice(0, 3), [10, 20, 30]);
  await app.stop();
});

/** The Sync of the inbox with that key, as a phone posts it. */
const syncOf = (app: Engine, key: string): Element =>
  el(
    "AirSync:Sync",
    el(
      "AirSync:Collections",
      el(
        "AirSync:Collection",
        el("AirSync:SyncKey", key),
        el("AirSync:CollectionId", app.inbox),
      ),
    ),
  );

test("the first bytes leave after a second, the items as they are read", async () => {
  let gates = [deferred<void>(), deferred<void>()];
  const app: Engine = await engine({
    wrap: (mailbox: Mailbox) =>
      altered(mailbox, {
        async *read(items, want) {
          let index = 0;
          for await (const item of mailbox.read(items, want)) {
            await gates[index++]?.promise;
            yield item;
          }
        },
      }),
  });
  await app.arrives("first");
  await app.arrives("second", { age: 1000 });
  const ask = (key: string) => app.fetch(easRequest("Sync", { body: syncOf(app, key) }));
  const primed = decode(new Uint8Array(await (await ask("0")).arrayBuffer()));
  const collection = primed.child("AirSync:Collections")!.child("AirSync:Collection")!;
  const asking = ask(collection.textOf("AirSync:SyncKey")!);
  for (let turn = 0; turn < 20; turn++) await settle();
  await app.clock.tick(1000);
  const response = await asking;
  assert.equal(response.headers.get("Content-Length"), null);
  const reader = response.body!.getReader();
  const text = async () => new TextDecoder("latin1").decode((await reader.read()).value);
  const begun = await text();
  assert.ok(begun.includes(app.inbox) && !begun.includes("first"));
  gates[0]!.resolve();
  const next = text();
  for (let turn = 0; turn < 20; turn++) await settle();
  await app.clock.tick(1000);
  const item = await next;
  assert.ok(item.includes("first") && !item.includes("second"));
  gates[1]!.resolve();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    rest += new TextDecoder("latin1").decode(part.value);
  }
  assert.ok(rest.includes("second"));
  gates = [];
  assert.equal(app.clock.pending, 0, "no timer is left");
  await app.stop();
});

test("a client that goes away while items are read ends the reading", async () => {
  const gate = deferred<void>();
  let ended = false;
  const app: Engine = await engine({
    wrap: (mailbox: Mailbox) =>
      altered(mailbox, {
        async *read(items, want) {
          try {
            for await (const item of mailbox.read(items, want)) {
              await gate.promise;
              yield item;
            }
          } finally {
            ended = true;
          }
        },
      }),
  });
  for (const subject of ["one", "two"]) await app.arrives(subject);
  const ask = (key: string) => app.fetch(easRequest("Sync", { body: syncOf(app, key) }));
  const primed = decode(new Uint8Array(await (await ask("0")).arrayBuffer()));
  const collection = primed.child("AirSync:Collections")!.child("AirSync:Collection")!;
  const asking = ask(collection.textOf("AirSync:SyncKey")!);
  for (let turn = 0; turn < 20; turn++) await settle();
  await app.clock.tick(1000);
  const response = await asking;
  const reader = response.body!.getReader();
  await reader.read();
  const leaving = reader.cancel();
  gate.resolve();
  await leaving;
  for (let turn = 0; turn < 20; turn++) await settle();
  assert.equal(ended, true);
  assert.equal(app.clock.pending, 0);
  await app.stop();
});
