// The mailbox suite: the folder tree.
import assert from "node:assert/strict";
import { test as one } from "node:test";
import { NotFound, Refused, type Role } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import { account, allFolders, listAll, openTwice, put, readAll, token } from "./mailbox_kit.ts";
import type { FullMailbox } from "./mailbox_kit.ts";
import type { Tests } from "../together.ts";

export function hierarchy(withPlace: WithPlace, test: Tests = one): void {
  specialOnes(withPlace, test);
  edits(withPlace, test);
  refusals(withPlace, test);
  removals(withPlace, test);
}

const allRoles: readonly Role[] = [
  "archive",
  "drafts",
  "inbox",
  "junk",
  "outbox",
  "sent",
  "trash",
];

const top = (name: string) => ({ name, parent: undefined, class: "mail" as const });

const refused = (reason: string) => (error: unknown) =>
  error instanceof Refused && error.reason === reason;

/** What the hierarchy's history says, as `name` or `-id`. */
async function since(mailbox: FullMailbox, cursor: string): Promise<string[]> {
  const { changes } = await mailbox.folders(cursor);
  return changes.map(({ id, folder }) => folder?.name ?? `-${id}`);
}

function specialOnes(withPlace: WithPlace, test: Tests): void {
  test("an account has its special folders from its first use, each once", () =>
    withPlace(async ({ backend, roles = allRoles }) => {
      const mailbox = openTwice(backend, 7);
      const folders = await allFolders(mailbox);
      assert.deepEqual(folders.map(({ role }) => role).sort(), [...roles].sort());
      assert.ok(folders.every((folder) => folder.class === "mail" && folder.parent === undefined));
      assert.equal(new Set(folders.map(({ name }) => name)).size, folders.length);
      assert.deepEqual(await allFolders(mailbox), folders);
    }));

  test("two first uses at once make one set of special folders", () =>
    withPlace(async ({ backend, reopen, roles = allRoles }) => {
      const other = await reopen?.() ?? backend;
      const boxes = [backend, other, backend].map((each) => each.open(account(8)));
      const all = await Promise.all(boxes.map(allFolders));
      assert.equal(all[0]!.length, roles.length);
      assert.deepEqual(all[1], all[0]);
      assert.deepEqual(all[2], all[0]);
    }));

  test("the hierarchy's cursor brings nothing where nothing has changed", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const { cursor, more } = await mailbox.folders(undefined);
      assert.equal(more, false);
      await put(mailbox, inbox, "No folder changes by mail");
      assert.deepEqual(await since(mailbox, cursor), []);
    }));
}

function edits(withPlace: WithPlace, test: Tests): void {
  test("a new folder is a change of the hierarchy, and its id is fit for a device", () =>
    withPlace(async ({ mailbox }) => {
      const { cursor } = await mailbox.folders(undefined);
      const made = await mailbox.createFolder(top("Projects"), token());
      assert.match(made.id, /^[A-Za-z0-9._-]{1,40}$/);
      assert.deepEqual(made, {
        id: made.id,
        parent: undefined,
        name: "Projects",
        class: "mail",
        role: undefined,
      });
      const page = await mailbox.folders(cursor);
      assert.deepEqual(page.changes, [{ id: made.id, folder: made }]);
      assert.deepEqual(await since(mailbox, page.cursor), []);
    }));

  test("a folder is renamed and moved, and keeps its id and its items", () =>
    withPlace(async ({ mailbox }) => {
      const above = await mailbox.createFolder(top("Clients"), token());
      const made = await mailbox.createFolder(top("Acme"), token());
      await put(mailbox, made.id, "An offer");
      const { cursor } = await mailbox.folders(undefined);
      const moved = await mailbox.updateFolder(made.id, { name: "ACME Ltd", parent: above.id });
      assert.deepEqual(moved, { ...made, name: "ACME Ltd", parent: above.id });
      assert.deepEqual(await since(mailbox, cursor), ["ACME Ltd"]);
      assert.equal((await listAll(mailbox, made.id)).length, 1);
    }));

  test("an update that changes nothing is no change", () =>
    withPlace(async ({ mailbox }) => {
      const made = await mailbox.createFolder(top("Receipts"), token());
      const { cursor } = await mailbox.folders(undefined);
      await mailbox.updateFolder(made.id, { name: "Receipts", parent: undefined });
      assert.deepEqual(await since(mailbox, cursor), []);
      // The case of a folder's own name may change.
      await mailbox.updateFolder(made.id, { name: "RECEIPTS", parent: undefined });
      assert.deepEqual(await since(mailbox, cursor), ["RECEIPTS"]);
    }));

  test("a folder that changed twice is told once, as it is now", () =>
    withPlace(async ({ mailbox }) => {
      const { cursor } = await mailbox.folders(undefined);
      const made = await mailbox.createFolder(top("One"), token());
      await mailbox.updateFolder(made.id, { name: "Two", parent: undefined });
      assert.deepEqual(await since(mailbox, cursor), ["Two"]);
    }));

  test("parents come before their children, whatever happened last", () =>
    withPlace(async ({ mailbox }) => {
      const child = await mailbox.createFolder(top("Child"), token());
      const above = await mailbox.createFolder(top("Above"), token());
      await mailbox.updateFolder(child.id, { name: "Child", parent: above.id });
      await mailbox.updateFolder(above.id, { name: "Renamed later", parent: undefined });
      const ids = (await allFolders(mailbox)).map(({ id }) => id);
      assert.ok(ids.indexOf(above.id) < ids.indexOf(child.id));
    }));
}

