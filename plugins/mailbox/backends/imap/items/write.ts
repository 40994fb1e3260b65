// New messages, and other contents for items: both are an APPEND, and a row that learns of it.
import { NotFound } from "../../../api.ts";
import type { NewItem } from "../../../api.ts";
import { firstMarks, sameMarks, withMarks } from "../../../marks.ts";
import type { FolderId, ItemId, ItemState, Marks } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { messageIdOf, printOf } from "./facts.ts";
import { type FolderWrite, snapshotOf, writeFolder } from "./folder_state.ts";
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
import { findItem, inPlace, type ItemStore, rowNow, settle } from "./item_store.ts";
import { placeId } from "../folders/place_rows.ts";
import { type Attempt, once } from "./journal.ts";
import { extraFor, flagsOf, flagsText, isPermanent, marksOf, wantedFlags } from "./marks.ts";
import { checkSeen, noteSeen, rowFor, type Seen } from "./note.ts";
import { checkRight, type Place } from "../folders/places.ts";
import { checkDeletes, purgeLeftovers } from "./purge.ts";
import {
  append,
  beginning,
  factsOf,
  findPut,
  type Meant,
  spool,
  type Spooled,
  wholeSecond,
} from "./put.ts";

/** What an APPEND is meant to bring. */
interface Appending extends Meant {
  readonly marks: Marks;
  /** Which UID it got, where the server has said so and nothing more was heard. */
  readonly uid?: number;
}

/** As {@link Mailbox.create}. */
export async function createItem(
  store: ItemStore,
  folder: FolderId,
  item: NewItem,
  token: string,
): Promise<ItemState> {
  return await once<Appending, ItemState>(store, token, async (attempt) => {
    checkRight(await store.places.place(folder), "insert");
    const message = await spool(item.mime, store.maxMessageSize);
    const marks = firstMarks(item.marks);
    const date = wholeSecond(item.date ?? store.clock.now());
    const made = await inPlace(store, folder, async (place, open) => {
      checkRight(place, "insert");
      await settle(store, place, open);
      const { facts, meant } = await appendOnce(store, place, open, attempt, token, message, {
        marks,
        date,
        flags: wantedFlags(marks),
      });
      return await noteSeen(
        store,
        place.number,
        open,
        facts,
        (facts, expected) => noteCreated(store, place, attempt, facts, meant, expected),
      );
    }, { write: true, doing: "store the message" });
    store.wrote?.(folder);
    return made;
  });
}

/** What a message is appended with. */
interface Appended {
  readonly marks: Marks;
  readonly date: number;
  readonly flags: readonly string[];
}

/** Appends a message, unless an earlier try has done so; what the server has of it then. */
async function appendOnce(
  store: ItemStore,
  place: Place,
  open: OpenFolder,
  attempt: Attempt<Appending>,
  token: string,
  message: Spooled,
  how: Appended,
): Promise<{ readonly facts: Seen; readonly meant: Appending }> {
  const { before } = attempt;
  const earlier = before && await findAppended(store, open, before, token, how);
  if (before && earlier) return { facts: earlier, meant: before };
  const { validity, uidnext } = snapshotOf(open);
  const { client, mailbox } = open;
  const meant: Appending = {
    folder: place.number,
    validity,
    uidnext,
    messageId: messageIdOf(headOf(message)),
    date: how.date,
    size: message.size,
    marks: how.marks,
  };
  await attempt.intend(meant);
  const flags = how.flags.filter((flag) => isPermanent(mailbox.permanentFlags, flag));
  const put = await append(client, place.path, message, flags, how.date);
  if (put?.validity === validity) {
    const seen = await factsOf(client, put.uid).catch(async (error) => {
      // Now it is known to have been done, even if somebody moves it before it is asked for again.
      await attempt.intend({ ...meant, uid: put.uid });
      throw error;
    });
    return { facts: seen ?? goneBy(meant, put.uid, how), meant };
  }
  const facts = await findPut(store, open, meant, token);
  // Somebody may have deleted it already: then nothing is there to tell of.
  if (!facts) throw new NotFound("Cannot find the message that was just stored");
  return { facts, meant };
}

/** What an earlier try has appended; undefined where it has not. */
async function findAppended(
  store: ItemStore,
  open: OpenFolder,
  before: Appending,
  token: string,
  how: Appended,
): Promise<Seen | undefined> {
  const found = await findPut(store, open, before, token);
  const known = before.uid !== undefined && before.validity === snapshotOf(open).validity;
  return found ?? (known ? goneBy(before, before.uid, how) : undefined);
}

/** A message that was there, and that somebody has taken away since. */
function goneBy({ messageId, date, size }: Appending, uid: number, { flags }: Appended): Seen {
  const print = printOf(messageId, date, size);
  return { uid, flags: flagsText(flags), date, size, messageId, print, gone: true };
}

function headOf(message: Spooled): Uint8Array {
  const begin = beginning(message, 1 << 18);
  const end = /\r?\n\r?\n/.exec(
    Buffer.from(begin.buffer, begin.byteOffset, begin.length).toString("latin1"),
  );
  return end ? begin.subarray(0, end.index + end[0].length) : begin;
}

/** The row of a new message, and the answer. A look at the folder may have made it meanwhile. */
async function noteCreated(
  { db, clock }: ItemStore,
  place: Place,
  attempt: Attempt<Appending>,
  facts: Seen,
  { marks }: Appending,
  expected: number | undefined,
): Promise<ItemState> {
  return await db.transaction((tx) =>
    writeFolder(tx, place.number, clock.now(), expected, async (to) => {
      checkSeen(to, facts, expected);
      const extra = extraFor(facts.flags, marks) ?? null;
      const row = await rowFor(to, facts, { extra, revision: 1 });
      const state = stateOf(row);
      await attempt.done(tx, state, row.id);
      if (facts.gone) await endRows(to, [row]);
      return state;
    })
  );
}

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

/** The row of an item that is there. Throws NotFound. */
export async function needItem(
  store: ItemStore,
  id: ItemId,
): Promise<ItemRow & { validity: string }> {
  return there(await findItem(store, id), id);
}

/** As {@link needItem}, of an item as it is by now: see {@link rowNow}. */
export async function needItemNow(
  store: ItemStore,
  open: OpenFolder,
  first: ItemRow,
): Promise<ItemRow & { validity: string }> {
  return there(await rowNow(store, open, first), itemId(first));
}

function there<R extends ItemRow>(row: R | undefined, id: ItemId): R {
  if (row?.gone !== present || row.uid === null) throw new NotFound(`Cannot find item ${id}`);
  return row;
}

/** Whether rows tell the same marks. */
export function sameState(one: ItemRow, other: ItemRow): boolean {
  const marks = (row: ItemRow) => marksOf(row.flags, row.extra ?? undefined);
  return sameMarks(marks(one), marks(other));
}
