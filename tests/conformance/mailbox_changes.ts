// The mailbox suite: what changed since a cursor, and the writes that change something.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flag, ItemChange, ItemState, Mailbox } from "../../plugins/mailbox/api.ts";
import { NotFound } from "../../plugins/mailbox/api.ts";
import { seededRandom } from "../kit.ts";
import type { WithPlace } from "./mailbox.ts";
import { bytes, listAll, message, put, readOne, token } from "./mailbox_kit.ts";

export function changesOfItems(withPlace: WithPlace): void {
  histories(withPlace);
  snapshots(withPlace);
  marks(withPlace);
  moves(withPlace);
}

async function now(mailbox: Mailbox, folder: string): Promise<string> {
  const page = await mailbox.changes(folder, undefined, 100);
  assert.deepEqual([page.changes, page.more], [[], false], "a snapshot point brings no changes");
  return page.cursor;
}

async function since(mailbox: Mailbox, folder: string, cursor: string): Promise<ItemChange[]> {
  const page = await mailbox.changes(folder, cursor, 100);
  assert.equal(page.more, false);
  return [...page.changes];
}

function histories(withPlace: WithPlace): void {
  test("changes come oldest first, each item once and as it is now", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const old = await put(mailbox, inbox, "old");
      const gone = await put(mailbox, inbox, "gone");
      const cursor = await now(mailbox, inbox);
      const added = await put(mailbox, inbox, "added");
      await mailbox.mark(old.id, { read: true }, token());
      await mailbox.remove(gone.id, token());
      const marked = await mailbox.mark(added.id, { read: true }, token());
      const changes = await since(mailbox, inbox, cursor);
      assert.deepEqual(changes.map(({ id }) => id), [old.id, gone.id, added.id]);
      assert.equal(changes[0]!.state!.marks.read, true);
      assert.equal(changes[1]!.state, undefined);
      assert.deepEqual(changes[2]!.state, marked);
    }));

  test("a page has at most the changes asked for, and its cursor goes on after them", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const start = await now(mailbox, inbox);
      const made: ItemState[] = [];
      for (let n = 0; n < 7; n++) made.push(await put(mailbox, inbox, `no ${n}`));
      await mailbox.remove(made[2]!.id, token());
      for (const limit of [1, 2, 3, 7, 8]) {
        const seen: ItemChange[] = [];
        for (let cursor = start, more = true; more;) {
          const page = await mailbox.changes(inbox, cursor, limit);
          assert.ok(page.changes.length <= limit);
          seen.push(...page.changes);
          assert.ok(seen.length <= 7, "changes come to their end");
          ({ cursor, more } = page);
        }
        const wanted = [0, 1, 3, 4, 5, 6, 2].map((n) => made[n]!.id);
        assert.deepEqual(seen.map(({ id }) => id), wanted, `pages of ${limit}`);
        assert.equal(seen.at(-1)!.state, undefined);
      }
    }));

  test("a cursor brings the same again, and nothing when all was seen", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const cursor = await now(mailbox, inbox);
      await put(mailbox, inbox, "once");
      const first = await mailbox.changes(inbox, cursor, 10);
      assert.deepEqual(await mailbox.changes(inbox, cursor, 10), first);
      assert.deepEqual(await since(mailbox, inbox, first.cursor), []);
    }));

  test("an item that came and went is at most an end", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const cursor = await now(mailbox, inbox);
      const short = await put(mailbox, inbox, "short");
      await mailbox.remove(short.id, token());
      const changes = await since(mailbox, inbox, cursor);
      assert.ok(changes.every(({ id, state }) => id === short.id && state === undefined));
      assert.ok(changes.length <= 1);
    }));

  test("a folder's history is its own", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const drafts = await folder("drafts");
      const cursor = await now(mailbox, drafts);
      await put(mailbox, inbox, "elsewhere");
      assert.deepEqual(await since(mailbox, drafts, cursor), []);
    }));
}

function snapshots(withPlace: WithPlace): void {
  test("a listing from a snapshot point and the changes after it give the whole folder", () =>
    withPlace(async ({ mailbox, inbox, folder, clock }) => {
      const random = seededRandom(20_260_301);
      const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
      const trash = await folder("trash");
      const meddle = async () => {
        const items = await listAll(mailbox, inbox, 100);
        const dice = random();
        if (dice < 0.5 || items.length < 4) {
          const date = clock.now() - Math.floor(random() * 20) * 1000;
          await put(mailbox, inbox, `at ${date}`, date);
        } else if (dice < 0.7) {
          await mailbox.mark(pick(items).id, { read: random() < 0.5 }, token());
        } else if (dice < 0.85) await mailbox.move(pick(items).id, trash, token());
        else await mailbox.remove(pick(items).id, token());
      };
      for (let n = 0; n < 20; n++) await meddle();

      const device = new Map<string, ItemState>();
      let cursor = await now(mailbox, inbox);
      await meddle();
      for (let after: string | undefined, first = true; first || after !== undefined;) {
        const page = await mailbox.list(inbox, after === undefined ? {} : { after }, 3);
        for (const item of page.items) {
          assert.ok(!device.has(item.id), "a listing brings no item twice");
          device.set(item.id, item);
        }
        after = page.next;
        first = false;
        await meddle();
        await meddle();
      }
      for (let round = 0; round < 10; round++) {
        const page = await mailbox.changes(inbox, cursor, 2);
        for (const { id, state } of page.changes) state ? device.set(id, state) : device.delete(id);
        cursor = page.cursor;
        if (round < 3) await meddle();
      }
      for (const { id, state } of await since(mailbox, inbox, cursor)) {
        state ? device.set(id, state) : device.delete(id);
      }
      const there = await listAll(mailbox, inbox, 100);
      assert.deepEqual(
        [...device.values()].sort((a, b) => a.id.localeCompare(b.id)),
        [...there].sort((a, b) => a.id.localeCompare(b.id)),
      );
    }));
}

