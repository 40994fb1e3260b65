// Other contents for an item: an APPEND, to which its row goes over; the message before is deleted.
import { NotFound } from "../../../api.ts";
import type { NewItem } from "../../../api.ts";
import { withMarks } from "../../../marks.ts";
import type { ItemId, ItemState } from "../../../model.ts";
import { type Appending, appendOnce } from "./append_once.ts";
import { type FolderWrite, writeFolder } from "./folder_state.ts";
import {
  endRows,
  insertRows,
  itemId,
  type ItemRow,
  leftover,
  present,
  rowsById,
  rowsByUid,
  stateOf,
  updateRows,
} from "./item_rows.ts";
import { needItem, needItemNow } from "./find_item.ts";
import { inPlace, type ItemStore, settle } from "./item_store.ts";
import { placeId } from "../folders/place_rows.ts";
import { type Attempt, once } from "./journal.ts";
import { extraFor, flagsOf, marksOf, wantedFlags } from "./marks.ts";
import { checkSeen, noteSeen, type Seen } from "./note.ts";
import { checkRight } from "../folders/places.ts";
import { checkDeletes, purgeLeftovers } from "./purge.ts";
import { factsOf, spool, wholeSecond } from "./put.ts";

/** As {@link Mailbox.replace}. */
export async function replaceItem(
  store: ItemStore,
  id: ItemId,
  content: NewItem,
  token: string,
): Promise<ItemState> {
  return await once<Appending, ItemState>(store, token, async (attempt) => {
    const first = await needItem(store, id);
    // Before a connection is taken: the content may be made from the one that it replaces.
    const message = await spool(content.mime, store.maxMessageSize);
    const folder = placeId(first.folder);
    const made = await inPlace(store, folder, async (place, open) => {
      checkRight(place, "insert");
      checkRight(place, "remove");
      checkDeletes(open);
      await settle(store, place, open);
      // Now, and not before: another replacement may have come while a connection was waited for.
      const row = await needItemNow(store, open, first);
      const old = await factsOf(open.client, row.uid!);
      // An earlier try may have come as far as to delete it.
      if (!old && !attempt.before) throw new NotFound(`Cannot find item ${id}`);
      const now = old ?? { flags: row.flags, date: row.date };
      const marks = withMarks(marksOf(now.flags, row.extra ?? undefined), content.marks ?? {});
      const { facts, meant } = await appendOnce(store, place, open, attempt, token, message, {
        marks,
        date: wholeSecond(content.date ?? now.date),
        flags: [...wantedFlags(marks), ...flagsOf(now.flags).filter(isSomebodys)],
      });
      const state = await noteSeen(
        store,
        place.number,
        open,
        facts,
        (facts, expected) => noteReplaced(store, row, attempt, facts, meant, expected),
      );
      await purgeLeftovers(store, place, open);
      return state;
    }, { write: true, doing: "replace the item" });
    store.wrote?.(folder);
    return made;
  });
}

/** A flag that no mark stands for, such as `$MDNSent`: it stays with its item. */
function isSomebodys(flag: string): boolean {
  return /^\$/.test(flag) && flag.toLowerCase() !== "$forwarded";
}

/** The item's row goes over to the new message; the old one is left behind, ours to delete. */
async function noteReplaced(
  { db, clock, connections }: ItemStore,
  { id, folder }: ItemRow,
  attempt: Attempt<Appending>,
  facts: Seen,
  { marks }: Appending,
  expected: number | undefined,
): Promise<ItemState> {
  return await db.transaction((tx) =>
    writeFolder(tx, folder, clock.now(), expected, async (to) => {
      checkSeen(to, facts, expected);
      const [row] = await rowsById(tx, connections.account.id, [id]);
      if (!row) throw new NotFound(`Cannot find item ${itemId({ folder, id })}`);
      // A look at the folder between the APPEND and now has taken it for a new message.
      const strangers = await rowsByUid(tx, folder, [facts.uid]);
      await endRows(to, strangers.filter((one) => one.id !== id));
      const { uid, print, date, flags } = facts;
      const extra = extraFor(flags, marks) ?? null;
      const next = { ...row, uid, flags, extra, gone: present, seq: to.next() };
      await updateRows(tx, [next]);
      await tx.run(
        "UPDATE mailbox_imap_item SET print = ?, date = ?, revision = revision + 1, at = NULL " +
          "WHERE id = ?",
        [print, date, id],
      );
      if (row.uid !== null && row.uid !== uid) await leaveBehind(to, row);
      const state = stateOf({ ...next, date, revision: row.revision + 1 });
      await attempt.done(tx, state, id);
      if (facts.gone) await endRows(to, [next]);
      return state;
    })
  );
}

/** A message that is no item any more, under the UID that a row had. */
async function leaveBehind(to: FolderWrite, { uid, print, date, flags }: ItemRow): Promise<void> {
  await insertRows(to.tx, to.folder, [{ uid: uid!, print, date, flags, gone: leftover, seq: 0 }]);
  to.set({ leftovers: to.state.leftovers + 1 });
}
