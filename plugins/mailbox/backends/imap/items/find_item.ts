// The row of an item: as it was known, and as it is by now.
import { NotFound } from "../../../api.ts";
import type { ItemId } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { command } from "../connections/raw.ts";
import { itemId, itemNumbers, type ItemRow, present, rowsById } from "./item_rows.ts";
import type { ItemStore } from "./item_store.ts";

/** The row of an item and its folder, whatever has become of it; undefined for what was never one. */
export async function findItem(
  { db, connections }: ItemStore,
  id: ItemId,
): Promise<(ItemRow & { validity: string }) | undefined> {
  const numbers = itemNumbers(id);
  if (!numbers) return undefined;
  const [row] = await rowsById(db, connections.account.id, [numbers.item]);
  return row?.folder === numbers.folder ? row : undefined;
}

/**
 * What an item is by now, in a folder that was entered after `first` was read. A message that somebody
 * has put there since is not seen by the connection yet: a command for it would find nothing.
 */
export async function rowNow(
  store: ItemStore,
  { client }: OpenFolder,
  first: ItemRow,
): Promise<(ItemRow & { validity: string }) | undefined> {
  const row = await findItem(store, itemId(first));
  if (row && row.uid !== first.uid) await command(client, "NOOP");
  return row;
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
