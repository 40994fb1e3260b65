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
