// Many answers to one key: the device goes on from the one that it has, whichever that is.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { migrate } from "../../core/migrate.ts";
import type { Storage } from "../../core/mod.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { fakeClock } from "../../tests/kit.ts";
import { asking, collection, device, held, next } from "../../tests/kit_state.ts";
import { Outdated, type SyncState } from "../eas/api.ts";
import plugin from "./plugin.ts";
import { smartsync } from "./state.ts";

describe("an answer that another took the place of", () => {
  let db: Storage;
  let state: SyncState;
  /** The key that was repeated; the first answer to it; the second. */
  let base: string, first: string, second: string;

  const { open, isUnknown, items } = asking(() => state);

  beforeEach(async () => {
    db = await openSqlite(":memory:");
    await migrate(db, [plugin], fakeClock());
    state = smartsync(db, fakeClock());
    base = await (await open("0")).commit(next({ held: [held("x"), held("w")], state: "base" }));
    const session = await open(base);
    first = await session.commit(next({
      state: "first",
      held: [held("y"), held("w", "2")],
      gone: ["x"],
    }));
    second = await (await open(base)).commit(next({ state: "second", held: [held("z")] }));
  });
  afterEach(() => db.close());

  it("is there again where the device has that one", async () => {
    const session = await open(first);
    assert.equal(session.state, "first");
    assert.equal(session.lost, undefined);
    assert.deepEqual(await items(session), ["w2", "y1"]);
    assert.equal(await isUnknown(second), true, "the other one never arrived");
    const third = await session.commit(next({ held: [held("v")] }));
    assert.deepEqual(await items(await open(third)), ["v1", "w2", "y1"]);
    assert.deepEqual(await items(await open(first)), ["w2", "y1"]);
    assert.equal(await isUnknown(base), true);
  });

  it("is forgotten where the device has the later one", async () => {
    assert.deepEqual(await items(await open(second)), ["w1", "x1", "z1"]);
    assert.equal(await isUnknown(first), true);
    assert.deepEqual(await db.all("SELECT 1 FROM smartsync_copy WHERE spares IS NOT NULL"), []);
  });

  it("stays where the device repeats the key before both", async () => {
    const again = await open(base);
    assert.equal(again.lost?.key, second);
    assert.deepEqual(await items(again), ["w1", "x1"]);
    assert.equal(await isUnknown(first), false);
  });

  it("stays beside others, in the order in which they were made", async () => {
    const third = await (await open(base)).commit(next({ held: [held("v")] }));
    const again = await open(base);
    assert.equal(again.lost?.key, third);
    assert.deepEqual(again.earlier.map(({ key, state }) => [key, state]), [
      [second, "second"],
      [first, "first"],
    ]);
    const look = (await state.look(device, [collection])).get(collection)!;
    assert.deepEqual(look.keys, [third, base, second, first]);
    assert.deepEqual(await items(await open(first)), ["w2", "y1"]);
    assert.equal(await isUnknown(second), true);
    assert.equal(await isUnknown(third), true);
  });

  it("can be sent again, with what has changed since", async () => {
    const again = await open(base);
    assert.deepEqual(again.earlier, [{
      key: first,
      state: "first",
      held: [held("y"), held("w", "2")],
      gone: ["x"],
    }]);
    await again.amend([held("y", "?")], first);
    const { lost } = await open(base);
    assert.deepEqual([lost?.key, lost?.held, lost?.times], [second, [held("z")], 3]);
    await assert.rejects(again.amend([], first), Outdated);
    assert.deepEqual(await items(await open(first)), ["w2", "y?"]);
  });

  it("is not sent again where a command ran since, but the device may have it", async () => {
    const journal = [{ id: "add:1", record: "{}" }];
    const third = await (await open(base)).commit(next({ journal }));
    assert.deepEqual((await open(base)).earlier, []);
    await (await open(base)).commit(next({ held: [held("v")] }));
    assert.deepEqual((await open(base)).earlier.map(({ key }) => key), [third]);
    assert.deepEqual(await items(await open(first)), ["w2", "y1"]);
  });

  it("is forgotten when there are too many after it", async () => {
    for (let n = 0; n < 7; n++) await (await open(base)).commit(next({}));
    assert.equal((await open(base)).earlier.length, 8);
    assert.equal((await open(base)).earlier.at(-1)?.key, first);
    await (await open(base)).commit(next({}));
    assert.equal((await open(base)).earlier.length, 8);
    assert.equal(await isUnknown(first), true);
    assert.equal(await isUnknown(second), false);
  });

  it("makes a look count neither, until it is settled", async () => {
    const look = async () => (await state.look(device, [collection])).get(collection)!;
    const unsettled = await look();
    assert.deepEqual(unsettled.keys, [second, base, first]);
    assert.equal(unsettled.state, "base");
    assert.deepEqual([...(await unsettled.held(["w", "x", "y", "z"])).keys()].sort(), ["w", "x"]);
    await open(second);
    assert.equal((await look()).state, "second");
    assert.deepEqual((await look()).keys, [second, base]);
  });

  it("is settled by one process only", async () => {
    const outcomes = await Promise.allSettled([open(first), open(second)]);
    const failed = outcomes.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    assert.equal(failed.length, 1);
    assert.ok(failed[0] instanceof Outdated, String(failed[0]));
  });

  it("keeps what the repeated key's journal holds", async () => {
    const session = await open(second);
    const third = await session.commit(next({ journal: [{ id: "a", record: "1" }] }));
    await (await open(second)).commit(next({ journal: [{ id: "b", record: "2" }] }));
    assert.deepEqual([...(await open(second)).journal.keys()].sort(), ["a", "b"]);
    await open(third);
    assert.deepEqual([...(await open(second)).journal.keys()].sort(), ["a", "b"]);
  });
});

describe("look()", () => {
  it("goes by the copy that the device uses, not by one that a late key 0 made", async () => {
    const db = await openSqlite(":memory:");
    await migrate(db, [plugin], fakeClock());
    const state = smartsync(db, fakeClock());
    const open = async (key: string) =>
      (await state.open(device, [{ collection, key }])).get(collection)!;
    const one = await (await open("0")).commit(next({ state: "primed" }));
    const two = await (await open(one)).commit(next({ state: "used", held: [held("x")] }));
    const late = await (await open("0")).commit(next({ state: "late" }));
    const look = (await state.look(device, [collection])).get(collection)!;
    assert.deepEqual([look.state, look.keys], ["used", [two, one, late]]);
    await db.close();
  });
});
