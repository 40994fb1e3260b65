// The play in the suite: 2,000 operations come through clean, and every broken engine is caught.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { needs } from "../needs.ts";
import { startDovecot } from "../servers/dovecot.ts";
import { dovecotPresent } from "../servers/present.ts";
import { broken, brokenTalks, withoutBrake } from "./broken.ts";
import { type BrokenGateway, brokenGateways } from "./broken_gateways.ts";
import { gatewayTo } from "./gateway.ts";
import type { Machine } from "./machine.ts";
import { killed } from "./killed.ts";
import { play } from "./play.ts";
import { countOps, scenario } from "./scenario.ts";
import { script, shrink } from "./shrink.ts";
import { openUpstream, playedDovecot, type Upstream } from "./upstream.ts";

describe("devices, a mailbox and a world in which everything fails", () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`agree in the end (seed ${seed})`, async () => {
      const plan = scenario({ seed, operations: 250 });
      assert.ok(countOps(plan.ops) >= 250);
      const failure = await play(plan);
      if (!failure) return;
      const short = await shrink(plan, failure, { seconds: 20 });
      assert.fail(
        `seed ${seed}, operation ${failure.at}: ${failure.message}\n` +
          `The shortest script that fails:\n${script(short.scenario)}\n${short.failure.message}`,
      );
    });
  }
});

describe("a server that is killed", () => {
  it("has everything when it starts again", async () => {
    const plan = scenario({ seed: 4, operations: 60, between: 30 });
    const failure = await play(plan, { machine: killed });
    assert.equal(failure?.message, undefined, script(plan));
  });
});

const found = needs("dovecot", dovecotPresent());

describe("a gateway in front of a server that is cut, frozen and killed", found, () => {
  let upstream: Upstream;
  before(async () => {
    if (found.skip) return;
    upstream = await openUpstream(() => startDovecot(playedDovecot));
  });
  after(() => upstream?.stop());

  it("loses nothing, doubles nothing, and tells every device what there is", async () => {
    const plan = scenario({ seed: 3001, operations: 240, gateway: true });
    const failure = await play(plan, { machine: gatewayTo(upstream) });
    assert.equal(failure?.message, undefined, script(plan));
  });

  for (const [name, { sabotage, script }] of Object.entries(brokenGateways)) {
    it(`is caught where it ${name}`, async () => {
      const failure = await play(script, { machine: gatewayTo(upstream), sabotage });
      assert.match(failure?.message ?? "nothing", /is there 2 times|lacks|has|does not show/);
    });
  }

  it("is not where it does all that", async () => {
    const ops = Object.values(brokenGateways).flatMap(({ script }) => script.ops);
    const [{ script }] = Object.values(brokenGateways) as [BrokenGateway];
    const failure = await play({ ...script, ops }, { machine: gatewayTo(upstream) });
    assert.equal(failure?.message, undefined);
  });
});

describe("devices that crash on some mail, and long tunnels", () => {
  const plans = [1, 2, 3].map((seed) => scenario({ seed, operations: 150, loops: true }));

  it("get all the rest, and stubs of what they crash on", async () => {
    let stubs = 0;
    const last = async ({ db }: Machine) =>
      void (stubs += (await db.all(
        "SELECT 1 FROM eas_problem WHERE kind = 'indigestible'",
      )).length);
    for (const plan of plans) {
      assert.equal((await play(plan, { last }))?.message, undefined, script(plan));
    }
    assert.ok(stubs > 10, `${stubs} stubs`);
  });

  it("never come to rest where no brake is put on", async () => {
    const failure = await play(plans[0]!, { sabotage: withoutBrake });
    assert.match(failure!.message, /crashes for ever/);
  });
});

describe("a server without SmartSync", () => {
  it("has devices start over, and loses nothing", async () => {
    for (const seed of [1, 2, 3]) {
      const plan = scenario({ seed, operations: 150 });
      const failure = await play(plan, { plain: true });
      assert.equal(failure?.message, undefined, script(plan));
      assert.match(
        (await play(plan, { plain: true, mayStartOver: false }))!.message,
        /status 3|start over/,
      );
    }
  });
});

describe("the play catches an engine that", () => {
  /** Every broken engine is to be found in so many operations. */
  const most = 2000, part = 200;
  const all = [
    ...Object.entries(broken).map((one) => [...one, { wild: true }] as const),
    ...Object.entries(brokenTalks).map((one) => [...one, { talks: true }] as const),
  ];
  for (const [name, sabotage, kind] of all) {
    it(name, async () => {
      for (let n = 0; n * part < most; n++) {
        const plan = scenario({ seed: n, operations: part, ...kind });
        if (!await play(plan, { sabotage })) continue;
        assert.equal(await play(plan), undefined, "it is the engine, not the play");
        return;
      }
      assert.fail(`nothing was noticed in ${most} operations`);
    });
  }
});
