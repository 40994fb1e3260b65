// The mailbox suite: delivery to several, conversations, sending, and writes that happen once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NotFound } from "../../plugins/mailbox/api.ts";
import type { Backend, Mailbox } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import {
  account,
  allFolders,
  bytes,
  inPieces,
  listAll,
  message,
  openTwice,
  put,
  readOne,
  token,
} from "./mailbox_kit.ts";

async function inboxOf(backend: Backend, id: number): Promise<{ box: Mailbox; inbox: string }> {
  const box = openTwice(backend, id);
  return { box, inbox: (await allFolders(box)).find(({ role }) => role === "inbox")!.id };
}

export function deliveries(withPlace: WithPlace): void {
  test("one message is delivered to several accounts, once per token and account", () =>
    withPlace(async ({ backend, clock }) => {
      if (!backend.deliver) return;
      const mime = message("for all of you");
      await backend.deliver(inPieces(mime), [account(3), account(4)], "letter-1");
      await backend.deliver(inPieces(mime), [account(4), account(5)], "letter-1");
      for (const id of [3, 4, 5]) {
        const { box, inbox } = await inboxOf(backend, id);
        const [item, ...more] = await listAll(box, inbox);
        assert.deepEqual([more.length, item?.marks.read, item?.date], [0, false, clock.now()]);
        assert.deepEqual(await bytes(box, item!.id, ""), Uint8Array.from(mime));
      }
    }));

  test("a recipient's copy goes on its own", () =>
    withPlace(async ({ backend }) => {
      if (!backend.deliver) return;
      await backend.deliver(inPieces(message("shared")), [account(3), account(4)], "letter-2");
      const three = await inboxOf(backend, 3);
      const four = await inboxOf(backend, 4);
      const [mine] = await listAll(three.box, three.inbox);
      await three.box.mark(mine!.id, { read: true }, token());
      await three.box.remove(mine!.id, token());
      const [theirs] = await listAll(four.box, four.inbox);
      assert.equal(theirs!.marks.read, false);
      assert.deepEqual(await bytes(four.box, theirs!.id, ""), Uint8Array.from(message("shared")));
    }));

  test("a message whose stream breaks off is not there", () =>
    withPlace(async ({ mailbox, inbox, backend }) => {
      async function* broken() {
        yield message("half a message");
        await Promise.resolve();
        throw new Error("connection lost");
      }
      const again = token();
      const raw = backend.open(account(1));
      await assert.rejects(raw.create(inbox, { mime: broken() }, again), /connection lost/);
      if (backend.deliver) {
        await assert.rejects(backend.deliver(broken(), [account(1)], again), /connection lost/);
      }
      assert.deepEqual(await listAll(mailbox, inbox), []);
      await mailbox.create(inbox, { mime: message("whole") }, again);
      assert.equal((await listAll(mailbox, inbox)).length, 1);
    }));

  conversations(withPlace);
}

function conversations(withPlace: WithPlace): void {
  const letter = (subject: string, ...headers: string[]) => message(subject, { headers });

  test("the messages of a conversation share their thread, in whatever order they come", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const letters = {
        root: letter("Summer party", "Message-ID: <a@x>"),
        answer: letter("Re: Summer party", "Message-ID: <b@x>", "In-Reply-To: <a@x>"),
        later: letter("Re: Summer party", "Message-ID: <c@x>", "References: <a@x> <b@x>"),
        last: letter("AW: Summer party", "Message-ID: <d@x>", "References: <b@x> <c@x>"),
      };
      const orders = [["root", "answer", "later", "last"], ["later", "root", "last", "answer"]];
      for (const [turn, order] of orders.entries()) {
        const threads = [];
        for (const name of order as (keyof typeof letters)[]) {
          // Other ids each turn, so that the turns do not meet.
          const mime = letters[name].toString().replaceAll("@x>", `@x${turn}>`);
          const { id } = await mailbox.create(
            inbox,
            { mime: new TextEncoder().encode(mime) },
            token(),
          );
          threads.push((await readOne(mailbox, id)).mail!.thread);
        }
        assert.match(threads[0]!, /^[0-9a-f]{32}$/);
        assert.deepEqual(new Set(threads).size, 1, order.join());
      }
    }));

  test("an answer that names no message goes by its subject, and a new message does not", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const thread = async (subject: string, ...headers: string[]) => {
        const { id } = await mailbox.create(inbox, { mime: letter(subject, ...headers) }, token());
        return (await readOne(mailbox, id)).mail!.thread;
      };
      const first = await thread("Budget 2026", "Message-ID: <one@x>");
      assert.equal(await thread("RE: budget 2026", "Message-ID: <two@x>"), first);
      const second = await thread("Budget 2026", "Message-ID: <three@x>");
      assert.notEqual(second, first);
      const named = await thread("Re: Budget 2026", "Message-ID: <4@x>", "In-Reply-To: <one@x>");
      assert.equal(named, first);
    }));
}

