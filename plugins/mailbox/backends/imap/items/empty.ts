// Everything in a folder goes for good, many messages at a time.
import type { FolderId } from "../../../model.ts";
import { placeNumber } from "../folders/place_rows.ts";
import { checkRight } from "../folders/places.ts";
import { takingFrom } from "./in_turn.ts";
import { inPlace, type ItemStore } from "./item_store.ts";
import { checkDeletes, deleteMessages } from "./purge.ts";
import { search } from "./search_uids.ts";

/** Messages of one step: Dovecot removes some thousands in a second, slow servers some hundreds. */
const atOnce = 500;

/**
 * As {@link Empties.empty}. Nothing is noted: the next look at the folder finds the rows whose
 * messages are gone, whoever took them. Messages that others have marked as deleted are no items, and
 * theirs to expunge.
 */
export async function emptyFolder(
  store: ItemStore,
  id: FolderId,
  mayGoOn: () => boolean = () => true,
): Promise<boolean> {
  const work = () =>
    inPlace(store, id, async (place, open) => {
      checkRight(place, "remove");
      checkDeletes(open);
      if (!open.mailbox.exists) return true;
      const all = [...await search(open.client, { deleted: false })];
      for (let from = 0; from < all.length; from += atOnce) {
        if (!mayGoOn()) return false;
        await deleteMessages(open, all.slice(from, from + atOnce));
      }
      return true;
    }, { write: true, repeatable: true, doing: "empty the folder" });
  try {
    return await takingFrom(store, placeNumber(id), work);
  } finally {
    store.wrote?.(id);
  }
}
