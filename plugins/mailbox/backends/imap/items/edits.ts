// Marks set on items, and items removed.
import { NotFound, Refused } from "../../../api.ts";
import { sameMarks, withMarks } from "../../../marks.ts";
import type { ItemId, ItemState, Marks } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { isRefusal } from "../connections/errors.ts";
import { fetchFlags } from "./facts.ts";
import { Overtaken, readState, untilFirst, writeFolder } from "./folder_state.ts";
import {
  deleted,
  ended,
  endRows,
  itemId,
  type ItemRow,
  leftover,
  present,
  stateOf,
  updateRows,
} from "./item_rows.ts";
import { inPlace, type ItemStore, settle } from "./item_store.ts";
import { takingFrom } from "./in_turn.ts";
import { placeId } from "../folders/place_rows.ts";
import { type Attempt, once } from "./journal.ts";
import { extraFor, flagChanges, flagsText, isPermanent, marksOf } from "./marks.ts";
import { deleteMessages, purgeLeftovers } from "./purge.ts";
import { checkRight, type Place } from "../folders/places.ts";
import { atom, command, pairs, word, words } from "../connections/raw.ts";
import { findItem, needItem, needItemNow, rowNow } from "./find_item.ts";

/** As {@link Mailbox.mark}. */
export async function markItem(
  store: ItemStore,
  id: ItemId,
  marks: Partial<Marks>,
  token: string,
): Promise<ItemState> {
  return await once(store, token, async (attempt) => {
    const first = await needItem(store, id);
    const folder = placeId(first.folder);
    const work = async (place: Place, open: OpenFolder) => {
      await settle(store, place, open);
      return await setMarks(store, open, first, marks, attempt);
    };
    const { state, changed } = await inPlace(
      store,
      folder,
      (place, open) => untilFirst(() => work(place, open)),
      { write: true, repeatable: true, doing: "mark the item" },
    );
    if (changed) store.wrote?.(folder);
    return state;
  });
}

/** Sets marks; what was seen of the server is noted only where nobody has seen something newer. */
async function setMarks(
  store: ItemStore,
  open: OpenFolder,
  first: ItemRow,
  given: Partial<Marks>,
  attempt: Attempt<unknown>,
): Promise<{ readonly state: ItemState; readonly changed: boolean }> {
  const { db, clock } = store;
  const { folder } = first;
  const version = (await readState(db, folder))?.version;
  // Which message it is now, with that version: another one where it was replaced meanwhile.
  const { validity: _, ...row } = await needItemNow(store, open, first);
  const uid = row.uid!;
  const before = await flagsNow(open, uid);
  if (before === undefined) throw new NotFound(`Cannot find item ${itemId(row)}`);
  const extra = row.extra ?? undefined;
  const wanted = withMarks(marksOf(before, extra), given);
  const flags = await storeFlags(open, uid, before, flagChanges(before, extra, wanted));
  return await db.transaction((tx) =>
    writeFolder(tx, folder, clock.now(), version, async ({ next }) => {
      const marked = { ...row, flags, extra: extraFor(flags, wanted) ?? null };
      const after = sameState(row, marked) ? marked : { ...marked, seq: next() };
      await updateRows(tx, [after]);
      const state = stateOf(after);
      await attempt.done(tx, state);
      return { state, changed: after !== marked };
    })
  );
}

/** The flags of a message; undefined where it is not there (any more). */
async function flagsNow({ client }: OpenFolder, uid: number): Promise<string | undefined> {
  let now: string | undefined;
  // Servers tell of changes of other messages along with it; Cyrus does so first.
  for await (const one of fetchFlags(client, String(uid))) if (one.uid === uid) now = one.flags;
  return now;
}

/** Sets and takes flags; returns those that the message has then. */
async function storeFlags(
  open: OpenFolder,
  uid: number,
  before: string,
  { add, remove }: ReturnType<typeof flagChanges>,
): Promise<string> {
  const { mailbox } = open;
  const keeps = (flag: string) => isPermanent(mailbox.permanentFlags, flag);
  const refused = [...add, ...remove].find((flag) => flag.startsWith("\\") && !keeps(flag));
  if (refused) {
    throw new Refused(
      "readonly",
      `Cannot set ${refused} in ${mailbox.path}: the server keeps none`,
    );
  }
  let flags = before;
  const kept = add.filter(keeps);
  if (kept.length > 0) flags = await addFlags(open, uid, kept) ?? flags;
  if (remove.length > 0) flags = await store(open, uid, "-FLAGS", remove) ?? flags;
  return flags;
}

