// Items moved to other folders: MOVE, or COPY and the deletion of what it leaves behind.
import { NotFound } from "../../api.ts";
import type { FolderId, ItemId } from "../../model.ts";
import type { OpenFolder } from "./connections.ts";
import { type Facts } from "./facts.ts";
import { folderNumbers } from "./folder_numbers.ts";
import { type FolderWrite, readState, writeFolder } from "./folder_state.ts";
import {
  endRows,
  itemId,
  type ItemRow,
  leftover,
  present,
  rowsById,
  updateRows,
} from "./item_rows.ts";
import { findItem, inPlace, type ItemStore, settle } from "./item_store.ts";
import { placeId } from "./place_rows.ts";
import { type Attempt, once } from "./journal.ts";
import { checkRight, type Place } from "./places.ts";
import { checkDeletes, deleteLeftovers, purgeLeftovers } from "./purge.ts";
import { factsOf, findPut, type Meant, transfer } from "./put.ts";
import { needItem, rowFor } from "./write.ts";

/** What a move is meant to bring. */
interface Moving extends Meant {
  /** Moved in one step, or copied: then the source has to be deleted. */
  readonly how: "MOVE" | "COPY";
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
    const moved = attempt.before && await finishMove(store, source, attempt, token, to);
    const made = moved ?? await beginMove(store, id, target, attempt, token);
    store.wrote?.(from);
    store.wrote?.(to);
    return made;
  });
}

/** An earlier try may have moved it: then it is there. */
async function finishMove(
  store: ItemStore,
  source: ItemRow,
  attempt: Attempt<Moving>,
  token: string,
  to: FolderId,
): Promise<ItemId | undefined> {
  const meant = attempt.before!;
  const found = await lookFor(store, meant, token, to);
  if (!found) return undefined;
  const made = await noteMoved(store, source, attempt, meant, found);
  await deleteLeftovers(store, placeId(source.folder), source.folder);
  return made;
}

/** The message in the folder where it was meant to come, whose rows are settled then. */
async function lookFor(
  store: ItemStore,
  meant: Meant,
  token: string,
  to: FolderId,
): Promise<Facts | undefined> {
  return await inPlace(store, to, async (place, open) => {
    await settle(store, place, open);
    return await findPut(store, open, meant, token);
  }, { repeatable: true });
}

async function beginMove(
  store: ItemStore,
  id: ItemId,
  target: Place,
  attempt: Attempt<Moving>,
  token: string,
): Promise<ItemId> {
  const first = await needItem(store, id);
  const from = placeId(first.folder);
  // The rows of a folder that nobody has looked at begin with what is in it now.
  if (!await readState(store.db, target.number)) {
    await inPlace(store, target.id, (place, open) => settle(store, place, open));
  }
  checkRight(target, "insert");
  const sent = await inPlace(store, from, async (place, open) => {
    checkRight(place, "remove");
    checkDeletes(open);
    const row = await settle(store, place, open) ? await needItem(store, id) : first;
    const facts = await factsOf(open.client, row.uid!);
    if (!facts) throw new NotFound(`Cannot find item ${id}`);
    const meant = await intend(open, target, facts, attempt);
    const put = await transfer(open.client, meant.how, row.uid!, target.path);
    // Where the server says to where, nothing has to be looked for.
    if (put?.validity !== meant.validity) return { row, meant };
    const made = await noteMoved(store, row, attempt, meant, { ...facts, uid: put.uid });
    if (meant.how === "COPY") await purgeLeftovers(store, place, open);
    return { row, meant, made };
  }, { write: true, doing: "move the item" });
  if (sent.made !== undefined) return sent.made;
  const found = await lookFor(store, sent.meant, token, target.id);
  if (!found) throw new NotFound(`Cannot find item ${id}`);
  const made = await noteMoved(store, sent.row, attempt, sent.meant, found);
  await deleteLeftovers(store, from, sent.row.folder);
  return made;
}

/** Notes what is going to be done, and how the target was before. */
async function intend(
  { client }: OpenFolder,
  target: Place,
  { messageId, date, size }: Facts,
  attempt: Attempt<Moving>,
): Promise<Moving> {
  const now = await folderNumbers(client, target.path);
  const validity = String(now.uidValidity);
  const uidnext = now.uidNext ?? 1;
  const how = client.capabilities.has("MOVE") || client.enabled.has("IMAP4REV2") ? "MOVE" : "COPY";
  const meant: Moving = {
    folder: target.number,
    validity,
    uidnext,
    messageId,
    date,
    size,
    how,
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
  facts: Facts,
): Promise<ItemId> {
  const now = clock.now();
  return await db.transaction(async (tx) => {
    const [source] = await rowsById(tx, connections.account.id, [id]);
    if (!source) throw new NotFound(`Cannot find item ${itemId({ folder, id })}`);
    await writeFolder(tx, folder, now, undefined, (to) => leaveSource(to, source, meant));
    return await writeFolder(tx, meant.folder, now, undefined, async (to) => {
      const own = { extra: source.extra ?? undefined, revision: source.revision };
      const made = itemId(await rowFor(to, facts, own));
      await attempt.done(tx, made, Number(made.split(".")[1]));
      return made;
    });
  });
}

/** The item is gone from where it was; a copied message is still there, ours to delete. */
async function leaveSource(to: FolderWrite, source: ItemRow, { how }: Moving): Promise<void> {
  if (source.uid === null || source.gone === leftover) return;
  if (how === "MOVE") return await endRows(to, [source]);
  const seq = source.gone === present ? to.next() : source.seq;
  await updateRows(to.tx, [{ ...source, gone: leftover, seq }]);
  to.set({ leftovers: to.state.leftovers + 1 });
}
