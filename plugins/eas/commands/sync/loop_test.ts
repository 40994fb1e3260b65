// A device that does not get on with an answer: everything else reaches it, and nothing is left out.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Engine, engine, line, subjects } from "../../../../tests/kit_sync.ts";
import type { Fetch, Phone } from "../../client/mod.ts";
import { problemList } from "../../problems.ts";
import { el } from "../../wbxml/element.ts";

const second = 1000, minute = 60 * second;
const poison = "POISON";

/** A device that crashes on every answer with the poison in it. */
const crashing = (inner: Fetch): Fetch => async (request) => {
  const response = await inner(request);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (new TextDecoder().decode(bytes).includes(poison)) throw new TypeError("the device crashed");
  const { status, headers } = response;
  return new Response(bytes.length > 0 ? bytes : null, { status, headers });
};

describe("a device that does not get on with a mail", () => {
  let app: Engine;
  let phone: Phone;
  beforeEach(async () => {
    app = await engine();
    phone = await app.phone({ fetch: crashing });
  });
  afterEach(() => app.stop());

  /** Syncs as devices do: asks again half a minute after each crash. Returns the crashes. */
  const persist = async (folders = [app.inbox], pause = 30 * second) => {
    for (let crashes = 0; crashes < 60; crashes++) {
      try {
        for (let more = true; more;) {
          await phone.sync(folders);
          more = folders.some((id) => {
            const { moreAvailable, waiting } = phone.collection(id);
            return moreAvailable || waiting > 0;
          });
        }
        return crashes;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        await app.clock.tick(pause);
      }
    }
    throw new Error("the device never gets on");
  };
  const clean = () => {
    assert.equal(phone.resets, 0);
    for (const { id } of phone.mailFolders()) {
      assert.deepEqual(phone.collection(id).anomalies, []);
    }
  };
  const fields = (id: string, folder = app.inbox) => phone.collection(folder).items.get(id)?.fields;
  const bodyOf = (id: string, folder = app.inbox) =>
    fields(id, folder)?.get("AirSyncBase:Body")?.textOf("AirSyncBase:Data");
  const isStub = (id: string) => /could not be prepared/.test(bodyOf(id) ?? "");
  const problems = () => problemList(app.db, app.clock).list();
  const warnings = () =>
    app.logged.map((text) => String(JSON.parse(text).msg))
      .filter((text) => /again and again|get on/.test(text));

  it("gets everything else, and a stub of that one with the whole mail attached", async () => {
    for (let n = 0; n < 20; n++) await app.arrives(`mail ${n}`, { age: n * minute });
    const bad = await app.arrives("bad", { age: 9.5 * minute, body: poison });
    await phone.sync([app.inbox]);
    const crashes = await persist();
    assert.ok(crashes >= 8 && crashes <= 24, `${crashes} crashes`);
    clean();
    const others = subjects(phone, app.inbox).filter((text) => text.startsWith("mail "));
    assert.equal(others.length, 20);
    assert.equal(isStub(bad), true);
    const [file] = fields(bad)!.get("AirSyncBase:Attachments")!.all("AirSyncBase:Attachment");
    assert.equal(file?.textOf("AirSyncBase:DisplayName"), "message.eml");
    const original = await app.client().fetch({
      fileReference: file!.textOf("AirSyncBase:FileReference")!,
    });
    assert.match(new TextDecoder().decode(original.content), /Subject: bad[^]*POISON/);
    const [problem, ...more] = await problems();
    assert.deepEqual([problem?.kind, problem?.about, more], ["indigestible", bad, []]);
    assert.deepEqual(warnings(), [
      "a device asks for the same answer again and again: it gets less of it",
      ...warnings().slice(1, -1),
      "a device does not get on with an item: it gets a stub of it",
    ]);
    const metrics = await (await app.fetch("/metrics")).text();
    assert.match(metrics, /navette_eas_brakes_total\{kind="window"\} \d/);
    assert.match(metrics, /navette_eas_brakes_total\{kind="stub"\} 1/);
  });

  it("has it as a stub as long as it is the same, and as itself when it is another", async () => {
    const bad = await app.arrives("bad", { body: poison });
    await phone.sync([app.inbox]);
    await persist();
    assert.equal(isStub(bad), true);
    // A mark comes as a mark; what has to be told whole is the stub again, at once.
    await app.mailbox().mark(bad, { read: true }, "read");
    assert.equal(await persist(), 0);
    assert.equal(fields(bad)?.get("Email:Read")?.text, "1");
    await app.mailbox().mark(bad, { answered: true }, "answered");
    assert.equal(await persist(), 0);
    assert.equal(isStub(bad), true);
    // Another device gets on with it.
    const other = await app.phone({ id: "PHONE2" });
    await other.syncAll(app.inbox);
    const { fields: whole } = other.collection(app.inbox).items.get(bad)!;
    assert.match(whole.get("AirSyncBase:Body")?.textOf("AirSyncBase:Data") ?? "", /POISON/);
    const mime = new TextEncoder().encode("Subject: mended\r\n\r\nHarmless\r\n");
    await app.mailbox().replace(bad, { mime }, "mended");
    assert.equal(await persist(), 0);
    assert.deepEqual(subjects(phone, app.inbox), ["mended"]);
    assert.match(bodyOf(bad)!, /Harmless/);
    // And if that one is no better, it is tried with the same patience, and ends as a stub as well.
    const worse = new TextEncoder().encode(`Subject: worse\r\n\r\n${poison}\r\n`);
    await app.mailbox().replace(bad, { mime: worse }, "worse");
    assert.ok(await persist() >= 8);
    assert.equal(isStub(bad), true);
    assert.equal((await problems()).length, 1);
    clean();
  });

  it("gets the stub also where all else that came with it is gone meanwhile", async () => {
    const others = [];
    for (let n = 0; n < 20; n++) others.push(await app.arrives(`mail ${n}`));
    const bad = await app.arrives("bad", { body: poison });
    await phone.sync([app.inbox]);
    await assert.rejects(phone.sync([app.inbox]), TypeError);
    for (const id of others.slice(0, 19)) await app.mailbox().remove(id, `gone ${id}`);
    const crashes = await persist();
    assert.ok(crashes >= 8 && crashes <= 24, `${crashes} crashes`);
    clean();
    assert.equal(phone.collection(app.inbox).items.size, 2);
    assert.equal(isStub(bad), true);
  });

  it("gets the stub also where it asked for something else in between", async () => {
    const bad = await app.arrives("bad", { body: poison });
    await phone.sync([app.inbox]);
    await assert.rejects(phone.sync([app.inbox]), TypeError);
    const { key } = phone.collection(app.inbox);
    await app.client().sync({ collections: [{ id: app.inbox, key, getChanges: false }] });
    const crashes = await persist();
    assert.ok(crashes >= 4 && crashes <= 24, `${crashes} crashes`);
    clean();
    assert.equal(isStub(bad), true);
  });

  it("gets the stub at once when it starts over, until the administrator forgets it", async () => {
    const bad = await app.arrives("bad", { body: poison });
    await phone.sync([app.inbox]);
    await persist();
    phone.collection(app.inbox).reset();
    await phone.sync([app.inbox]);
    assert.equal(await persist(), 0);
    assert.equal(isStub(bad), true);
    const [problem] = await problems();
    await problemList(app.db, app.clock).remove(problem!.number);
    phone.collection(app.inbox).reset();
    await phone.sync([app.inbox]);
    assert.ok(await persist() > 0);
  });

  it("gets mail of other folders meanwhile, whole", async () => {
    const folders = [app.inbox, app.trash];
    await phone.sync(folders);
    await phone.sync(folders);
    const bad = await app.arrives("bad", { body: poison });
    const good = await app.arrives("good", { folder: app.trash });
    const crashes = await persist(folders);
    assert.ok(crashes <= 16, `${crashes} crashes`);
    clean();
    assert.equal(isStub(bad), true);
    assert.deepEqual(subjects(phone, app.trash), ["good"]);
    assert.match(bodyOf(good, app.trash) ?? "", /Hello/);
    assert.deepEqual((await problems()).map(({ about }) => about), [bad]);
  });

  it("has its own commands run once, and what arrives meanwhile comes afterwards", async () => {
    const old = await app.arrives("old");
    await phone.syncAll(app.inbox);
    phone.collection(app.inbox).change(old, el("Email:Read", true));
    await app.arrives("bad", { body: poison });
    await assert.rejects(phone.sync([app.inbox]), TypeError);
    await app.mailbox().mark(old, { read: false }, "elsewhere");
    await app.arrives("new");
    await persist();
    assert.equal(await persist(), 0);
    clean();
    assert.equal(phone.collection(app.inbox).items.size, 3);
    assert.equal(fields(old)?.get("Email:Read")?.text, "0", "somebody else had the last word");
  });

  it("is not taken for one that only sits in a tunnel", async () => {
    for (let n = 0; n < 20; n++) await app.arrives(`mail ${n}`);
    await phone.sync([app.inbox]);
    const { key } = phone.collection(app.inbox);
    for (let n = 0; n < 30; n++) {
      const answer = (await app.client().sync({ collections: [{ id: app.inbox, key }] }))
        .collections[0]!;
      assert.ok(answer.adds.length >= 1);
      await app.clock.tick(3 * second);
    }
    assert.equal(await persist(), 0);
    clean();
    assert.equal(phone.collection(app.inbox).items.size, 20);
    assert.deepEqual(await problems(), []);
  });

  it("goes on with an answer that it got after all, before the smaller ones", async () => {
    for (let n = 0; n < 20; n++) await app.arrives(`mail ${n}`);
    await phone.sync([app.inbox]);
    const { key } = phone.collection(app.inbox);
    const ask = async (one = key) =>
      (await app.client().sync({ collections: [{ id: app.inbox, key: one }] })).collections[0]!;
    const whole = await ask();
    for (let n = 0; n < 3; n++) assert.equal((await ask()).key, whole.key);
    for (let n = 0; n < 3; n++) {
      const smaller = await ask();
      assert.deepEqual([smaller.adds.length, smaller.moreAvailable], [2, true]);
    }
    // It had the first one: all of it is known.
    const answer = await app.client().sync({ collections: [{ id: app.inbox, key: whole.key! }] });
    assert.ok(answer.empty);
    await app.arrives("mail 20");
    assert.deepEqual((await ask(whole.key!)).adds.length, 1);
  });

  it("is on the list even where nothing can be made smaller", async () => {
    const id = await app.arrives("one");
    await phone.syncAll(app.inbox);
    await app.mailbox().remove(id, "gone");
    const wire = line();
    const same = await app.phone({ fetch: wire.fetch, id: "PHONE1" });
    const { key } = phone.collection(app.inbox);
    for (let n = 0; n < 9; n++) {
      const { collections: [part] } = await same.client.sync({
        collections: [{ id: app.inbox, key }],
      });
      assert.deepEqual(part?.deletes, [id]);
      await app.clock.tick(minute);
    }
    assert.deepEqual((await problems()).map(({ about, revision }) => [about, revision]), [[
      id,
      "",
    ]]);
    assert.equal(await persist(), 0);
    assert.equal(phone.collection(app.inbox).items.size, 0);
    clean();
  });
});