async function addFlags(open: OpenFolder, uid: number, add: readonly string[]) {
  const system = add.filter((flag) => flag.startsWith("\\"));
  try {
    return await store(open, uid, "+FLAGS", add);
  } catch (error) {
    // Keywords that the server will not take are kept by us; other flags it has to take.
    if (!isRefusal(error) || system.length === add.length) throw error;
    return system.length > 0 ? await store(open, uid, "+FLAGS", system) : undefined;
  }
}

/** STORE; returns the flags of the message after it. */
async function store(
  open: OpenFolder,
  uid: number,
  how: "+FLAGS" | "-FLAGS",
  flags: readonly string[],
): Promise<string | undefined> {
  let after: string | undefined;
  const set = { type: "SEQUENCE", value: String(uid) };
  await command(open.client, "UID STORE", [set, atom(how), flags.map(atom)], {
    FETCH: (tokens) => {
      const found = pairs(tokens[1]);
      if (word(found.get("UID")) === String(uid) && found.has("FLAGS")) {
        after = flagsText(words(found.get("FLAGS")));
      }
    },
  });
  return after ?? await flagsNow(open, uid);
}

/** As {@link Mailbox.remove}. It needs no token: what is gone stays gone. */
export async function removeItem(store: ItemStore, id: ItemId): Promise<void> {
  const first = await findItem(store, id);
  if (!first || isOver(first)) return;
  const folder = placeId(first.folder);
  try {
    await takingFrom(store, first.folder, () =>
      inPlace(
        store,
        folder,
        (place, open) => untilFirst(() => removeMessage(store, place, open, first)),
        { write: true, repeatable: true, doing: "remove the item" },
      ));
  } catch (error) {
    // The whole folder is gone, and the item with it.
    if (!(error instanceof NotFound)) throw error;
  }
  store.wrote?.(folder);
}

/** Removes the message that an item is now, and notes it. Overtaken: it is another one by then. */
async function removeMessage(
  store: ItemStore,
  place: Place,
  open: OpenFolder,
  first: ItemRow,
): Promise<void> {
  await settle(store, place, open);
  const row = await rowNow(store, open, first);
  if (row?.gone === leftover) return await purgeLeftovers(store, place, open);
  if (!row || isOver(row)) return;
  checkRight(place, "remove");
  const purged = await deleteMessages(open, [row.uid!]).catch(async (error) => {
    // It may have been done by half, and nobody asks for it again who finds the item gone.
    if (!isRefusal(error) && !(error instanceof Refused)) await leaveToUs(store, row);
    throw error;
  });
  await store.db.transaction((tx) =>
    writeFolder(tx, row.folder, store.clock.now(), undefined, async (to) => {
      const now = await findItem({ ...store, db: tx }, itemId(first));
      if (!now || isOver(now)) return;
      // Replaced meanwhile: without a row the new message would be there, and nobody told of it.
      if (now.uid !== row.uid) throw new Overtaken("Cannot note the end: there is a new message");
      if (purged) return await endRows(to, [now]);
      const seq = now.gone === present ? to.next() : now.seq;
      await updateRows(tx, [{ ...now, gone: deleted, seq }]);
    })
  );
}

/** Whoever looks at the folder next deletes the message. */
async function leaveToUs(store: ItemStore, { id, uid, folder }: ItemRow): Promise<void> {
  await store.db.transaction((tx) =>
    writeFolder(tx, folder, store.clock.now(), undefined, async (to) => {
      const now = await findItem({ ...store, db: tx }, itemId({ id, folder }));
      if (!now || isOver(now) || now.uid !== uid) return;
      const seq = now.gone === present ? to.next() : now.seq;
      await updateRows(tx, [{ ...now, gone: leftover, seq }]);
      to.set({ leftovers: to.state.leftovers + 1 });
    })
  );
}

function isOver({ gone, uid }: ItemRow): boolean {
  return gone === ended || gone === leftover || uid === null;
}

/** Whether rows tell the same marks. */
function sameState(one: ItemRow, other: ItemRow): boolean {
  const marks = (row: ItemRow) => marksOf(row.flags, row.extra ?? undefined);
  return sameMarks(marks(one), marks(other));
}
