// Items moved to other folders: MOVE, or COPY and the deletion of what it leaves behind.
import type { Database } from "../../../../../core/mod.ts";
import { NotFound } from "../../../api.ts";
import type { FolderId, ItemId } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { type Facts } from "./facts.ts";
import { folderNumbers } from "../folders/folder_numbers.ts";
import { type FolderWrite, Overtaken, readState, untilFirst, writeFolder } from "./folder_state.ts";
import {
  endRows,
  itemId,
  type ItemRow,
  leftover,
  present,
  rowsById,
  updateRows,
} from "./item_rows.ts";
import { inPlace, type ItemStore, settle } from "./item_store.ts";
import { takingFrom } from "./in_turn.ts";
import { checkSeen, noteSeen, rowFor, type Seen } from "./note.ts";
import { placeId } from "../folders/place_rows.ts";
import { type Attempt, once } from "./journal.ts";
import { isGivenAway } from "./marks.ts";
import { checkRight, type Place } from "../folders/places.ts";
import { checkDeletes, deleteLeftovers, purgeLeftovers } from "./purge.ts";
import { factsOf, findPut, type Meant, moves, transfer } from "./put.ts";
import { findItem, needItem, needItemNow } from "./find_item.ts";

/** What a move is meant to bring. */
interface Moving extends Meant {
  /** Moved in one step, or copied: then the source has to be deleted. */
  readonly how: "MOVE" | "COPY";
  /** The content that is moved. */
  readonly revision: number;
}

/** As {@link Mailbox.move}. */
export async function moveItem(
  store: ItemStore,
  id: ItemId,
  to: FolderId,
  token: string,
): Promise<ItemId> {
  return await once<Moving, ItemId>(store, token, async (attempt) => {
    const source = await findItem(store, id);
    if (!source) throw new NotFound(`Cannot find item ${id}`);
    const target = await store.places.place(to);
    const from = placeId(source.folder);
    if (target.number === source.folder) {
      await needItem(store, id);
      return id;
    }
    const made = await takingFrom(store, source.folder, async () => {
      const moved = attempt.before && await finishMove(store, source, attempt, token, to);
      return moved ?? await untilFirst(() => beginMove(store, id, target, attempt, token));
    });
    store.wrote?.(from);
    store.wrote?.(to);
    return made;
  });
}

/** An earlier try may have moved it: then it is there, and what is here still is ours to delete. */
async function finishMove(
  store: ItemStore,
  source: ItemRow,
  attempt: Attempt<Moving>,
  token: string,
  to: FolderId,
): Promise<ItemId | undefined> {
  // A server that died in the middle of a MOVE may have put it there and not taken it from here.
  const meant: Moving = { ...attempt.before!, how: "COPY" };
  const find = (open: OpenFolder) => findPut(store, open, meant, token);
  return await noteThere(store, source, attempt, meant, to, find);
}

/** Notes a move whose message has to be looked at in its new folder; undefined: it is not there. */
async function noteThere(
  store: ItemStore,
  source: ItemRow,
  attempt: Attempt<Moving>,
  meant: Moving,
  to: FolderId,
  find: (open: OpenFolder) => Promise<Facts | undefined>,
): Promise<ItemId | undefined> {
  const made = await inPlace(store, to, async (place, open) => {
    await settle(store, place, open);
    const facts = await find(open);
    return facts &&
      await noteSeen(
        store,
        place.number,
        open,
        facts,
        (facts, expected) => noteMoved(store, source, attempt, meant, facts, expected),
      );
  }, { repeatable: true });
  if (made !== undefined) await deleteLeftovers(store, placeId(source.folder), source.folder);
  return made;
}

/**
 * Overtaken: the item has got another message since it was looked at, and the one it had was gone
 * before it could be moved. Where that one was moved (IMAP knows no condition for MOVE or COPY), it is
 * in the other folder as it was, and the item stays with its new content: nothing is lost.
 */
