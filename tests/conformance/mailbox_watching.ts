// The mailbox suite: who waits for a change is woken by it.
import assert from "node:assert/strict";
import { test as one } from "node:test";
import type { WithPlace } from "./mailbox.ts";
import { account, eventually, listAll, message, openTwice, put, token } from "./mailbox_kit.ts";
import { settle } from "../kit.ts";
import type { Tests } from "../together.ts";

const top = (name: string) => ({ name, parent: undefined, class: "mail" as const });

export function watching(withPlace: WithPlace, test: Tests = one): void {
  test("new mail, marks, moves and removals wake who watches that folder", () =>
    withPlace(async ({ mailbox, inbox, folder, clock, news = settle }) => {
      const trash = await folder("trash");
      const told: string[] = [];
      let before: string[] = [];
      const wakes = async (wanted: string[]) => {
        await news(() => wanted.every((id) => told.includes(id)));
        // Where somebody else tells, what was done here may be told once more, and any time later.
        const echoes = news === settle ? [] : before.filter((id) => !wanted.includes(id));
        const others = told.filter((id) => !echoes.includes(id));
        assert.deepEqual([...new Set(others)].sort(), [...wanted].sort());
        told.length = 0;
        before = wanted;
      };
      const stop = mailbox.watch([inbox, trash], (id) => told.push(id));
      const made = await put(mailbox, inbox, "ping");
      await wakes([inbox]);
      await mailbox.mark(made.id, { read: true }, token());
      await wakes([inbox]);
      const moved = await mailbox.move(made.id, trash, token());
      await wakes([inbox, trash]);
      await mailbox.remove(moved, token());
      await wakes([trash]);
      await clock.tick(5000);
      await wakes([]);
      stop();
    }));

  test("what changes nothing, or something else, wakes nobody", () =>
    withPlace(async ({ mailbox, inbox, folder, clock, backend, news = settle }) => {
      const made = await put(mailbox, inbox, "quiet");
      const told: string[] = [];
      const stop = mailbox.watch([await folder("trash"), ""], (id) => told.push(id));
      const other = openTwice(backend, 2);
      await mailbox.mark(made.id, { read: true }, token());
      await mailbox.mark(made.id, { read: true }, token());
      await put(other, (await other.folders(undefined)).changes[0]!.id, "somebody else's");
      await clock.tick(5000);
      await news(() => true);
      assert.deepEqual(told, []);
      stop();
    }));

  test("an edit of the hierarchy wakes who watches that", () =>
    withPlace(async ({ mailbox, news = settle }) => {
      let told = 0;
      const stop = mailbox.watch([""], (id) => {
        assert.equal(id, "");
        told++;
      });
      const wakes = async (edit: () => Promise<unknown>) => {
        told = 0;
        await edit();
        await news(() => told > 0);
        assert.ok(told > 0);
      };
      let id = "";
      await wakes(async () => ({ id } = await mailbox.createFolder(top("New"), token())));
      await wakes(() => mailbox.updateFolder(id, { name: "Newer", parent: undefined }));
      await wakes(() => mailbox.removeFolder(id));
      stop();
    }));

  test("a watch that was ended is silent, and no timer stays", () =>
    withPlace(async ({ mailbox, inbox, clock, news = settle }) => {
      const before = clock.pending;
      const told: string[] = [];
      const stops = ["one", "two", "three"].map((name) =>
        mailbox.watch([inbox, ""], () => told.push(name))
      );
      stops[1]!();
      stops[1]!();
      await put(mailbox, inbox, "wake up");
      await news(() => told.length > 1);
      assert.deepEqual([...new Set(told)].sort(), ["one", "three"]);
      stops[0]!();
      stops[2]!();
      told.length = 0;
      await put(mailbox, inbox, "nobody there");
      await clock.tick(5000);
      await news(() => true);
      assert.deepEqual(told, []);
      await eventually(clock, () => clock.pending <= before);
    }));

  test("who is told may end the watch and watch anew without harm to others", () =>
    withPlace(async ({ mailbox, inbox, news }) => {
      const told: string[] = [];
      // Where somebody else tells, one change may be told more than once, but not to who has gone.
      const heard = async (...wanted: string[]) => {
        await (news ?? settle)(() => wanted.every((name) => told.includes(name)));
        if (!news) assert.deepEqual([...told].sort(), wanted);
        assert.deepEqual(wanted.filter((name) => !told.includes(name)), []);
        assert.equal(told.filter((name) => name === "first").length, 1);
      };
      let again: (() => void) | undefined;
      const first = mailbox.watch([inbox], () => {
        told.push("first");
        first();
        again = mailbox.watch([inbox], () => told.push("again"));
      });
      const second = mailbox.watch([inbox], () => told.push("second"));
      await put(mailbox, inbox, "one");
      await heard("first", "second");
      await put(mailbox, inbox, "two");
      await heard("again", "first", "second", "second");
      again!();
      second();
    }));

  test("ten thousand watches are cheap, and each is woken by its own folder", () =>
    withPlace(async ({ mailbox, inbox, folder, clock, news }) => {
      const trash = await folder("trash");
      const before = clock.pending;
      let woken = 0;
      let wrong = 0;
      const stops: (() => void)[] = [];
      for (let n = 0; n < 10_000; n++) {
        stops.push(mailbox.watch([n % 100 ? trash : inbox, ""], (id) => {
          if (id === inbox) woken++;
          else wrong++;
        }));
      }
      assert.ok(clock.pending <= before + 1, "they share a timer");
      await put(mailbox, inbox, "to the hundredth");
      await (news ?? settle)(() => woken > 99);
      for (const stop of stops) stop();
      assert.deepEqual([news ? woken % 100 : woken - 100, wrong], [0, 0]);
      assert.ok(woken > 0);
    }));

  test("another process's changes are seen at once and wake within a second", () =>
    withPlace(async ({ mailbox, inbox, clock, news, reopen }) => {
      if (!reopen) return;
      // Where a server tells of some things only, looks every now and then find the others.
      const hears = async (id: string) => {
        await news?.(() => told.includes(id));
        await eventually(clock, () => told.includes(id));
      };
      const other = await reopen();
      const told: string[] = [];
      const stop = mailbox.watch([inbox, ""], (id) => told.push(id));
      await eventually(clock, () => clock.pending > 0);
      const theirs = other.open(account(1));
      const made = await theirs.create(inbox, { mime: message("imported") }, token());
      assert.deepEqual((await listAll(mailbox, inbox)).map(({ id }) => id), [made.id]);
      const before = clock.now();
      await hears(inbox);
      assert.deepEqual([...new Set(told)], [inbox]);
      await openTwice(other).createFolder(top("Theirs"), token());
      await hears("");
      assert.ok(news || clock.now() - before < 60_000);
      stop();
    }));
}
