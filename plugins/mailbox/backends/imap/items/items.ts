// All that the mailbox port asks of items, but reading and searching them.
import type { Empties, Mailbox } from "../../../api.ts";
import { withMarks } from "../../../marks.ts";
import type { ItemState } from "../../../model.ts";
import { itemChanges } from "./changes.ts";
import { markItem, removeItem } from "./edits.ts";
import { emptyFolder } from "./empty.ts";
import type { ItemStore } from "./item_store.ts";
import { countItems, listItems } from "./listing.ts";
import { moveItem } from "./move.ts";
import type { Orders } from "./order.ts";
import { createItem } from "./create.ts";
import { replaceItem } from "./replace.ts";

/** The methods of an account's mailbox that this file and its neighbours implement. */
export type Items =
  & Pick<Mailbox, "changes" | "list" | "count" | "create" | "replace" | "mark" | "move" | "remove">
  & Empties;

/** The items of one account. `orders` is one for the whole process. */
export function openItems(store: ItemStore, orders: Orders): Items {
  return {
    changes: (folder, since, limit) => itemChanges(store, folder, since, limit),
    list: (folder, from, limit) => listItems(store, orders, folder, from, limit),
    count: (folder, from) => countItems(store, orders, folder, from),
    create: async (folder, item, token) => whole(await createItem(store, folder, item, token)),
    replace: async (item, content, token) => whole(await replaceItem(store, item, content, token)),
    mark: async (item, marks, token) => whole(await markItem(store, item, marks, token)),
    move: (item, to, token) => moveItem(store, item, to, token),
    remove: (item) => removeItem(store, item),
    empty: (folder, mayGoOn) => emptyFolder(store, folder, mayGoOn),
  };
}

/** A state that may come from JSON, which knows no absent flag. */
function whole(state: ItemState): ItemState {
  return { ...state, marks: withMarks(state.marks, {}) };
}
