// The mailbox suite: folders that are emptied at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backend, Empties } from "../../plugins/mailbox/api.ts";
import { NotFound } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import { account, allFolders, listAll, put, readAll, token } from "./mailbox_kit.ts";

function open(backend: Backend, id = 1) {
  const mailbox = backend.open(account(id));
  assert.ok("empty" in mailbox, "the suite needs a backend that empties folders");
  return mailbox as typeof mailbox & Empties;
}

export function emptying(withPlace: WithPlace): void {
  test("what is in an emptied folder is gone for good, each end is told once, and the rest stays", () =>
    withPlace(async ({ backend, mailbox, inbox, folder }) => {
      const box = open(backend);
      const trash = await folder("trash");
      const place = { name: "Below", parent: trash, class: "mail" as const };
      const below = await mailbox.createFolder(place, token());
      const kept = [await put(mailbox, inbox, "kept"), await put(mailbox, below.id, "kept")];
      const gone: string[] = [];
      for (let n = 0; n < 7; n++) gone.push((await put(mailbox, trash, `gone ${n}`)).id);
      const { cursor } = await mailbox.changes(trash, undefined, 10);
      const rest = await mailbox.changes(inbox, undefined, 10);
      assert.equal(await box.empty(trash), true);
      assert.deepEqual(await listAll(mailbox, trash), []);
      assert.equal(await mailbox.count(trash, {}), 0);
      assert.deepEqual(await readAll(mailbox, gone), []);
      const ends: string[] = [];
      for (let more = true, from = cursor; more;) {
        const page = await mailbox.changes(trash, from, 3);
        assert.ok(page.changes.every(({ state }) => state === undefined));
        ends.push(...page.changes.map(({ id }) => id));
        ({ cursor: from, more } = page);
      }
      assert.deepEqual(ends.sort(), gone.sort());
      assert.equal((await readAll(mailbox, kept.map(({ id }) => id))).length, 2);
      assert.deepEqual((await mailbox.changes(inbox, rest.cursor, 10)).changes, []);
    }));

  test("a folder may be emptied again, and while it is empty; what comes later stays", () =>
    withPlace(async ({ backend, mailbox, inbox }) => {
      const box = open(backend);
      assert.equal(await box.empty(inbox), true);
      await put(mailbox, inbox, "gone");
      assert.equal(await box.empty(inbox), true);
      assert.equal(await box.empty(inbox), true);
      const later = await put(mailbox, inbox, "later");
      assert.deepEqual(await listAll(mailbox, inbox), [later]);
    }));

  test("emptying stops where it may not go on, and goes on where it is asked again", () =>
    withPlace(async ({ backend, mailbox, inbox }) => {
      const box = open(backend);
      const made = await put(mailbox, inbox, "there");
      assert.equal(await box.empty(inbox, () => false), false);
      assert.deepEqual(await listAll(mailbox, inbox), [made]);
      assert.equal(await box.empty(inbox, () => true), true);
      assert.deepEqual(await listAll(mailbox, inbox), []);
    }));

  test("a folder that is not there, or another account's, cannot be emptied", () =>
    withPlace(async ({ backend, mailbox, inbox }) => {
      const made = await put(mailbox, inbox, "there");
      await assert.rejects(open(backend).empty("nowhere"), NotFound);
      const other = open(backend, 2);
      // Some count the folders of each account.
      const hasToo = (await allFolders(other)).some(({ id }) => id === inbox);
      if (!hasToo) await assert.rejects(other.empty(inbox), NotFound);
      assert.deepEqual(await listAll(mailbox, inbox), [made]);
    }));
}