function marks(withPlace: WithPlace): void {
  test("marks that are given are set, and the others stay", () =>
    withPlace(async ({ mailbox, inbox, clock }) => {
      const { id } = await put(mailbox, inbox, "marked");
      const flag: Flag = { status: "active", type: "Follow up", due: clock.now() };
      await mailbox.mark(id, { flag, keywords: ["Blue", "Work"] }, token());
      await mailbox.mark(id, { read: true, verb: { kind: "replyAll", at: 5 } }, token());
      const { marks } = await mailbox.mark(id, { answered: true, draft: false }, token());
      const wanted = {
        read: true,
        flag,
        answered: true,
        forwarded: false,
        draft: false,
        keywords: ["Blue", "Work"],
        verb: { kind: "replyAll" as const, at: 5 },
      };
      assert.deepEqual(marks, wanted);
      assert.deepEqual((await readOne(mailbox, id)).state.marks, wanted);
      const cleared = await mailbox.mark(id, { flag: undefined, keywords: [] }, token());
      assert.deepEqual([cleared.marks.flag, cleared.marks.keywords], [undefined, []]);
    }));

  test("marks that are set already are no change, and the content's revision is not theirs", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const made = await put(mailbox, inbox, "steady");
      const first = await mailbox.mark(made.id, { read: true, keywords: ["a", "b"] }, token());
      const cursor = await now(mailbox, inbox);
      const again = await mailbox.mark(made.id, { read: true, keywords: ["b", "a", "b"] }, token());
      assert.deepEqual(again, first);
      assert.deepEqual(await since(mailbox, inbox, cursor), []);
      assert.equal(again.revision, made.revision);
      assert.equal(again.date, made.date);
    }));

  test("an item can be created with marks", () =>
    withPlace(async ({ mailbox, folder }) => {
      const drafts = await folder("drafts");
      const item = { mime: message("a draft"), marks: { draft: true, read: true } };
      const made = await mailbox.create(drafts, item, token());
      assert.deepEqual([made.marks.draft, made.marks.read, made.marks.flag], [
        true,
        true,
        undefined,
      ]);
      assert.deepEqual((await listAll(mailbox, drafts))[0], made);
    }));
}

function moves(withPlace: WithPlace): void {
  test("a moved item has a new id there, and everything else of it stays", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const archive = await folder("archive");
      const made = await put(mailbox, inbox, "keep this", 1_700_000_000_000);
      await mailbox.mark(made.id, { read: true, keywords: ["kept"] }, token());
      const before = await readOne(mailbox, made.id, { text: 1000 });
      const source = await now(mailbox, inbox);
      const target = await now(mailbox, archive);
      const id = await mailbox.move(made.id, archive, token());
      assert.notEqual(id, made.id);
      assert.match(id, /^[A-Za-z0-9._:-]{1,60}$/);
      const gone = await since(mailbox, inbox, source);
      assert.deepEqual(gone.map(({ id, state }) => [id, state]), [[made.id, undefined]]);
      const [change] = await since(mailbox, archive, target);
      assert.deepEqual(change, { id, state: { ...before.state, id } });
      const after = await readOne(mailbox, id, { text: 1000 });
      assert.deepEqual(after, { ...before, id, folder: archive, state: { ...before.state, id } });
      assert.deepEqual(await bytes(mailbox, id, ""), Uint8Array.from(message("keep this")));
    }));

  test("moving to where it is already leaves an item alone", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const made = await put(mailbox, inbox, "settled");
      const cursor = await now(mailbox, inbox);
      assert.equal(await mailbox.move(made.id, inbox, token()), made.id);
      assert.deepEqual(await since(mailbox, inbox, cursor), []);
    }));

  test("what is gone cannot be marked or moved, and removing it again succeeds", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const made = await put(mailbox, inbox, "brief");
      const trash = await folder("trash");
      await mailbox.remove(made.id, token());
      const cursor = await now(mailbox, inbox);
      await mailbox.remove(made.id, token());
      assert.deepEqual(await since(mailbox, inbox, cursor), []);
      for (const id of [made.id, "1:999999", "nonsense", ""]) {
        await assert.rejects(mailbox.mark(id, { read: true }, token()), NotFound, id);
        await assert.rejects(mailbox.move(id, trash, token()), NotFound, id);
        await assert.rejects(mailbox.part(id, ""), NotFound, id);
        await mailbox.remove(id, token());
      }
      const other = await put(mailbox, inbox, "other");
      assert.notEqual(other.id, made.id, "an id is not used twice");
      await assert.rejects(mailbox.move(other.id, "999999", token()), NotFound);
      assert.deepEqual((await listAll(mailbox, inbox)).map(({ id }) => id), [other.id]);
    }));
}
