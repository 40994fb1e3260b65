// Listings over IMAP beyond what the suite asks: their cost, their tokens, days and time zones.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImapFlow } from "imapflow";
import { listAll, message, subjects, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startFakeImap } from "../../../../../tests/servers/fake_imap.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import type { ItemState } from "../../../model.ts";
import { type Desk, openDesk } from "../_items_kit.ts";
import { tapped } from "../_tapped_kit.ts";
import { openItems } from "./items.ts";
import { Orders } from "./order.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(found, { specialFolders: true }, (...both) => [dovecot, tap] = both);

const minute = 60_000;
const day = 1440 * minute;

async function begin(work: (desk: Desk, imap: ImapFlow) => Promise<void>): Promise<void> {
  const desk = await openDesk({ server: dovecot, port: tap.port, user: await dovecot.addUser() });
  try {
    await work(desk, await desk.other());
  } finally {
    await desk.close();
  }
}

/** Appends messages, each a minute older than the one before. */
async function fill({ clock }: Desk, imap: ImapFlow, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await imap.append("INBOX", message(`no ${n}`), [], new Date(clock.now() - n * minute));
  }
}

const ids = (items: readonly ItemState[]) => items.map(({ id }) => id);

test(
  "a page costs one FETCH at most, the first one a SEARCH and the dates beside it",
  found,
  () =>
    begin(async (desk, imap) => {
      await fill(desk, imap, 30);
      const { box, inbox } = desk;
      await box.changes(inbox, undefined, 0);
      tap.reset();
      const first = await box.list(inbox, {}, 10);
      const asked = tap.names().filter((name) => !/NOOP|STATUS/.test(name));
      assert.deepEqual(asked, ["UID SEARCH", "UID FETCH", "UID FETCH"]);
      const pages: number[] = [];
      for (let page = first; page.next !== undefined;) {
        tap.reset();
        page = await box.list(inbox, { after: page.next }, 10);
        pages.push(tap.names().filter((name) => name === "UID FETCH").length);
        assert.ok(tap.names().length <= 3, tap.names().join());
      }
      // Nobody reads them, so that nothing is told in advance: see `message_facts_test.ts`.
      assert.deepEqual(pages, [1, 1]);
      tap.reset();
      assert.equal(await box.count(inbox, { since: desk.clock.now() - 9 * minute }), 10);
      assert.ok(!tap.names().some((name) => /FETCH|SEARCH/.test(name)), tap.names().join());
    }),
);

test("a window asks for the dates of its days only", found, () =>
  begin(async (desk, imap) => {
    const { box, inbox, clock } = desk;
    for (let n = 0; n < 40; n++) {
      await imap.append("INBOX", message(`${n} days`), [], new Date(clock.now() - n * day));
    }
    await box.changes(inbox, undefined, 0);
    tap.reset();
    const page = await box.list(inbox, { since: clock.now() - 3 * day }, 100);
    assert.deepEqual(await subjects(box, page.items), ["0 days", "1 days", "2 days", "3 days"]);
    assert.ok(tap.bytes.toClient < 10_000);
    const dates = tap.commands.find(({ words }) => /INTERNALDATE/.test(words))!;
    assert.match(dates.words, /^1:[4-6] /);
    // A wider one asks for the others only.
    tap.reset();
    assert.equal((await box.list(inbox, {}, 100)).items.length, 40);
    assert.match(tap.commands.find(({ words }) => /INTERNALDATE/.test(words))!.words, /^[5-7]:40 /);
  }));

