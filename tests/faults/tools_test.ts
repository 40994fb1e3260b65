// The tools of the play: scenarios from seeds, the power, the clock, and the cutting down of failures.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { broken } from "./broken.ts";
import { jumpingClock } from "./clock.ts";
import { type Machine, machine, type MachineOptions } from "./machine.ts";
import { play } from "./play.ts";
import { Power, PowerCut } from "./power.ts";
import { countOps, type Op, scenario } from "./scenario.ts";
import { script, shrink } from "./shrink.ts";

describe("scenario()", () => {
  it("is the same for the same seed, and plain data", () => {
    const plan = scenario({ seed: 7, operations: 300 });
    assert.deepEqual(scenario({ seed: 7, operations: 300 }), plan);
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
    assert.notDeepEqual(scenario({ seed: 8, operations: 300 }).ops, plan.ops);
  });

  it("has every operation and every fault, and ends with a rest", () => {
    const { ops } = scenario({ seed: 1, operations: 3000 });
    const all = ops.flatMap((op): readonly Op[] => op.op === "together" ? [op, ...op.ops] : [op]);
    assert.equal(countOps(ops), all.length - ops.filter(({ op }) => op === "together").length);
    assert.equal(new Set(all.map(({ op }) => op)).size, 19);
    const faults = all.flatMap((op) => "fault" in op && op.fault ? Object.keys(op.fault) : []);
    assert.deepEqual(
      [...new Set(faults)].sort(),
      ["answer", "at", "power", "request", "trouble", "twin"],
    );
    assert.equal(ops.at(-1)?.op, "rest");
  });
});

describe("the power", () => {
  const table = async () => {
    const disk = await openSqlite(":memory:");
    await disk.run("CREATE TABLE t (x)");
    return disk;
  };
  const count = async (disk: Awaited<ReturnType<typeof table>>) =>
    (await disk.all<{ n: number }>("SELECT count(*) AS n FROM t"))[0]!.n;

  it("goes before a statement, or after it was written", async () => {
    for (const written of [false, true]) {
      const disk = await table();
      const power = new Power();
      const db = power.supply(disk);
      power.cutAfter({ after: 1, written });
      await db.run("INSERT INTO t VALUES (1)");
      await assert.rejects(db.run("INSERT INTO t VALUES (2)"), PowerCut);
      await assert.rejects(db.all("SELECT 1"), PowerCut);
      assert.equal(power.on, false);
      assert.equal(await count(disk), written ? 2 : 1);
      await disk.close();
    }
  });

  it("takes a transaction with it, unless it was committed", async () => {
    for (const [after, left] of [[0, 0], [1, 0], [2, 0], [3, 1]] as const) {
      const disk = await table();
      const power = new Power();
      power.cutAfter({ after, written: false });
      const done = power.supply(disk).transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        return (await tx.all("SELECT 1")).length;
      });
      if (left) assert.equal(await done, 1);
      else await assert.rejects(done, PowerCut);
      assert.equal(await count(disk), left, `cut after ${after}`);
      await disk.close();
    }
  });

  it("may fail one statement and stay on", async () => {
    const disk = await table();
    const power = new Power();
    const db = power.supply(disk);
    power.troubleAfter(0);
    await assert.rejects(db.run("INSERT INTO t VALUES (1)"), { name: "StorageError" });
    await db.run("INSERT INTO t VALUES (1)");
    assert.deepEqual([power.on, power.troubles, await count(disk)], [true, 1, 1]);
    await disk.close();
  });
});

describe("the clock", () => {
  it("runs each timer once, however far it jumps, and none of a life that ended", async () => {
    const clock = jumpingClock();
    const ran: string[] = [];
    const life = clock.life();
    const again = () => void life.clock.after(1000, () => (ran.push("tick"), again()));
    again();
    life.clock.after(500, () => ran.push("early"));
    life.clock.after(2000, () => ran.push("called off"))();
    await clock.jump(10_000);
    assert.deepEqual(ran, ["early", "tick"]);
    life.end();
    await clock.jump(10_000);
    assert.deepEqual(ran, ["early", "tick"]);
  });
});

describe("shrink()", () => {
  it("finds a short script that still fails", async () => {
    const sabotage = broken["drops tombstones"]!;
    const plan = scenario({ seed: 0, operations: 120, wild: true });
    const failure = await play(plan, { sabotage });
    assert.ok(failure);
    const short = await shrink(plan, failure, { sabotage, seconds: 30 });
    assert.ok(short.scenario.ops.length <= 12, script(short.scenario));
    assert.ok(await play(short.scenario, { sabotage }));
    assert.equal(await play(short.scenario), undefined);
    assert.match(script(short.scenario), /"op":"rest"/);
  });

  it("plays each script several times where a fault shows only now and then", async () => {
    let plays = 0;
    const machineWith = async (options: MachineOptions) => {
      const server = await machine(options);
      const shows = ++plays % 10 === 0;
      const jump = async (ms: number) => {
        if (shows && ms === 7) throw new Error("It shows");
        await server.jump(ms);
      };
      const get = (_: Machine, name: string | symbol) =>
        name === "jump" ? jump : Reflect.get(server, name);
      return new Proxy(server, { get });
    };
    const ops = [1, 7].map((ms): Op => ({ op: "pass", ms }));
    const plan = { ...scenario({ seed: 0, operations: 0 }), ops };
    const failure = { at: 1, message: "It showed" };
    const often = await shrink(plan, failure, { machine: machineWith, tries: 10 });
    assert.deepEqual(often.scenario.ops, [{ op: "pass", ms: 7 }]);
    assert.match(often.failure.message, /It shows/);
  });
});