function refusals(withPlace: WithPlace, test: Tests): void {
  test("two folders side by side cannot have one name, in whatever case", () =>
    withPlace(async ({ mailbox }) => {
      const made = await mailbox.createFolder(top("Überweisungen"), token());
      const other = await mailbox.createFolder(top("Other"), token());
      await assert.rejects(mailbox.createFolder(top("überweisungen"), token()), refused("exists"));
      await assert.rejects(mailbox.createFolder(top("INBOX"), token()), refused("exists"));
      await assert.rejects(
        mailbox.updateFolder(other.id, { name: "Überweisungen", parent: undefined }),
        refused("exists"),
      );
      const below = { ...top("Überweisungen"), parent: made.id };
      assert.equal((await mailbox.createFolder(below, token())).parent, made.id);
    }));

  test("a folder needs a name that can be shown", () =>
    withPlace(async ({ mailbox, longestName = 256 }) => {
      for (const name of ["", "   ", "x".repeat(257), "a\nb"]) {
        await assert.rejects(mailbox.createFolder(top(name), token()), refused("other"), name);
      }
      const longest = "ö".repeat(longestName);
      assert.equal((await mailbox.createFolder(top(longest), token())).name, longest);
    }));

  test("special folders stay as they are", () =>
    withPlace(async ({ mailbox, inbox, folder, roles = allRoles }) => {
      await assert.rejects(mailbox.removeFolder(await folder("trash")), refused("special"));
      await assert.rejects(
        mailbox.updateFolder(inbox, { name: "In", parent: undefined }),
        refused("special"),
      );
      assert.equal((await allFolders(mailbox)).length, roles.length);
    }));

  test("a folder cannot be inside itself, nor below what is not there", () =>
    withPlace(async ({ mailbox }) => {
      const outer = await mailbox.createFolder(top("Outer"), token());
      const inner = await mailbox.createFolder({ ...top("Inner"), parent: outer.id }, token());
      for (const parent of [outer.id, inner.id]) {
        await assert.rejects(
          mailbox.updateFolder(outer.id, { name: "Outer", parent }),
          refused("other"),
        );
      }
      for (const parent of ["999999", "nowhere"]) {
        await assert.rejects(mailbox.createFolder({ ...top("Lost"), parent }, token()), NotFound);
        await assert.rejects(mailbox.updateFolder(inner.id, { name: "Inner", parent }), NotFound);
        await assert.rejects(mailbox.updateFolder(parent, top("Lost")), NotFound);
        await assert.rejects(mailbox.removeFolder(parent), NotFound);
      }
    }));
}