test(
  "a window is exact to the second, in whatever time zone a message arrived",
  found,
  () =>
    begin(async (desk, imap) => {
      const { box, inbox } = desk;
      const edge = Date.UTC(2026, 1, 10);
      const dates = [
        edge - 13 * 60 * minute,
        edge - 1000,
        edge,
        edge + 1000,
        edge + 13 * 60 * minute,
      ];
      for (const date of dates) {
        await imap.append("INBOX", message(`${date - edge}`), [], new Date(date));
      }
      for (const at of dates) {
        const dated = async (from: object) =>
          (await box.list(inbox, from, 10)).items.map(({ date }) => date);
        const newest = [...dates].reverse();
        assert.deepEqual(
          await dated({ since: at }),
          newest.filter((date) => date >= at),
        );
        assert.deepEqual(await dated({ until: at }), newest.filter((date) => date < at));
        assert.deepEqual(await dated({ since: at - 0.5 }), newest.filter((date) => date >= at));
        assert.equal(
          await box.count(inbox, { since: at }),
          newest.filter((one) => one >= at).length,
        );
      }
    }),
);

test(
  "a listing goes on where it was in another process, and after mail came and went",
  found,
  () =>
    begin(async (desk, imap) => {
      await fill(desk, imap, 12);
      const { box, inbox, store } = desk;
      const whole = ids(await listAll(box, inbox));
      const first = await box.list(inbox, {}, 4);
      const other = openItems(store, new Orders());
      assert.deepEqual(
        ids((await other.list(inbox, { after: first.next! }, 4)).items),
        whole.slice(4, 8),
      );
      await imap.mailboxOpen("INBOX");
      // The last one told, one that comes next, and new ones above and below.
      await imap.messageDelete("4,6", { uid: true });
      await imap.append("INBOX", message("above"), [], new Date(desk.clock.now() + minute));
      await imap.append("INBOX", message("below"), [], new Date(desk.clock.now() - 400 * minute));
      // Longer than a look at the folder is relied on.
      await desk.clock.tick(1001);
      for (const items of [box, openItems(store, new Orders())]) {
        const rest = await items.list(inbox, { after: first.next! }, 50);
        assert.deepEqual(
          ids(rest.items).slice(0, 7),
          whole.slice(4).filter((id) => id !== whole[5]),
        );
        assert.deepEqual(await subjects(box, rest.items.slice(7)), ["below"]);
        assert.equal(rest.next, undefined);
      }
    }),
);

test(
  "a token that nobody gave out begins somewhere, and breaks nothing",
  found,
  () =>
    begin(async (desk, imap) => {
      await fill(desk, imap, 3);
      for (const after of ["nonsense", "1.2", "x.y.z", "9e99.1.1", ""]) {
        const { items } = await desk.box.list(desk.inbox, { after }, 10);
        assert.ok(items.length <= 3, after);
      }
    }),
);

test(
  "orders share their memory, and are made anew when they were driven out",
  found,
  () =>
    begin(async (desk, imap) => {
      await fill(desk, imap, 5);
      const items = openItems(desk.store, new Orders(300));
      const trash = desk.folder("trash");
      await desk.box.create(trash, { mime: message("thrown away") }, token());
      for (let n = 0; n < 3; n++) {
        assert.equal((await items.list(desk.inbox, {}, 10)).items.length, 5);
        assert.equal((await items.list(trash, {}, 10)).items.length, 1);
      }
    }),
);

test("a message whose arrival the server does not tell at once is not left out", async () => {
  const fake = await startFakeImap({
    capabilities: ["ENABLE", "CONDSTORE", "UIDPLUS", "NAMESPACE"],
  });
  const user = fake.addUser();
  for (let n = 0; n < 3; n++) fake.deliver(user, message(`no ${n}`));
  const desk = await openDesk({ server: fake, user });
  try {
    await desk.box.changes(desk.inbox, undefined, 0);
    let asked = 0;
    fake.rule = ({ words }) =>
      words.endsWith("(INTERNALDATE)") && ++asked === 1 ? { refuse: "OK Done" } : undefined;
    assert.equal((await desk.box.list(desk.inbox, {}, 100)).items.length, 3);
    assert.equal(asked, 2);
  } finally {
    await desk.close();
    await fake.stop();
  }
});
