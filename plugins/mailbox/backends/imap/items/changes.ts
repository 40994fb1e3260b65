// What changed in a folder since a cursor: the rows are brought up to the server, and tell it.
import type { Page } from "../../../api.ts";
import { Forgotten } from "../../../api.ts";
import type { Cursor, FolderId, ItemChange } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { catchUp } from "./catch_up.ts";
import { type FolderState, readState, untilFirst } from "./folder_state.ts";
import { itemId, present, rowsSince, stateOf } from "./item_rows.ts";
import { inPlace, type ItemStore, unlessShut } from "./item_store.ts";
import type { Place } from "../folders/places.ts";
import { deleteLeftovers } from "./purge.ts";

/**
 * As {@link Mailbox.changes}. The cursor is a number of the folder's own history in the rows, which
 * all devices share: each change is fetched from the server once, whoever asks first, and pages,
 * their order and our own writes come from the rows. Messages that were in the folder before anybody
 * used it, and were never told, have no row: their changes concern nobody.
 */
export async function itemChanges(
  store: ItemStore,
  id: FolderId,
  since: Cursor | undefined,
  limit: number,
): Promise<Page<ItemChange>> {
  const place = await store.places.place(id);
  const open = () => changesOfOpen(store, place, since, limit);
  return await unlessShut(place, open, () => changesOfShut(id, since));
}

/** The cursor of a folder that cannot be opened: no number, so that nothing is missed once it can. */
const shut = "shut";

/** Such a folder has nothing to tell; where it held mail before, all of that is gone. */
function changesOfShut(id: FolderId, since: Cursor | undefined): Page<ItemChange> {
  if (since !== undefined && since !== shut) throw forgotten(id);
  return { changes: [], cursor: shut, more: false };
}

async function changesOfOpen(
  store: ItemStore,
  { id, number }: Place,
  since: Cursor | undefined,
  limit: number,
): Promise<Page<ItemChange>> {
  await deleteLeftovers(store, id, number);
  for (;;) {
    const { state, more } = await lookAtFolder(store, id, number);
    if (since === undefined) {
      if (more) continue;
      return { changes: [], cursor: String(state.seq), more: false };
    }
    const from = /^\d{1,15}$/.test(since) ? Number(since) : -1;
    if (from < state.forgotten || from > state.seq) throw forgotten(id);
    if (from === state.seq) return { changes: [], cursor: since, more };
    const rows = await rowsSince(store.db, number, from, limit + 1);
    const page = rows.slice(0, limit);
    const changes = page.map((row): ItemChange => ({
      id: itemId(row),
      state: row.gone === present ? stateOf(row) : undefined,
    }));
    const rest = rows.length > limit;
    const cursor = page.length > 0 && rest ? String(page.at(-1)!.seq) : String(state.seq);
    return { changes, cursor: limit === 0 && rest ? since : cursor, more: rest || more };
  }
}

function forgotten(id: FolderId): Forgotten {
  return new Forgotten(`Cannot tell what changed in folder ${id} since then`);
}

/** Brings the rows up to the folder by one step; the state after it. */
async function lookAtFolder(
  store: ItemStore,
  id: FolderId,
  folder: number,
): Promise<{ readonly state: FolderState; readonly more: boolean }> {
  const { db, clock, connections } = store;
  const account = connections.account.id;
  return await untilFirst(async () => {
    const before = await readState(db, folder);
    const work = (_: unknown, open: OpenFolder) =>
      catchUp({ db, clock, account, folder, open }, before);
    const doing = "see what changed in the folder";
    const more = await inPlace(store, id, work, { repeatable: true, asks: true, doing });
    return { state: (await readState(db, folder))!, more };
  });
}
