// What the embedded store promises beyond the port: it survives a kill, and cleans up behind itself.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../../../core/log.ts";
import { type Database, StorageError, Unavailable } from "../../../../core/mod.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { runScript } from "../../../../tests/child.ts";
import {
  account,
  allFolders,
  bytes,
  inPieces,
  listAll,
  message,
  put,
  readAll,
  token,
} from "../../../../tests/conformance/mailbox_kit.ts";
import { type FakeClock, fakeClock, withTempDir } from "../../../../tests/kit.ts";
import { Forgotten } from "../../api.ts";
import { dropAccount, housekeeping, localBackend, migrations, tidy } from "./mod.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Opened {
  readonly db: Database;
  readonly clock: FakeClock;
  readonly backend: ReturnType<typeof localBackend>;
  readonly box: ReturnType<ReturnType<typeof localBackend>["open"]>;
  readonly inbox: string;
  readonly trash: string;
}

async function withStore(work: (store: Opened) => Promise<void>): Promise<void> {
  const db = await openStorage(":memory:");
  for (const sql of migrations.flatMap(({ up }) => up)) await db.run(sql);
  const clock = fakeClock();
  const backend = localBackend({ db, clock, log: silentLog });
  const box = backend.open(account(1));
  const folders = await allFolders(box);
  const id = (role: string) => folders.find((folder) => folder.role === role)!.id;
  await work({ db, clock, backend, box, inbox: id("inbox"), trash: id("trash") });
  await db.close();
}

async function rows(db: Database, table: string): Promise<number> {
  const [row] = await db.all<{ n: number }>(`SELECT count(*) AS n FROM mailbox_${table}`);
  return row!.n;
}

const large = (subject: string) =>
  Buffer.concat([message(subject), Buffer.alloc(700_000, "x\r\n")]);

test("a process that is killed loses nothing it acknowledged, and a repeat doubles nothing", () =>
  withTempDir(async (dir) => {
    const file = join(dir, "mail.db");
    const script = new URL("../../../../tests/conformance/mailbox_writer.ts", import.meta.url);
    const db = await openStorage(file);
    for (const sql of migrations.flatMap(({ up }) => up)) await db.run(sql);
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const child = runScript(fileURLToPath(script), [file, String(round)]);
      await child.saw(new RegExp(`^${round}-${5 + round}$`, "m"));
      child.process.kill("SIGKILL");
      assert.equal(await child.ended, "SIGKILL");
      acknowledged.push(...child.stdout.trim().split("\n"));
    }
    const clock = fakeClock(Date.now());
    const box = localBackend({ db, clock, log: silentLog }).open(account(1));
    const inbox = (await allFolders(box)).find(({ role }) => role === "inbox")!.id;
    const items = await listAll(box, inbox, 100);
    assert.equal(await box.count(inbox, {}), items.length);
    const read = await readAll(box, items.map(({ id }) => id));
    const found = read.map(({ mail }) => mail!.subject);
    assert.equal(new Set(found).size, found.length, "none twice");
    for (const each of acknowledged) {
      assert.ok(found.includes(each), `${each} is there`);
      await box.create(inbox, { mime: message(each) }, each);
    }
    assert.equal((await listAll(box, inbox, 100)).length, items.length);
    for (const { id, mail } of read) assert.equal((await bytes(box, id, "")).length, mail!.size);

    await tidy(db, clock.now() + DAY);
    const [left] = await db.all(
      "SELECT (SELECT count(*) FROM mailbox_message WHERE facts IS NULL) AS half, " +
        "(SELECT count(*) FROM mailbox_chunk c WHERE NOT EXISTS " +
        "(SELECT 1 FROM mailbox_message m WHERE m.id = c.id / 65536)) AS lost",
    );
    assert.deepEqual(left, { half: 0, lost: 0 });
    assert.deepEqual(await db.all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
    await db.close();
  }));

test("a message goes with its last copy, and not before", () =>
  withStore(async ({ db, clock, backend, box }) => {
    await backend.deliver(inPieces(large("shared"), [65_536]), [account(1), account(2)], "one");
    assert.deepEqual([await rows(db, "message"), await rows(db, "chunk")], [1, 3]);
    const other = backend.open(account(2));
    for (const each of [box, other]) {
      const inbox = (await allFolders(each)).find(({ role }) => role === "inbox")!.id;
      const [item] = await listAll(each, inbox);
      assert.equal((await bytes(each, item!.id, "")).length, large("shared").length);
      await each.remove(item!.id, token());
      await tidy(db, clock.now());
      assert.equal(await rows(db, "message"), 1, "a reader may still be at it");
      await clock.tick(7 * HOUR);
      await tidy(db, clock.now());
    }
    for (const table of ["message", "chunk", "orphan"]) {
      assert.equal(await rows(db, table), 0, table);
    }
  }));

test("what arrived in part only, or twice with one token, is removed by and by", () =>
  withStore(async ({ db, clock, box, inbox }) => {
    async function* broken() {
      yield large("half");
      await Promise.resolve();
      throw new Error("connection lost");
    }
    await assert.rejects(box.create(inbox, { mime: broken() }, "half"));
    await Promise.all([1, 2].map(() => box.create(inbox, { mime: large("twice") }, "twice")));
    assert.equal((await listAll(box, inbox)).length, 1);
    assert.ok(await rows(db, "message") > 1);
    await clock.tick(5 * HOUR);
    await tidy(db, clock.now());
    assert.ok(await rows(db, "message") > 1, "it may still arrive");
    await clock.tick(2 * HOUR);
    await tidy(db, clock.now());
    assert.deepEqual([await rows(db, "message"), await rows(db, "chunk")], [1, 3]);
    const [item] = await listAll(box, inbox);
    assert.equal((await bytes(box, item!.id, "")).length, large("twice").length);
  }));

