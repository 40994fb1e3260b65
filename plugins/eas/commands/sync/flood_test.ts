// A device that adds the same without end: its folder pauses, and nothing is lost or doubled by that.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Unavailable } from "../../../../core/mod.ts";
import { altered } from "../../../../tests/kit_eas.ts";
import { type Engine, engine, type Line, line, subjects } from "../../../../tests/kit_sync.ts";
import { draftFields, type Phone } from "../../client/mod.ts";
import { problemList } from "../../problems.ts";

const minute = 60_000;

describe("a device that adds the same without end", () => {
  let app: Engine;
  let wire: Line;
  let phone: Phone;
  let drafts: string;
  let away: boolean;
  beforeEach(async () => {
    away = false;
    app = await engine({
      wrap: (mailbox) =>
        altered(mailbox, {
          create: (...given) => {
            if (away) throw new Unavailable("Cannot write: the store is away");
            return mailbox.create(...given);
          },
        }),
    });
    wire = line();
    phone = await app.phone({ fetch: wire.fetch });
    drafts = phone.folder(3).id;
    await phone.syncAll(drafts);
    await phone.syncAll(app.inbox);
  });
  afterEach(() => app.stop());

  let count = 0;
  const writes = (many: number, subject: (n: number) => string = () => "Plan") => {
    for (let n = 0; n < many; n++) {
      const fields = draftFields({ subject: subject(n), text: "Tomorrow?" });
      phone.collection(drafts).add(`client-${++count}`, ...fields);
    }
  };
  const statusOf = async (folders: readonly string[]) =>
    (await phone.sync(folders)).collections.map(({ id, status }) => [id, status]);
  const stored = async () => (await app.mailbox().list(drafts, {}, 1000)).items.length;

  it("waits for ten minutes with that folder, and goes on with all others", async () => {
    writes(250);
    assert.deepEqual(await statusOf([drafts]), [[drafts, 1]]);
    await app.arrives("new");
    assert.deepEqual(await statusOf([drafts, app.inbox]), [[drafts, 5], [app.inbox, 1]]);
    assert.deepEqual(subjects(phone, app.inbox), ["new"]);
    assert.equal(await stored(), 200);
    await app.clock.tick(9 * minute);
    assert.deepEqual(await statusOf([drafts]), [[drafts, 5]]);
    // Another device of the same account is not concerned.
    const other = await app.phone({ id: "PHONE2" });
    await other.syncAll(drafts);
    assert.equal(other.collection(drafts).items.size, 200);
    const told = app.logged.map((text) => String(JSON.parse(text).msg))
      .filter((text) => /again and again/.test(text));
    assert.deepEqual(told, [
      "a device adds the same again and again: the folder pauses for it",
    ], "once");
    const metrics = await (await app.fetch("/metrics")).text();
    assert.match(metrics, /navette_eas_brakes_total\{kind="adds"\} 1/);
    const [problem] = await problemList(app.db, app.clock).list();
    assert.deepEqual([problem?.kind, problem?.about, problem?.times], ["flood", drafts, 1]);
  });

  it("has added everything once when the pause is over", async () => {
    writes(250);
    await phone.sync([drafts]);
    await phone.sync([drafts]);
    await app.clock.tick(10 * minute);
    await phone.syncAll(drafts);
    assert.deepEqual([await stored(), phone.collection(drafts).items.size], [250, 250]);
    assert.deepEqual([phone.resets, phone.collection(drafts).anomalies], [0, []]);
  });

  it("has added everything once even where it starts over in the pause", async () => {
    writes(250);
    await phone.sync([drafts]);
    await phone.sync([drafts]);
    phone.collection(drafts).reset();
    assert.deepEqual(await statusOf([drafts]), [[drafts, 5]], "a start would be made in vain");
    await app.clock.tick(10 * minute);
    await phone.syncAll(drafts);
    assert.deepEqual([await stored(), phone.collection(drafts).items.size], [250, 250]);
  });

  it("is no person who writes 150 drafts, nor one on a bad line", async () => {
    writes(150, (n) => `Letter ${n}`);
    await phone.syncAll(drafts);
    writes(150);
    for (let n = 0; n < 3; n++) {
      wire.next = "answer is lost";
      await assert.rejects(phone.sync([drafts]), TypeError);
    }
    // The store is away for a while: what was begun is not new when it comes again.
    away = true;
    for (let n = 0; n < 3; n++) await phone.sync([drafts]).catch(() => {});
    away = false;
    await phone.syncAll(drafts);
    assert.equal(await stored(), 300);
    assert.deepEqual(await problemList(app.db, app.clock).list(), []);
  });
});
