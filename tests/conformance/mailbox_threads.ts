// The mailbox suite: whole conversations, and where their mail goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NotFound } from "../../plugins/mailbox/api.ts";
import type { Backend, Mailbox, Threads } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import {
  account,
  allFolders,
  inPieces,
  listAll,
  message,
  readOne,
  subjects,
  token,
} from "./mailbox_kit.ts";

type Box = Mailbox & Threads;

function open(backend: Backend, id = 1): Box {
  const mailbox = backend.open(account(id));
  assert.ok("conversation" in mailbox, "the suite needs a backend that knows conversations");
  return mailbox as Box;
}

const first = { headers: ["Message-ID: <lunch@example.net>"] };
const answer = (to: string) => ({ headers: [`In-Reply-To: <${to}@example.net>`] });

const threadOf = async (box: Box, id: string) => (await readOne(box, id)).mail!.thread;
const inboxOf = async (box: Box) =>
  (await allFolders(box)).find(({ role }) => role === "inbox")!.id;

export function threads(withPlace: WithPlace): void {
  test("a conversation is all of its items in all folders, newest first, and nobody else's", () =>
    withPlace(async ({ backend, inbox, folder }) => {
      const box = open(backend), other = open(backend, 2);
      const archive = await folder("archive");
      const put = async (to: string, mime: Uint8Array, date: number, mailbox = box) =>
        (await mailbox.create(to, { mime, date }, token())).id;
      const one = await put(inbox, message("Lunch", first), 1000);
      const two = await put(archive, message("Re: Lunch", answer("lunch")), 3000);
      const three = await put(inbox, message("Re: Lunch", answer("lunch")), 2000);
      await put(inbox, message("Dinner"), 4000);
      await put(await inboxOf(other), message("Lunch", first), 5000, other);
      const thread = await threadOf(box, one);
      const found = await box.conversation(thread);
      assert.deepEqual(
        found.map((each) => [each.folder, each.state.id]),
        [[archive, two], [inbox, three], [inbox, one]],
      );
      assert.deepEqual(found[2]!.state, (await readOne(box, one)).state);
      const moved = await box.move(one, archive, token());
      await box.remove(three, token());
      const ids = (await box.conversation(thread)).map(({ state }) => state.id);
      assert.deepEqual(ids, [two, moved]);
      assert.deepEqual(await box.conversation("0".repeat(32)), []);
    }));

  test("the items of a conversation in one folder can be listed, and how far they reach told", () =>
    withPlace(async ({ backend, inbox, folder }) => {
      const box = open(backend), other = open(backend, 2);
      const archive = await folder("archive");
      const put = async (to: string, mime: Uint8Array, date: number, mailbox = box) =>
        (await mailbox.create(to, { mime, date }, token())).id;
      const answers = message("Re: Lunch", answer("lunch"));
      const one = await put(inbox, message("Lunch", first), 1000);
      const two = await put(inbox, answers, 2000);
      const three = await put(inbox, answers, 3000);
      await put(archive, answers, 9000);
      const dinner = await put(inbox, message("Dinner"), 4000);
      await put(await inboxOf(other), message("Lunch", first), 500, other);
      const [thread, alone] = [await threadOf(box, one), await threadOf(box, dinner)];
      const ids = async (from: Parameters<Box["list"]>[1], limit = 10) =>
        (await box.list(inbox, { thread, ...from }, limit)).items.map(({ id }) => id);
      assert.deepEqual(await ids({}), [three, two, one]);
      assert.deepEqual(await ids({ until: 3000 }), [two, one]);
      const page = await box.list(inbox, { thread }, 2);
      assert.deepEqual(await ids({ after: page.next! }), [one]);
      assert.equal(await box.count(inbox, { thread, since: 2000 }), 2);
      assert.deepEqual([...await box.spans(inbox, [thread, alone, "0".repeat(32)])], [
        [thread, { oldest: 1000, newest: 3000 }],
        [alone, { oldest: 4000, newest: 4000 }],
      ]);
      assert.equal(await box.countOlder(inbox, 3000), 2);
      assert.equal(await box.countOlder(inbox, 4000), 0);
      assert.equal(await box.countOlder(inbox, 0), 0);
      await assert.rejects(box.spans("nowhere", [thread]), NotFound);
    }));

  test("items and their ends tell their conversation", () =>
    withPlace(async ({ backend, inbox, folder }) => {
      const box = open(backend);
      const { cursor } = await box.changes(inbox, undefined, 1);
      const lunch = { mime: message("Lunch", first) };
      const state = await box.create(inbox, lunch, token());
      const thread = await threadOf(box, state.id);
      assert.equal(state.thread, thread);
      assert.equal((await box.mark(state.id, { read: true }, token())).thread, thread);
      const page = await box.changes(inbox, cursor, 9);
      assert.deepEqual(page.changes.map((each) => each.state?.thread), [thread]);
      assert.deepEqual((await listAll(box, inbox)).map((each) => each.thread), [thread]);
      assert.equal((await readOne(box, state.id)).state.thread, thread);
      await box.move(state.id, await folder("archive"), token());
      const gone = await box.changes(inbox, page.cursor, 9);
      assert.deepEqual(gone.changes, [{ id: state.id, state: undefined, thread }]);
    }));

  test("mail of a diverted conversation arrives in its folder, all other mail in the inbox", () =>
    withPlace(async ({ backend, inbox, folder, reopen }) => {
      const box = open(backend);
      const archive = await folder("archive");
      const arrives = (subject: string, more = {}, by = backend) =>
        by.deliver!(inPieces(message(subject, more)), [account(1), account(2)], token());
      await arrives("Lunch", first);
      const [lunch] = await listAll(box, inbox);
      const thread = await threadOf(box, lunch!.id);
      await box.divert(thread, archive);
      await arrives("Re: Lunch", answer("lunch"), await reopen?.() ?? backend);
      await arrives("Dinner");
      assert.deepEqual(await subjects(box, await listAll(box, archive)), ["Re: Lunch"]);
      assert.deepEqual((await subjects(box, await listAll(box, inbox))).sort(), [
        "Dinner",
        "Lunch",
      ]);
      assert.equal((await box.conversation(thread)).length, 2);
      const other = open(backend, 2);
      assert.equal((await listAll(other, await inboxOf(other))).length, 3, "only for this account");
      await box.divert(thread, undefined);
      await arrives("Re: Re: Lunch", answer("lunch"));
      assert.equal((await listAll(box, inbox)).length, 3);
    }));

  test("a diversion is changed by the next one, and ends with its folder", () =>
    withPlace(async ({ backend, mailbox, inbox, folder }) => {
      const box = open(backend);
      const made = await mailbox.createFolder(
        { name: "Lunches", parent: undefined, class: "mail" },
        token(),
      );
      const { id } = await box.create(inbox, { mime: message("Lunch", first) }, token());
      const thread = await threadOf(box, id);
      const arrives = () =>
        backend.deliver!(inPieces(message("Re: Lunch", answer("lunch"))), [account(1)], token());
      await box.divert(thread, await folder("archive"));
      await box.divert(thread, made.id);
      await arrives();
      assert.equal((await listAll(box, made.id)).length, 1);
      await mailbox.removeFolder(made.id);
      await arrives();
      assert.equal((await listAll(box, inbox)).length, 2);
      await assert.rejects(box.divert(thread, made.id), NotFound);
      await assert.rejects(box.divert(thread, "nowhere"), NotFound);
    }));
}