export function tokensOnce(withPlace: WithPlace): void {
  test("a write that is repeated after other writes does not happen again", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const trash = await folder("trash");
      const made = await mailbox.create(inbox, { mime: message("one") }, "create-1");
      const read = await mailbox.mark(made.id, { read: true }, "mark-1");
      await mailbox.mark(made.id, { read: false }, "mark-2");
      assert.deepEqual(await mailbox.mark(made.id, { read: true }, "mark-1"), read);
      assert.equal((await readOne(mailbox, made.id)).state.marks.read, false);
      const moved = await mailbox.move(made.id, trash, "move-1");
      const back = await mailbox.move(moved, inbox, "move-2");
      assert.equal(await mailbox.move(made.id, trash, "move-1"), moved);
      await mailbox.remove(back, "remove-1");
      assert.equal(await mailbox.move(moved, inbox, "move-2"), back);
      assert.deepEqual(await mailbox.create(inbox, { mime: message("one") }, "create-1"), made);
      assert.deepEqual([await listAll(mailbox, inbox), await listAll(mailbox, trash)], [[], []]);
    }));

  test("two writes at once with one token are one write", () =>
    withPlace(async ({ backend, inbox, mailbox, reopen }) => {
      const boxes = [backend, await reopen?.() ?? backend].map((each) => each.open(account(1)));
      const mime = message("only once");
      const [one, two] = await Promise.all(
        boxes.map((box) => box.create(inbox, { mime: inPieces(mime) }, "same")),
      );
      assert.deepEqual(two, one);
      assert.equal((await listAll(mailbox, inbox)).length, 1);
      const trash = (await allFolders(mailbox)).find(({ role }) => role === "trash")!.id;
      const ids = await Promise.all(boxes.map((box) => box.move(one!.id, trash, "same move")));
      assert.equal(ids[1], ids[0]);
      assert.equal((await listAll(mailbox, trash)).length, 1);
    }));

  test("a write that failed did not happen, and its token is free", () =>
    withPlace(async ({ mailbox, inbox }) => {
      await assert.rejects(mailbox.create("999999", { mime: message("lost") }, "again"), NotFound);
      const made = await mailbox.create(inbox, { mime: message("found") }, "again");
      assert.deepEqual((await listAll(mailbox, inbox)).map(({ id }) => id), [made.id]);
    }));

  test("tokens are an account's own", () =>
    withPlace(async ({ backend }) => {
      const one = await inboxOf(backend, 1);
      const two = await inboxOf(backend, 2);
      await one.box.create(one.inbox, { mime: message("first account") }, "shared token");
      await two.box.create(two.inbox, { mime: message("second account") }, "shared token");
      assert.equal((await listAll(one.box, one.inbox)).length, 1);
      assert.equal((await listAll(two.box, two.inbox)).length, 1);
    }));

  test("many writes at once all happen", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const start = (await mailbox.changes(inbox, undefined, 1)).cursor;
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, n) => put(mailbox, inbox, `no ${n}`)),
      );
      assert.equal(new Set(made.map(({ id }) => id)).size, 20);
      assert.equal((await mailbox.changes(inbox, start, 100)).changes.length, 20);
      assert.equal(await mailbox.count(inbox, {}), 20);
    }));
}