function removals(withPlace: WithPlace, test: Tests): void {
  test("a removed folder goes with all that is in and below it, and its end is told", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const outer = await mailbox.createFolder(top("Outer"), token());
      const inner = await mailbox.createFolder({ ...top("Inner"), parent: outer.id }, token());
      const item = await put(mailbox, inner.id, "Deep inside");
      const kept = await put(mailbox, inbox, "Elsewhere");
      const { cursor } = await mailbox.folders(undefined);
      await mailbox.removeFolder(outer.id);
      assert.deepEqual(
        (await since(mailbox, cursor)).sort(),
        [`-${outer.id}`, `-${inner.id}`].sort(),
      );
      assert.ok((await allFolders(mailbox)).every(({ role }) => role));
      await assert.rejects(mailbox.list(inner.id, {}, 10), NotFound);
      await assert.rejects(mailbox.changes(inner.id, undefined, 10), NotFound);
      await assert.rejects(mailbox.part(item.id, ""), NotFound);
      await assert.rejects(mailbox.removeFolder(outer.id), NotFound);
      assert.deepEqual((await listAll(mailbox, inbox)).map(({ id }) => id), [kept.id]);
    }));

  test("what is in a removed folder, and below it, can be kept in another one", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const trash = await folder("trash");
      const outer = await mailbox.createFolder(top("Outer"), token());
      const inner = await mailbox.createFolder({ ...top("Inner"), parent: outer.id }, token());
      const old = await put(mailbox, trash, "thrown away before");
      const kept: string[] = [];
      const begin = Date.UTC(2001, 0, 1);
      for (let n = 0; n < 5; n++) {
        const { id } = await put(mailbox, n % 2 ? inner.id : outer.id, `no ${n}`, begin + 1000 * n);
        await mailbox.mark(id, { read: n === 1, keywords: ["kept"] }, token());
        kept.push(id);
      }
      const { cursor } = await mailbox.changes(trash, undefined, 10);
      await mailbox.removeFolder(outer.id, trash);
      // Page by page: each has a place of its own in the history.
      const told = [];
      for (let at = cursor, more = true; more;) {
        const page = await mailbox.changes(trash, at, 2);
        told.push(...page.changes);
        ({ cursor: at, more } = page);
      }
      assert.equal(told.length, 5);
      const all = await listAll(mailbox, trash);
      assert.deepEqual(
        told.map(({ state }) => state!.date).sort((a, b) => a - b),
        [0, 1000, 2000, 3000, 4000].map((ms) => begin + ms),
      );
      assert.equal(all.length, 6);
      assert.equal(await mailbox.count(trash, {}), 6);
      assert.ok(all.some(({ id }) => id === old.id));
      assert.ok(all.every(({ id }) => !kept.includes(id)), "a moved item has a new id");
      assert.deepEqual(
        all.filter(({ id }) => id !== old.id).map(({ marks }) => [marks.read, marks.keywords]),
        [4, 3, 2, 1, 0].map((n) => [n === 1, ["kept"]]),
      );
      assert.deepEqual(await listAll(mailbox, inbox), []);
      assert.deepEqual(await readAll(mailbox, kept), []);
    }));

  test("what is removed cannot be kept inside itself, nor in what is not there", () =>
    withPlace(async ({ mailbox }) => {
      const outer = await mailbox.createFolder(top("Outer"), token());
      const inner = await mailbox.createFolder({ ...top("Inner"), parent: outer.id }, token());
      const item = await put(mailbox, inner.id, "stays");
      for (const keepIn of [outer.id, inner.id]) {
        await assert.rejects(mailbox.removeFolder(outer.id, keepIn), refused("other"));
      }
      await assert.rejects(mailbox.removeFolder(outer.id, "999999"), NotFound);
      assert.deepEqual((await listAll(mailbox, inner.id)).map(({ id }) => id), [item.id]);
    }));

  test("a name is free again when its folder is gone, and the new folder is another one", () =>
    withPlace(async ({ mailbox }) => {
      const first = await mailbox.createFolder(top("Travel"), token());
      await mailbox.removeFolder(first.id);
      const second = await mailbox.createFolder(top("Travel"), token());
      assert.notEqual(second.id, first.id);
      assert.deepEqual(await listAll(mailbox, second.id), []);
    }));
}
