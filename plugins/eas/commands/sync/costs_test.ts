// What a Sync costs follows what changed, not what the folder holds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Database, Storage } from "../../../../core/mod.ts";
import { openSqlite } from "../../../../storage/sqlite/mod.ts";
import { altered } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine } from "../../../../tests/kit_sync.ts";
import type { Phone } from "../../client/mod.ts";

/** Statements of the engine's memory, and what it asked of the mailbox, since the last look. */
class Bill {
  statements: string[] = [];
  calls: string[] = [];
  items = 0;

  storage(inner: Storage): Storage {
    const counted = (db: Database): Database =>
      new Proxy(db, {
        get: (target, name) => {
          if (name === "transaction") {
            return (work: (tx: Database) => Promise<unknown>) =>
              target.transaction((tx) => work(counted(tx)));
          }
          const value = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          return (...given: unknown[]) => {
            if (String(given[0]).includes("smartsync_")) this.statements.push(String(given[0]));
            return value.apply(target, given);
          };
        },
      });
    return counted(inner) as Storage;
  }

  async of(work: () => Promise<unknown>): Promise<Bill> {
    this.statements = [];
    this.calls = [];
    this.items = 0;
    await work();
    return this;
  }

  get writes(): number {
    return this.statements.filter((sql) => !sql.startsWith("SELECT")).length;
  }
}

async function setting(count: number) {
  const bill = new Bill();
  const storage = await openSqlite(":memory:");
  const app = await engine({
    storage: bill.storage(storage),
    wrap: (inner) =>
      altered(inner, {
        async changes(folder, since, limit) {
          bill.calls.push("changes");
          const page = await inner.changes(folder, since, limit);
          bill.items += page.changes.length;
          return page;
        },
        async list(folder, from, limit) {
          bill.calls.push("list");
          const page = await inner.list(folder, from, limit);
          bill.items += page.items.length;
          return page;
        },
        async *read(items, want) {
          bill.calls.push("read");
          bill.items += items.length;
          yield* inner.read(items, want);
        },
      }),
  });
  for (let n = 0; n < count; n++) await app.arrives(`mail ${n}`, { age: n * 1000 });
  const phone = await app.phone({ windowSize: 50 });
  await phone.syncAll(app.inbox);
  // Each new key is kept once with the request, for requests that lean on it.
  await phone.sync([app.inbox]);
  const end = async () => {
    await app.stop();
    await storage.close();
  };
  return { bill, app, phone, end };
}

const sums = ({ statements, writes, calls, items }: Bill) => ({
  statements: statements.length,
  writes,
  calls: [...calls],
  items,
});

/** The same work in a folder with few and with many mails. */
async function measured(work: (app: Engine, phone: Phone) => Promise<unknown>) {
  const bills = [];
  for (const count of [60, 700]) {
    const { bill, app, phone, end } = await setting(count);
    bills.push(sums(await bill.of(() => work(app, phone))));
    await end();
  }
  assert.deepEqual(bills[0], bills[1], "the folder's size does not matter");
  return bills[0]!;
}

describe("a Sync", () => {
  it("without change costs three reads and no write", async () => {
    const cost = await measured((app, phone) => phone.sync([app.inbox]));
    assert.deepEqual(cost, { statements: 3, writes: 0, calls: ["changes"], items: 0 });
  });

  it("with one change costs what one change costs", async () => {
    const cost = await measured(async (app, phone) => {
      await app.arrives("new");
      await phone.sync([app.inbox]);
    });
    assert.deepEqual([cost.calls, cost.items], [["changes", "read"], 2]);
    assert.ok(cost.statements <= 10, `${cost.statements} statements`);
  });

  it("under a filter looks for what slid out of it once an hour, by its date", async () => {
    const { bill, app, phone, end } = await setting(60);
    const options = { filter: 3 };
    const ask = async () => {
      const { key } = phone.collection(app.inbox);
      const reply = await phone.client.sync({ collections: [{ id: app.inbox, key, options }] });
      phone.collection(app.inbox).key = reply.collections[0]?.key ?? key;
    };
    await ask();
    const quiet = sums(await bill.of(ask));
    assert.deepEqual([quiet.statements, quiet.writes, quiet.items], [3, 0, 0]);
    await app.clock.tick(3_600_000);
    const hourly = sums(await bill.of(ask));
    assert.deepEqual([hourly.statements, hourly.writes, hourly.items], [5, 1, 0]);
    await end();
  });

  it("that runs into many changes of no concern looks at them once", async () => {
    const { bill, app, phone, end } = await setting(60);
    const ids = [...phone.collection(app.inbox).items.keys()];
    for (const id of ids) {
      await app.mailbox().mark(id, { read: true }, elsewhere());
      await app.mailbox().mark(id, { read: false }, elsewhere());
    }
    const first = sums(await bill.of(() => phone.sync([app.inbox])));
    assert.deepEqual([first.items, first.writes], [60, 1]);
    const second = sums(await bill.of(() => phone.sync([app.inbox])));
    assert.deepEqual([second.items, second.writes], [0, 0]);
    await end();
  });

  it("of many folders finds them all in two reads", async () => {
    const { bill, phone, end } = await setting(60);
    const folders = phone.mailFolders().map(({ id }) => id);
    for (const id of folders) await phone.syncAll(id);
    // The first time, the request itself is kept for later ones that lean on it.
    await phone.sync(folders);
    const cost = sums(await bill.of(() => phone.sync(folders)));
    assert.deepEqual([cost.statements, cost.writes], [3, 0]);
    assert.equal(cost.calls.length, folders.length);
    await end();
  });

  it("of a first window writes that window only", async () => {
    const { app, bill, end } = await setting(60);
    const other = await app.phone({ id: "OTHER", windowSize: 20 });
    await other.sync([app.inbox]);
    const cost = sums(await bill.of(() => other.sync([app.inbox])));
    assert.deepEqual([cost.calls, cost.items], [["changes", "list", "read"], 40]);
    const rows = await app.db.all(
      `SELECT item FROM smartsync_item i JOIN smartsync_copy c ON c.id = i.copy
         WHERE c.device = 'OTHER' AND c.collection = ?`,
      [app.inbox],
    );
    assert.equal(rows.length, 20);
    await end();
  });
});
