// Folders that hold nothing but folders, such as "[Gmail]" or "Public": phones list and open them, too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  listAll,
  message,
  readAll,
  subjects,
  token,
} from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { Forgotten, Refused } from "../../../api.ts";
import { type Desk, openDesk } from "../_items_kit.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
before(async () => {
  if (!found.skip) dovecot = await startDovecot({ specialFolders: true });
});
after(() => dovecot?.stop());

async function withDesk(work: (desk: Desk) => Promise<void>): Promise<void> {
  const desk = await openDesk({ server: dovecot, user: await dovecot.addUser() });
  try {
    await work(desk);
  } finally {
    await desk.close();
  }
}

/** The folder of that path, as the server has it by now. */
async function look({ store: { places } }: Desk, path: string) {
  await places.refresh();
  return (await places.all()).find((place) => place.path === path)!;
}

test(
  "a folder that holds folders only is empty, and takes no mail",
  found,
  () =>
    withDesk(async (desk) => {
      const { box, inbox } = desk;
      await (await desk.other()).mailboxCreate("Public/Board");
      const { id, selectable } = await look(desk, "Public");
      assert.equal(selectable, false);
      assert.deepEqual(await box.list(id, {}, 10), { items: [], next: undefined });
      assert.equal(await box.count(id, {}), 0);
      const { cursor, ...rest } = await box.changes(id, undefined, 10);
      assert.deepEqual(rest, { changes: [], more: false });
      assert.deepEqual(await box.changes(id, cursor, 10), { changes: [], cursor, more: false });
      const mail = { mime: message("here") };
      const refused = (error: unknown) => error instanceof Refused && error.reason === "readonly";
      await assert.rejects(box.create(id, mail, token()), refused);
      const { id: item } = await box.create(inbox, mail, token());
      await assert.rejects(box.move(item, id, token()), refused);
      assert.deepEqual((await box.list(inbox, {}, 10)).items.map(({ id }) => id), [item]);
    }),
);

test(
  "a folder that gets messages, or loses its own, is looked at anew",
  found,
  () =>
    withDesk(async (desk) => {
      const { box } = desk;
      const other = await desk.other();
      await other.mailboxCreate("a/b");
      const { id } = await look(desk, "a");
      const empty = await box.changes(id, undefined, 10);
      await other.mailboxCreate("a");
      await other.append("a", message("first"));
      assert.equal((await look(desk, "a")).id, id);
      await assert.rejects(box.changes(id, empty.cursor, 10), Forgotten);
      assert.deepEqual(await subjects(box, await listAll(box, id, 10)), ["first"]);
      const [first] = await listAll(box, id, 10);
      const full = await box.changes(id, undefined, 10);
      await other.mailboxDelete("a");
      // Dovecot lists it as before.
      assert.equal((await look(desk, "a")).id, id);
      await assert.rejects(box.changes(id, full.cursor, 10), Forgotten);
      assert.deepEqual(await listAll(box, id, 10), []);
      assert.equal(await box.count(id, {}), 0);
      assert.deepEqual(await readAll(box, [first!.id]), []);
    }),
);
