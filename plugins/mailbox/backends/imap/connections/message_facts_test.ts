// What a listing was told serves the read that follows it, and never longer than it holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImapFlow } from "imapflow";
import { message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import type { Item } from "../../../model.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

/** Ten messages, which were listed just now. */
async function begin(
  work: (desk: Desk, ids: readonly string[], imap: ImapFlow) => Promise<void>,
): Promise<void> {
  const desk = await openDesk({ server: dovecot, port: tap.port, user: await dovecot.addUser() });
  try {
    const imap = await desk.other();
    for (let n = 0; n < 10; n++) await imap.append("INBOX", message(`no ${n}`));
    await imap.mailboxOpen("INBOX");
    await desk.box.changes(desk.inbox, undefined, 0);
    const { items } = await desk.box.list(desk.inbox, {}, 10);
    tap.reset();
    await work(desk, items.map(({ id }) => id), imap);
  } finally {
    await desk.close();
  }
}

async function read({ box }: Desk, ids: readonly string[]): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of box.read(ids, { text: 100 })) items.push(item);
  return items;
}

/** Longer than what was seen is relied on without asking. */
const aWhile = ({ clock }: Desk) => clock.tick(1001);

const fetches = () => tap.commands.filter(({ name }) => name === "UID FETCH");
const asksFacts = () => fetches().some(({ words }) => /BODYSTRUCTURE/.test(words));

test(
  "what was listed just now is read by one FETCH, of the texts alone",
  found,
  () =>
    begin(async (desk, ids) => {
      const items = await read(desk, ids);
      assert.deepEqual(items.map(({ id }) => id), ids);
      assert.match(items[0]!.mail!.subject, /^no \d$/);
      assert.deepEqual(tap.names(), ["UID FETCH"]);
      assert.ok(!asksFacts());
    }),
);

test(
  "what was listed a while ago is read after a look at what has happened since",
  found,
  () =>
    begin(async (desk, ids) => {
      await aWhile(desk);
      await read(desk, ids);
      // Nothing: so what was told still holds.
      assert.deepEqual(tap.names(), ["NOOP", "UID FETCH"]);
      assert.ok(!asksFacts());
    }),
);

test(
  "what was listed long ago is asked for again",
  found,
  () =>
    begin(async (desk, ids) => {
      await desk.clock.tick(30_001);
      await read(desk, ids);
      assert.ok(asksFacts());
    }),
);

test(
  "who reads a second page has the next ones told in advance, as long as nothing happens",
  found,
  () =>
    begin(async (desk, ids, imap) => {
      const { box, inbox, clock } = desk;
      const page = async (after: string | undefined) => {
        const { items, next } = await box.list(inbox, { ...after && { after } }, 2);
        await read(desk, items.map(({ id }) => id));
        return { ids: items.map(({ id }) => id), next: next! };
      };
      const first = await page(undefined);
      const second = await page(first.next);
      tap.reset();
      const third = await page(second.next);
      assert.deepEqual(third.ids, ids.slice(4, 6));
      const sets = fetches().filter(({ words }) => /BODYSTRUCTURE/.test(words));
      // What was begun after the second page may have come to the server only now.
      assert.ok(sets.every(({ words }) => words.startsWith("1:6 ")), `${sets.length}`);
      await imap.messageFlagsAdd("1:*", ["\\Seen"]);
      await clock.tick(1001);
      tap.reset();
      const fourth = await box.list(inbox, { after: third.next }, 2);
      assert.ok(asksFacts());
      const items = await read(desk, fourth.items.map(({ id }) => id));
      assert.ok(items.every(({ state }) => state.marks.read));
    }),
);

test(
  "what is told in advance is not relied on where something was done meanwhile",
  found,
  () =>
    begin(async (desk, ids) => {
      const { box, inbox } = desk;
      const first = await box.list(inbox, {}, 2);
      const second = await box.list(inbox, { after: first.next! }, 2);
      await read(desk, second.items.map(({ id }) => id));
      // The next pages are on their way.
      await box.mark(ids[5]!, { read: true }, token());
      const third = await box.list(inbox, { after: second.next! }, 2);
      assert.deepEqual(third.items.map(({ marks }) => marks.read), [false, true]);
    }),
);

test(
  "it is read once: the next read asks the server again",
  found,
  () =>
    begin(async (desk, ids) => {
      const first = await read(desk, ids);
      tap.reset();
      assert.deepEqual(await read(desk, ids), first);
      assert.ok(asksFacts());
    }),
);

test(
  "flags that somebody else changed since the listing are those of now",
  found,
  () =>
    begin(async (desk, ids, imap) => {
      const before = await read(desk, ids.slice(0, 1));
      assert.equal(before[0]!.state.marks.read, false);
      await aWhile(desk);
      await imap.messageFlagsAdd("1:*", ["\\Seen"]);
      assert.ok((await read(desk, ids)).every(({ state }) => state.marks.read));
      assert.ok(asksFacts());
    }),
);

test(
  "what somebody else removed since the listing is left out",
  found,
  () =>
    begin(async (desk, ids, imap) => {
      await imap.messageDelete("1:9");
      await aWhile(desk);
      assert.equal((await read(desk, ids)).length, 1);
    }),
);

test("our own changes since the listing show", found, () =>
  begin(async (desk, ids) => {
    await desk.box.mark(ids[3]!, { read: true }, token());
    await desk.box.remove(ids[4]!, token());
    const items = await read(desk, ids);
    assert.deepEqual(items.map(({ id }) => id), ids.filter((_, at) => at !== 4));
    assert.deepEqual(items.filter(({ state }) => state.marks.read).map(({ id }) => id), [ids[3]]);
  }));

test(
  "a look at the changes between a listing and its read forgets what was told",
  found,
  () =>
    begin(async (desk, ids, imap) => {
      await imap.messageFlagsAdd("1:*", ["\\Seen"]);
      await desk.box.changes(desk.inbox, undefined, 0);
      assert.ok((await read(desk, ids)).every(({ state }) => state.marks.read));
    }),
);

test(
  "a long page is told as a whole, too: only texts are asked for when it is read",
  found,
  () =>
    begin(async (desk, _, imap) => {
      for (let n = 0; n < 502; n++) await imap.append("INBOX", message(`more ${n}`));
      await aWhile(desk);
      const { items } = await desk.box.list(desk.inbox, {}, 512);
      tap.reset();
      assert.equal((await read(desk, items.map(({ id }) => id))).length, 512);
      assert.ok(!asksFacts());
    }),
);

test(
  "of messages with much to tell as many are kept as there is room for, the newest first",
  found,
  () =>
    begin(async (desk, _, imap) => {
      const to = Array.from({ length: 4000 }, (_, n) => `<somebody.number.${n}@example.net>`);
      const long = `To: ${to.join(",\r\n ")}\r\nSubject: many\r\n\r\nText\r\n`;
      for (let n = 0; n < 10; n++) await imap.append("INBOX", long);
      await aWhile(desk);
      const { items } = await desk.box.list(desk.inbox, {}, 20);
      tap.reset();
      assert.equal((await read(desk, items.map(({ id }) => id))).length, 20);
      // A mebibyte of those that have 150 KB each: UIDs 11 to 20.
      const asked = fetches().filter(({ words }) => /BODYSTRUCTURE/.test(words));
      assert.deepEqual(asked.map(({ words }) => words.split(" ")[0]), ["1:14"]);
    }),
);
