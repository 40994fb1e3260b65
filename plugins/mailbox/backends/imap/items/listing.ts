// A folder's items, newest first, by pages: INTERNALDATE is what time windows are measured by.
import type { ListFrom, Listing } from "../../../api.ts";
import type { FolderId, ItemState } from "../../../model.ts";
import type { OpenFolder, Use } from "../connections/connections.ts";
import type { Facts } from "./facts.ts";
import { Overtaken, readState, snapshotOf, untilFirst } from "./folder_state.ts";
import { inPlace, type ItemStore, settle, unlessShut } from "./item_store.ts";
import type { Place } from "../folders/places.ts";
import { stateOf } from "./item_rows.ts";
import { tell } from "./known_items.ts";
import { listFacts } from "../connections/message_facts.ts";
import { type Order, type Orders, placeBehind } from "./order.ts";

/** Most messages at once: no device asks for a longer page, and what is told of them is read next. */
const mostAtOnce = 512;
/** So many messages are asked for in advance. */
const mostAhead = 200;

/** A part of an order: from this place up to (not including) that one. */
type Stretch = readonly [number, number];

/** A page of a folder, newest first. */
export async function listItems(
  store: ItemStore,
  orders: Orders,
  id: FolderId,
  from: ListFrom,
  limit: number,
): Promise<Listing> {
  const place = await store.places.place(id);
  const list = () => listOpen(store, orders, place, from, limit);
  return await unlessShut(place, list, () => ({ items: [], next: undefined }));
}

async function listOpen(
  store: ItemStore,
  orders: Orders,
  { id, number }: Place,
  from: ListFrom,
  limit: number,
): Promise<Listing> {
  return await untilFirst(async () => {
    // Read before the look: see `tell`.
    const version = (await readState(store.db, number))?.version;
    return await inPlace(store, id, async (place, open) => {
      await settle(store, place, open);
      if (version === undefined) throw new Overtaken("Cannot list: the folder was new, look again");
      const order = await orderOf(orders, place.number, open, from);
      let [at, end] = stretchOf(order, from);
      const items: ItemState[] = [];
      while (at < end && items.length < limit) {
        const next = Math.min(end, at + Math.min(limit - items.length, mostAtOnce));
        const uids = [...order.uids.subarray(at, next)].sort((a, b) => a - b);
        const ahead = from.after ? following(order, next, end) : [];
        const seen = await listFacts(open, uids, ahead);
        // A device is told of items together with a commit of what it was told, and not before.
        const told = await tell(store, place.number, version, seen, { durable: false });
        items.push(...told.sort(newestFirst).map(({ row }) => stateOf(row)));
        at = next;
      }
      const next = at > 0 && at < end ? tokenAt(order, at - 1) : undefined;
      return { items, next: limit > 0 ? next : at < end ? from.after ?? "" : undefined };
    }, { ...asking, version, doing: "list the folder" });
  });
}

const asking: Use = { repeatable: true, asks: true };

/** Who has asked for a second page asks for a third one. */
function following({ uids }: Order, at: number, end: number): number[] {
  return [...uids.subarray(at, Math.min(end, at + mostAhead))];
}

function orderOf(
  orders: Orders,
  folder: number,
  open: OpenFolder,
  { since = -Infinity }: ListFrom,
): Promise<Order> {
  return orders.of(open.client, folder, snapshotOf(open), since);
}

/** How many items a listing would bring. */
export async function countItems(
  store: ItemStore,
  orders: Orders,
  id: FolderId,
  from: ListFrom,
): Promise<number> {
  const count = async ({ number }: Place, open: OpenFolder) => {
    const [at, end] = stretchOf(await orderOf(orders, number, open, from), from);
    return Math.max(0, end - at);
  };
  const how = { ...asking, doing: "count the folder" };
  return await unlessShut(
    await store.places.place(id),
    () => inPlace(store, id, count, how),
    () => 0,
  );
}

/** Where a listing begins and ends in an order. */
function stretchOf(order: Order, { after, since, until }: ListFrom): Stretch {
  let begin = 0;
  if (until !== undefined) begin = placeBehind(order, Math.ceil(until), 0);
  if (after !== undefined) {
    const { date, uid, validity } = placeOf(after);
    // After another UIDVALIDITY all of that second come again: no matter, they have their ids.
    const below = validity === order.seen.validity ? uid : Infinity;
    begin = Math.max(begin, placeBehind(order, date, below));
  }
  const end = since === undefined ? order.uids.length : placeBehind(order, Math.ceil(since), 0);
  return [begin, end];
}

function tokenAt({ uids, dates, seen }: Order, place: number): string {
  return `${dates[place]}.${uids[place]}.${seen.validity}`;
}

function placeOf(token: string): { date: number; uid: number; validity: string } {
  const [date, uid, validity = ""] = token.split(".");
  return token === ""
    ? { date: Infinity, uid: Infinity, validity }
    : { date: Number(date) || 0, uid: Number(uid) || 0, validity };
}

function newestFirst({ facts: a }: { facts: Facts }, { facts: b }: { facts: Facts }): number {
  return b.date - a.date || b.uid - a.uid;
}
