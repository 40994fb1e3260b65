// The administrator's list: what is on it, how long, and how it looks at the command line.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { accounts, CliError } from "../../core/mod.ts";
import { type EasApp, easApp, runEas } from "../../tests/kit_eas.ts";
import { itemFailed } from "./api.ts";
import { deviceRegistry } from "./devices.ts";
import { type Noted, problemList, type Problems } from "./problems.ts";

const day = 24 * 3_600_000;

describe("the list of problems", () => {
  let app: EasApp;
  let problems: Problems;
  beforeEach(async () => {
    app = await easApp();
    problems = problemList(app.db, app.clock);
  });
  afterEach(() => app.stop());

  const noted = (parts: Partial<Noted> = {}): Noted => ({
    account: app.anna.id,
    device: "PHONE1",
    kind: "indigestible",
    about: "item1",
    revision: "r1",
    reason: "It crashes",
    ...parts,
  });
  const run = (...words: string[]) => runEas(app, "problems", ...words);

  it("has one row for the same, with how often and when", async () => {
    const start = app.clock.now();
    await problems.note(noted());
    await app.clock.tick(60_000);
    await problems.note(noted({ revision: "r2", reason: "It crashes again" }));
    await problems.note(noted({ kind: "unreadable" }));
    await problems.note(noted({ device: "PHONE2" }));
    const all = await problems.list();
    assert.equal(all.length, 3);
    const { number: _, ...first } = all.at(-1)!;
    assert.deepEqual(first, {
      ...noted({ revision: "r2", reason: "It crashes again" }),
      times: 2,
      first: start,
      last: start + 60_000,
    });
  });

  it("knows what a device could not digest, and nobody else's", async () => {
    await problems.note(noted());
    await problems.note(noted({ about: "item2", kind: "unreadable" }));
    await problems.note(noted({ about: "item3", device: "PHONE2" }));
    const device = { account: app.anna.id, device: "PHONE1" };
    assert.deepEqual(
      await problems.indigestible(device),
      new Map([["item1", { revision: "r1", reason: "It crashes" }]]),
    );
    const other = { account: app.anna.id, device: "PHONE3" };
    assert.equal((await problems.indigestible(other)).size, 0);
  });

  it("keeps half a year, and a reason of 500 characters", async () => {
    await problems.note(noted({ reason: "x".repeat(9999) }));
    assert.equal((await problems.list())[0]?.reason.length, 500);
    await app.clock.tick(181 * day);
    await problems.note(noted({ about: "item2" }));
    assert.deepEqual((await problems.list()).map(({ about }) => about), ["item2"]);
  });

  it("hears of items that could not be converted, and forgets an account that goes", async () => {
    const device = await deviceOf(app);
    await app.program.host.emit(itemFailed, {
      account: app.anna,
      device,
      item: "item7",
      reason: "no text",
    });
    const [problem] = await problems.list(app.anna.id);
    assert.deepEqual(
      [problem?.kind, problem?.about, problem?.reason],
      ["unreadable", "item7", "no text"],
    );
    await app.program.host.one(accounts).remove(app.anna.id);
    assert.deepEqual(await problems.list(), []);
  });

  it("is listed by `eas problems`, and shortened by its --forget", async () => {
    assert.deepEqual(await run(), ["There are no problems"]);
    await problems.note(noted({ reason: "It\u001b[2J crashes" }));
    const [head, row] = await run("ANNA@example.org");
    assert.match(head!, /^NO\.\s+ACCOUNT\s+DEVICE\s+KIND\s+ABOUT\s+TIMES\s+LAST\s+REASON/);
    assert.match(row!, /anna@example\.org\s+PHONE1\s+indigestible\s+item1\s+1\s.*It \[2J crashes/);
    const [listed] = JSON.parse((await run("--json"))[0]!);
    assert.deepEqual([listed.account, listed.times], ["anna@example.org", 1]);
    assert.equal(listed.last, new Date(app.clock.now()).toISOString());
    await assert.rejects(run("nobody@example.org"), CliError);
    await assert.rejects(run("--forget", "x"), CliError);
    await assert.rejects(run("--forget", "999"), CliError);
    const number = String(listed.number);
    assert.deepEqual(await run("--forget", number), [`Problem ${number} is off the list`]);
    assert.deepEqual(await run(), ["There are no problems"]);
  });
});

async function deviceOf(app: EasApp) {
  await app.ask("FolderSync");
  return (await deviceRegistry(app.db).list(app.anna.id))[0]!;
}