async function beginMove(
  store: ItemStore,
  id: ItemId,
  target: Place,
  attempt: Attempt<Moving>,
  token: string,
): Promise<ItemId> {
  const first = await needItem(store, id);
  checkRight(target, "insert");
  // The rows of a folder that nobody has looked at begin with what is in it now.
  if (!await readState(store.db, target.number)) {
    await inPlace(store, target.id, (place, open) => settle(store, place, open));
  }
  const sent = await inPlace(store, placeId(first.folder), async (place, open) => {
    checkRight(place, "remove");
    checkDeletes(open);
    await settle(store, place, open);
    // Now, and not before: somebody may have replaced it while a connection was waited for.
    const row = await needItemNow(store, open, first);
    const facts = await factsOf(open.client, row.uid!);
    if (!facts) throw new NotFound(`Cannot find item ${id}`);
    const meant = await intend(open, target, facts, row, attempt);
    const put = await transfer(open.client, meant.how, row.uid!, target.path);
    // Where the server says to where, and nobody was there yet, nothing has to be looked at.
    if (put?.validity !== meant.validity) return { row, meant };
    const there = { ...facts, uid: put.uid };
    const made = await unlessOvertaken(() => noteMoved(store, row, attempt, meant, there));
    if (made !== undefined) await purgeLeftovers(store, place, open);
    return { row, meant, made, there };
  }, { write: true, doing: "move the item" });
  if (sent.made !== undefined) return sent.made;
  const { row, meant, there } = sent;
  const find = async (open: OpenFolder) =>
    there
      ? await factsOf(open.client, there.uid) ?? { ...there, gone: true }
      : await findPut(store, open, meant, token);
  const made = await noteThere(store, row, attempt, meant, target.id, find);
  if (made !== undefined) return made;
  if ((await needItem(store, id)).revision !== row.revision) {
    throw new Overtaken("Cannot move the item: it has another message");
  }
  throw new NotFound(`Cannot find item ${id}`);
}

async function unlessOvertaken<R>(work: () => Promise<R>): Promise<R | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Overtaken) return undefined;
    throw error;
  }
}

/** Notes what is going to be done, and how the target was before. */
async function intend(
  { client }: OpenFolder,
  target: Place,
  { messageId, date, size }: Facts,
  { revision }: ItemRow,
  attempt: Attempt<Moving>,
): Promise<Moving> {
  const now = await folderNumbers(client, target.path);
  const validity = String(now.uidValidity);
  const uidnext = now.uidNext ?? 1;
  const how = moves(client) ? "MOVE" : "COPY";
  const meant: Moving = {
    folder: target.number,
    validity,
    uidnext,
    messageId,
    date,
    size,
    how,
    revision,
  };
  await attempt.intend(meant);
  return meant;
}

/** The rows of both folders, and the answer. */
async function noteMoved(
  { db, clock, connections }: ItemStore,
  { id, folder }: ItemRow,
  attempt: Attempt<Moving>,
  meant: Moving,
  facts: Seen,
  expected?: number,
): Promise<ItemId> {
  const now = clock.now();
  return await db.transaction(async (tx) => {
    const [source] = await rowsById(tx, connections.account.id, [id]);
    if (!source) throw new NotFound(`Cannot find item ${itemId({ folder, id })}`);
    await writeFolder(tx, folder, now, undefined, (to) => leaveSource(to, source, meant));
    return await writeFolder(tx, meant.folder, now, expected, async (to) => {
      checkSeen(to, facts, expected);
      // What was seen there before we noted it may have other marks by now.
      const extra = isGivenAway(source.extra) ? undefined : source.extra;
      const row = await rowFor(to, facts, { extra, revision: meant.revision });
      if (source.extra !== null) await forget(tx, source);
      await attempt.done(tx, itemId(row), row.id);
      if (facts.gone) await endRows(to, [row]);
      return itemId(row);
    });
  });
}

/** What the server does not keep of an item is kept at one place only. */
async function forget(tx: Database, { id }: ItemRow): Promise<void> {
  await tx.run("UPDATE mailbox_imap_item SET extra = NULL WHERE id = ?", [id]);
}

/**
 * The item is gone from where it was; a copied message is still there, ours to delete. Where it has
 * got another content meanwhile, that one stays.
 */
async function leaveSource(
  to: FolderWrite,
  source: ItemRow,
  { how, revision }: Moving,
): Promise<void> {
  if (source.uid === null || source.gone === leftover || source.revision !== revision) return;
  if (how === "MOVE") return await endRows(to, [source]);
  const seq = source.gone === present ? to.next() : source.seq;
  await updateRows(to.tx, [{ ...source, gone: leftover, seq }]);
  to.set({ leftovers: to.state.leftovers + 1 });
}
