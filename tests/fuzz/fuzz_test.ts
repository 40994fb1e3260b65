// Each fuzzer for a few seconds, and the messages of tests/corpus in every version.
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Phone } from "../../plugins/eas/client/mod.ts";
import { versions } from "../../plugins/eas/versions.ts";
import { jumpingClock } from "../faults/clock.ts";
import { seededRandom } from "../kit.ts";
import { altered } from "../kit_eas.ts";
import { fuzz } from "./fuzz.ts";
import { comesThrough, corpus, fuzzers } from "./fuzzers.ts";
import { damaged } from "./messages.ts";
import { place, target as makeTarget, watched } from "./target.ts";

describe("whatever comes, there is an answer:", () => {
  for (const [name, fuzzer] of Object.entries(fuzzers)) {
    it(name, async () => {
      const { rounds, answers } = await fuzz(name, fuzzer, makeTarget, {
        seed: 1,
        seconds: 3,
        rounds: 2000,
      });
      assert.ok(rounds >= 20, `only ${rounds} rounds`);
      // What is refused at the door tests nothing behind it.
      const all = [...answers.values()].reduce((sum, times) => sum + times, 0);
      const through = (answers.get(200) ?? 0) / all;
      assert.ok(through > (name === "queries" ? 0.01 : 0.3), `${through} came through`);
    });
  }
});

describe("every message that can be stored can be synced and fetched, in every version:", () => {
  const random = seededRandom(20260301);
  for (const [name, mime] of corpus) {
    it(name, async () => {
      const target = await makeTarget();
      try {
        await comesThrough(target, mime, versions, name);
        for (let n = 0; n < 4; n++) {
          await comesThrough(target, damaged(random, mime), versions, `${name} ${n}`);
        }
      } finally {
        await target.end();
      }
    });
  }
});

describe("the fuzzing itself notices", () => {
  const request = new Request(`${place}?Cmd=Sync&User=anna&DeviceId=A&DeviceType=B`);
  const finds = (send: (logged: string[]) => Promise<Response>, what: RegExp) => {
    const logged: string[] = [];
    return assert.rejects(watched(request, () => send(logged), jumpingClock(), logged, 300), what);
  };

  it("HTTP 500", () => finds(async () => new Response(null, { status: 500 }), /HTTP 500/));

  it("a failure that only the log tells of", () =>
    finds(async (logged) => {
      logged.push('{"level":"error","msg":"a request failed"}');
      return new Response(null, { status: 503 });
    }, /a request failed/));

  it("a request that works too long", () =>
    finds(async () => {
      // Both, as it is measured: tests beside this one use the processor time of the same process.
      const [begun, used] = [performance.now(), process.cpuUsage()];
      while (performance.now() - begun < 1200 || process.cpuUsage(used).user < 1_200_000) {
        Math.random();
      }
      return new Response();
    }, /it took \d{4,} ms/));

  it("a request that never ends", () =>
    finds(() => new Promise(() => {}), /there is no answer after 300 ms/));

  it("a message that a phone does not get", async () => {
    const target = await makeTarget();
    try {
      // It stands before the filter of the phone.
      const mailbox = altered(target.mailbox, {
        create: (folder, item, token) => target.mailbox.create(folder, { ...item, date: 0 }, token),
      });
      const narrow = new Map(
        [[
          "16.1",
          new Phone(target.phones.get("16.1")!.client, {
            options: { filter: 1 },
          }),
        ]] as const,
      );
      await assert.rejects(
        comesThrough(
          { ...target, mailbox, phones: narrow },
          corpus.get("bounce.eml")!,
          ["16.1"],
          "a",
        ),
        /16\.1 did not get it/,
      );
    } finally {
      await target.end();
    }
  });

  it("names the round that finds it again", () =>
    assert.rejects(
      fuzz(
        "x",
        async (random) => {
          if (random() > 0) throw new Error("found");
        },
        makeTarget,
        { seed: 7, rounds: 5 },
      ),
      /x, round 7: .*found.*--only x --seed 7/s,
    ));
});
