// The mailbox suite: listings, newest first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NotFound } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import { listAll, put, subjects, token } from "./mailbox_kit.ts";

const day = 86_400_000;

export function listings(withPlace: WithPlace): void {
  test("a listing brings every item once, newest first, whatever the size of its pages", () =>
    withPlace(async ({ mailbox, inbox, clock }) => {
      // Five items share each moment, and they do not arrive in the order of their dates.
      const dates = Array.from({ length: 25 }, (_, n) => clock.now() - ((n * 7) % 5) * 1000);
      const made = [];
      for (const [n, date] of dates.entries()) {
        made.push(await put(mailbox, inbox, `no ${n}`, date));
      }
      const wanted = await listAll(mailbox, inbox, 100);
      assert.deepEqual(wanted.map(({ id }) => id).sort(), made.map(({ id }) => id).sort());
      assert.deepEqual(
        wanted.map(({ date }) => date),
        [...dates].sort((a, b) => b - a),
      );
      for (const size of [1, 3, 5, 24, 25]) {
        assert.deepEqual(await listAll(mailbox, inbox, size), wanted, `pages of ${size}`);
      }
    }));

  test("a listing says where it goes on, and nothing at its end", () =>
    withPlace(async ({ mailbox, inbox }) => {
      assert.deepEqual(await mailbox.list(inbox, {}, 5), { items: [], next: undefined });
      for (let n = 0; n < 5; n++) await put(mailbox, inbox, `no ${n}`);
      assert.equal((await mailbox.list(inbox, {}, 5)).next, undefined);
      assert.notEqual((await mailbox.list(inbox, {}, 4)).next, undefined);
    }));

  test("mail that arrives while a listing goes on does not shift its pages", () =>
    withPlace(async ({ mailbox, inbox, clock }) => {
      for (let n = 0; n < 6; n++) await put(mailbox, inbox, `old ${n}`, clock.now() - n * day);
      const first = await mailbox.list(inbox, {}, 3);
      await put(mailbox, inbox, "new", clock.now() + 1000);
      await mailbox.remove(first.items[0]!.id, token());
      const second = await mailbox.list(inbox, { after: first.next! }, 10);
      assert.deepEqual(await subjects(mailbox, second.items), ["old 3", "old 4", "old 5"]);
    }));

  test("a time window has its first moment in it and its last one not", () =>
    withPlace(async ({ mailbox, inbox, clock }) => {
      const now = clock.now();
      for (let n = 0; n < 6; n++) await put(mailbox, inbox, `${n} days`, now - n * day);
      const since = await mailbox.list(inbox, { since: now - 2 * day }, 10);
      assert.deepEqual(await subjects(mailbox, since.items), ["0 days", "1 days", "2 days"]);
      const range = { since: now - 4 * day, until: now - 2 * day };
      const between = await mailbox.list(inbox, range, 10);
      assert.deepEqual(await subjects(mailbox, between.items), ["3 days", "4 days"]);
      const page = await mailbox.list(inbox, range, 1);
      const rest = await mailbox.list(inbox, { ...range, after: page.next! }, 10);
      assert.deepEqual(await subjects(mailbox, rest.items), ["4 days"]);
    }));

  test("counting agrees with listing", () =>
    withPlace(async ({ mailbox, inbox, folder, clock }) => {
      assert.equal(await mailbox.count(inbox, {}), 0);
      const made = [];
      for (let n = 0; n < 8; n++) {
        made.push(await put(mailbox, inbox, `${n} days`, clock.now() - n * day));
      }
      assert.equal(await mailbox.count(inbox, {}), 8);
      assert.equal(await mailbox.count(inbox, { since: clock.now() - 3 * day }), 4);
      await mailbox.move(made[0]!.id, await folder("trash"), token());
      await mailbox.remove(made[1]!.id, token());
      assert.equal(await mailbox.count(inbox, {}), 6);
      assert.equal(await mailbox.count(inbox, { since: clock.now() - 3 * day }), 2);
      assert.equal(await mailbox.count(await folder("trash"), {}), 1);
    }));

  test("an item that is given no date has that of its arrival", () =>
    withPlace(async ({ mailbox, inbox, clock, dateStep = 1 }) => {
      const before = await put(mailbox, inbox, "first");
      await clock.tick(5000);
      const after = await put(mailbox, inbox, "second");
      assert.deepEqual([before.date, after.date], [clock.now() - 5000, clock.now()]);
      const dated = await put(mailbox, inbox, "dated", 1_234_567_890_123);
      assert.equal(dated.date, 1_234_567_890_123 - 123 % dateStep);
    }));

  test("a folder that is not there cannot be listed", () =>
    withPlace(async ({ mailbox }) => {
      for (const folder of ["999999", "", "inbox'--"]) {
        await assert.rejects(mailbox.list(folder, {}, 10), NotFound, folder);
        await assert.rejects(mailbox.count(folder, {}), NotFound, folder);
        await assert.rejects(mailbox.changes(folder, undefined, 10), NotFound, folder);
      }
    }));
}
