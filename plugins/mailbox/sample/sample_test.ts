import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../../../tests/kit.ts";
import { account } from "../../../tests/kit_mailbox.ts";
import type { Folder, Item, Mailbox, Role } from "../api.ts";
import { memoryBackend } from "../backends/memory/mod.ts";
import { pdf, sunset } from "./enclosures.ts";
import { fillWithSamples } from "./sample.ts";

const you = account(1, "you@home.example", { name: "You" });

async function filled() {
  const clock = fakeClock();
  const mailbox = memoryBackend({ clock }).open(you);
  await fillWithSamples(mailbox, you, clock);
  const folders = (await mailbox.folders(undefined)).changes.flatMap(({ folder }) => folder ?? []);
  return { clock, mailbox, folders };
}

async function itemsOf(mailbox: Mailbox, folders: readonly Folder[], role: Role): Promise<Item[]> {
  const folder = folders.find((one) => one.role === role)!;
  const { items } = await mailbox.list(folder.id, {}, 100);
  const read: Item[] = [];
  const ids = items.map(({ id }) => id);
  for await (const item of mailbox.read(ids, { text: 10_000, html: 10_000 })) read.push(item);
  return read;
}

test("The sample shows every kind of mail, readable, in its folder", async () => {
  const { clock, mailbox, folders } = await filled();
  const inbox = await itemsOf(mailbox, folders, "inbox");
  assert.equal(inbox.length, 18);
  const by = (words: string) => inbox.find(({ mail }) => mail!.subject.includes(words))!.mail!;
  for (const { problem, state } of inbox) {
    assert.equal(problem, undefined);
    assert.ok(state.date <= clock.now() && state.date > clock.now() - 14 * 86_400_000);
  }
  assert.match(by("見本").text!.content, /展示会でお会い/);
  assert.match(by("打ち合わせ").text!.content, /春の催し/);
  assert.match(by("Ваша книга").text!.content, /Библиотека открыта/);
  assert.match(by("茶叶").text!.content, /大约三天后到达/);
  assert.match(by("Samedi").text!.content, /de l'accordéon dès huit heures/);
  assert.match(by("🌊").subject, /harbour to the lighthouse and back again$/);
  assert.deepEqual(by("🌊").attachments.map(({ name }) => name), [
    "evening.png",
    "old boat (Ölförde).png",
  ]);
  assert.equal(by("Invoice").attachments[0]!.type, "application/pdf");
  assert.equal(by("Lighthouse").attachments[0]!.inline, true);
  assert.ok(
    inbox.some(({ mail }) => mail!.attachments.some(({ type }) => /ics|calendar/.test(type))),
  );
  assert.ok(inbox.some(({ state }) => state.marks.flag?.status === "active"));
  assert.ok(
    inbox.some(({ state }) => state.marks.read) && inbox.some(({ state }) => !state.marks.read),
  );
});

test("The walk is one conversation, across Inbox and Sent", async () => {
  const { mailbox, folders } = await filled();
  const all = [
    ...await itemsOf(mailbox, folders, "inbox"),
    ...await itemsOf(mailbox, folders, "sent"),
  ].filter(({ mail }) => mail!.subject.endsWith("Sunday walk"));
  assert.equal(all.length, 8);
  assert.equal(new Set(all.map(({ mail }) => mail!.thread)).size, 1);
});

test("There is a draft, sent mail and junk", async () => {
  const { mailbox, folders } = await filled();
  const [draft] = await itemsOf(mailbox, folders, "drafts");
  assert.equal(draft!.state.marks.draft, true);
  assert.equal((await itemsOf(mailbox, folders, "sent")).length, 2);
  assert.equal((await itemsOf(mailbox, folders, "junk")).length, 1);
});

test("Filling twice doubles nothing, and no real domain is named", async () => {
  const { clock, mailbox, folders } = await filled();
  await fillWithSamples(mailbox, you, clock);
  const inbox = await itemsOf(mailbox, folders, "inbox");
  assert.equal(inbox.length, 18);
  for (const { mail } of inbox) {
    for (const { address } of [...mail!.from, ...mail!.to]) {
      assert.match(address, /\.(example|test)$/);
    }
  }
});

test("The enclosures are what they say: a PNG, and a PDF whose table points at its objects", () => {
  assert.equal(sunset.subarray(1, 4).toString(), "PNG");
  const file = pdf("a (b) \\ c").toString("latin1");
  assert.match(file, /\(a \\\(b\\\) \\\\ c\) Tj/);
  const start = Number(/startxref\n(\d+)/.exec(file)![1]);
  assert.ok(file.startsWith("xref\n0 6\n", start));
  const offsets = [...file.slice(start).matchAll(/^(\d{10}) 00000 n/gm)].map(([, at]) =>
    Number(at)
  );
  for (const [index, at] of offsets.entries()) assert.ok(file.startsWith(`${index + 1} 0 obj`, at));
});
