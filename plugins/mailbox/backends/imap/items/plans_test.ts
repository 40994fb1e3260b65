// No statement about items reads more rows than it brings: SQLite's own plans show it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Database, Value } from "../../../../../core/mod.ts";
import { listAll, message, token } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { Device } from "../_device_kit.ts";
import { itemDatabase, openDesk } from "../_items_kit.ts";
import { endRows, insertRows, rowsBetween, waitingRows } from "./item_rows.ts";
import { beginState, writeFolder } from "./folder_state.ts";
import { tidyItems } from "./item_tables.ts";
import { openItemIndex } from "./known_items.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
before(async () => {
  if (!found.skip) dovecot = await startDovecot({ specialFolders: true });
});
after(() => dovecot?.stop());

/** A database that keeps the statements about items. */
function recording(db: Database, seen: Map<string, readonly Value[]>): Database {
  const keep = (sql: string, values: readonly Value[] = []) => {
    if (/mailbox_imap_(item|state|write)/.test(sql)) seen.set(sql, values);
  };
  return {
    all: (sql, values) => (keep(sql, values), db.all(sql, values)),
    run: (sql, values) => (keep(sql, values), db.run(sql, values)),
    transaction: (work) => db.transaction((tx) => work(recording(tx, seen))),
    close: () => db.close(),
  };
}

/** Steps that read a whole table, or a whole folder, or sort. */
async function wrongSteps(db: Database, sql: string, values: readonly Value[]): Promise<string[]> {
  const plan = await db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, values);
  // The array of what is asked for, and a row that is made of nothing.
  const fine = /^SCAN (j VIRTUAL TABLE|json_each VIRTUAL TABLE|CONSTANT ROW)/;
  return plan.map(({ detail }) => detail).filter((detail) =>
    (/\bSCAN\b|TEMP B-TREE/.test(detail) && !fine.test(detail)) ||
    /mailbox_imap_item_uid \(folder=\?\)/.test(detail)
  );
}

test("listing, changes, finding and writing use an index, and sort nothing", found, async () => {
  const db = await itemDatabase();
  const seen = new Map<string, readonly Value[]>();
  const user = await dovecot.addUser();
  const desk = await openDesk({ server: dovecot, user, db: recording(db, seen) });
  const { box, inbox, store } = desk;
  const trash = desk.folder("trash");
  const device = await new Device(box, inbox).begin();
  const imap = await desk.other();
  for (let n = 0; n < 4; n++) await imap.append("INBOX", message(`no ${n}`));
  await device.sync(2);
  const [one, two, three, four] = [...device.items.keys()];
  await imap.mailboxOpen("INBOX");
  await imap.messageFlagsAdd("1", ["\\Seen"]);
  await imap.messageDelete("4");
  await device.sync(2);
  await box.mark(one!, { read: true }, token());
  await box.replace(two!, { mime: message("other") }, "once");
  await box.move(three!, trash, token());
  await box.remove(four!, token());
  await box.create(inbox, { mime: message("new") }, token());
  await listAll(box, inbox);
  await box.count(inbox, {});
  await openItemIndex(store).locate([one!, two!]);
  // What is rare: another UIDVALIDITY, a repeat that looks for what it did, tidying up.
  const state = await beginState(store.db, 1, 99, {
    validity: "1",
    modseq: "",
    uidnext: 9,
    messages: 1,
  });
  await waitingRows(store.db, 99, ["print"]);
  await rowsBetween(store.db, 99, [1, 9], 5);
  await store.db.transaction((tx) =>
    writeFolder(tx, 99, 0, state.version, async (to) => {
      const fresh = { uid: 1, print: "", date: 0, flags: "", gone: 0, seq: 1 };
      await endRows(to, await insertRows(tx, 99, [fresh]));
    })
  );
  await db.run("UPDATE mailbox_imap_write SET outcome = NULL WHERE token = 'once'");
  await box.replace(two!, { mime: message("other") }, "once");
  await tidyItems(store.db, 9e12);
  await desk.close();

  assert.ok(seen.size >= 20, `${seen.size} statements`);
  for (const [sql, values] of seen) {
    assert.deepEqual(await wrongSteps(db, sql, values), [], sql);
  }
  await db.close();
});