test("a removed folder's messages go, those that are elsewhere too stay", () =>
  withStore(async ({ db, clock, box, inbox }) => {
    const place = { name: "Old", parent: undefined, class: "mail" as const };
    const { id } = await box.createFolder(place, token());
    for (let n = 0; n < 5; n++) await put(box, id, `old ${n}`);
    await put(box, inbox, "new");
    await box.removeFolder(id);
    await clock.tick(7 * HOUR);
    await tidy(db, clock.now());
    assert.deepEqual([await rows(db, "message"), await rows(db, "item")], [1, 1]);
  }));

test("tokens are remembered for 14 days and then forgotten", () =>
  withStore(async ({ db, clock, box, inbox }) => {
    const made = await box.create(inbox, { mime: message("kept") }, "mine");
    await clock.tick(14 * DAY);
    await tidy(db, clock.now());
    assert.deepEqual(await box.create(inbox, { mime: message("kept") }, "mine"), made);
    await clock.tick(2 * DAY);
    await tidy(db, clock.now());
    assert.equal(await rows(db, "token"), 0);
  }));

test("a cursor is forgotten with the removals after it, and only then", () =>
  withStore(async ({ db, clock, box, inbox }) => {
    const made = await put(box, inbox, "short");
    const before = (await box.changes(inbox, undefined, 10)).cursor;
    await box.remove(made.id, token());
    const after = (await box.changes(inbox, undefined, 10)).cursor;
    await clock.tick(80 * DAY);
    await tidy(db, clock.now());
    assert.equal((await box.changes(inbox, before, 10)).changes.length, 1);
    await clock.tick(20 * DAY);
    await tidy(db, clock.now());
    assert.equal(await rows(db, "gone"), 0);
    await assert.rejects(box.changes(inbox, before, 10), Forgotten);
    await put(box, inbox, "later");
    assert.equal((await box.changes(inbox, after, 10)).changes.length, 1);
  }));

test("a cursor of another history is forgotten, never misunderstood", () =>
  withStore(async ({ box, inbox }) => {
    await put(box, inbox, "here");
    for (const cursor of ["999999999", "-1", "1.5", "imap:7", "", "0x10", "1e3"]) {
      await assert.rejects(box.changes(inbox, cursor, 10), Forgotten, cursor);
    }
  }));

test("a deleted account leaves nothing, and others keep theirs", () =>
  withStore(async ({ db, clock, backend }) => {
    await backend.deliver(inPieces(message("both")), [account(1), account(2)], "letter");
    await backend.deliver(inPieces(message("one")), [account(2)], "letter 2");
    await dropAccount(db, 2, clock.now());
    await clock.tick(7 * HOUR);
    await tidy(db, clock.now());
    const [mine] = await db.all(
      "SELECT (SELECT count(*) FROM mailbox_folder WHERE account = 2) AS folders, " +
        "(SELECT count(*) FROM mailbox_token WHERE account = 2) AS tokens, " +
        "(SELECT count(*) FROM mailbox_thread WHERE account = 2) AS threads",
    );
    assert.deepEqual(mine, { folders: 0, tokens: 0, threads: 0 });
    assert.deepEqual([await rows(db, "message"), await rows(db, "item")], [1, 1]);
  }));

test("housekeeping goes on hour by hour until it is told to stop", () =>
  withStore(async ({ db, clock, box, inbox }) => {
    await box.create(inbox, { mime: message("kept") }, "old");
    await clock.tick(16 * DAY - 30 * 60_000);
    const ending = new AbortController();
    const task = housekeeping({ db, clock, log: silentLog });
    const running = task.run(ending.signal);
    while (await rows(db, "token")) await clock.tick(0);
    await box.create(inbox, { mime: message("kept") }, "newer");
    await clock.tick(16 * DAY);
    while (await rows(db, "token")) await clock.tick(HOUR);
    ending.abort();
    await running;
    assert.equal(clock.pending, 0);
  }));

test("storage that cannot answer now is unavailable, and damaged storage is not", () =>
  withStore(async ({ db, clock, inbox }) => {
    let trouble: StorageError | undefined;
    const troubled: Database = {
      ...db,
      all: async (sql, values) => {
        if (trouble) throw trouble;
        return await db.all(sql, values);
      },
      run: (sql, values) => db.run(sql, values),
      transaction: (work) => trouble ? Promise.reject(trouble) : db.transaction(work),
    };
    const box = localBackend({ db: troubled, clock, log: silentLog }).open(account(1));
    const item = { mime: message("later") };
    for (const kind of ["busy", "unreachable", "full", "readonly"] as const) {
      trouble = new StorageError(kind, "secret://address");
      const unavailable = (error: unknown) =>
        error instanceof Unavailable && error.retryAfter > 0 && !error.message.includes("secret");
      await assert.rejects(box.list(inbox, {}, 1), unavailable, kind);
      await assert.rejects(box.create(inbox, item, "again"), unavailable, kind);
      await assert.rejects(readAll(box, [`${inbox}:1`]), unavailable, kind);
    }
    trouble = new StorageError("corrupt", "damaged");
    await assert.rejects(box.list(inbox, {}, 1), StorageError);
    trouble = undefined;
    await box.create(inbox, item, "again");
    assert.equal((await listAll(box, inbox)).length, 1);
  }));
