// Reads items of the server: few commands for many, and no more bytes than are wanted.
import { NotFound } from "../../../api.ts";
import type { Item, ItemId, Want } from "../../../model.ts";
import type { Connections, OpenFolder } from "../connections/connections.ts";
import type { ItemIndex, Located } from "../items/item_index.ts";
import { inPlace } from "../items/item_store.ts";
import { readFacts } from "../connections/message_facts.ts";
import { beginReading, type Begun, endReading, type How } from "./opened.ts";
import type { Place, Places } from "../folders/places.ts";
import type { ThreadRoots } from "../searching/thread_roots.ts";
import { ahead, handed } from "./portions.ts";

/** What reading works with: one account's. */
export interface Reading {
  readonly connections: Pick<Connections, "inFolder">;
  readonly places: Pick<Places, "place" | "all" | "refresh">;
  readonly index: ItemIndex;
  /** Where conversations that were read are remembered, for searches. */
  readonly roots?: ThreadRoots;
}

/** Items that are looked for together, and about how many bytes of them are held at a time. */
const BATCH = 100;
const BUDGET = 4 * 1024 * 1024;
/** Items whose texts are fetched together: the first ones of a batch, and the most. */
const FIRST = 20;
const MOST = 50;
/** A server that takes so many milliseconds to answer at all is asked once for the whole batch. */
const FAR = 5;

/** Some of the items that were asked for; undefined: not there. */
type Portion = ReadonlyMap<ItemId, Item | undefined>;

/**
 * Reads items in the order asked; missing ones, and those marked `\Deleted`, are left out. While some
 * are made use of, the server works on the next ones. Memory: two batches of items with the texts that
 * are wanted.
 *
 * The conversation of a mail is known by its own header alone: the first of its References, else of
 * In-Reply-To, else its own id. So all that answer with References, as nearly all do, are together
 * in whatever folders they are, without anything being kept about them. An answer that names only
 * its nearest ancestor (In-Reply-To without References) or none at all (by its subject only) is a
 * conversation of its own, which the embedded store would have put where it belongs.
 */
export async function* readItems(
  reading: Reading,
  ids: readonly ItemId[],
  want: Want,
): AsyncGenerator<Item> {
  const ready = new Map<ItemId, Item | undefined>();
  const last = new Map(ids.map((id, at) => [id, at]));
  const portions = ahead(readAll(reading, [...last.keys()], want));
  for (const [at, id] of ids.entries()) {
    while (!ready.has(id)) {
      const next = await portions.next();
      if (next.done) return;
      for (const [read, item] of next.value) ready.set(read, item);
    }
    const item = ready.get(id);
    if (last.get(id) === at) ready.delete(id);
    if (item) yield item;
  }
}

/** Batch by batch; what one had no room for comes with the next one. */
async function* readAll(
  reading: Reading,
  ids: readonly ItemId[],
  want: Want,
): AsyncGenerator<Portion> {
  for (let rest = ids; rest.length > 0;) {
    const left = new Set(rest);
    const batch = rest.slice(0, BATCH);
    for await (const portion of handed<Portion>((hand) => readBatch(reading, batch, want, hand))) {
      for (const id of portion.keys()) left.delete(id);
      yield portion;
    }
    rest = [...left];
  }
}

/** Hands over the first of the items in any case, the others as far as the budget goes. */
async function readBatch(
  reading: Reading,
  ids: readonly ItemId[],
  want: Want,
  hand: (portion: Portion) => void,
): Promise<void> {
  const { index, roots } = reading;
  const left = new Set(ids);
  const read = (portion: Portion) => {
    for (const id of portion.keys()) left.delete(id);
    hand(portion);
  };
  const missing = (gone: readonly ItemId[]) => read(new Map(gone.map((id) => [id, undefined])));
  const located = await index.locate(ids);
  const folders = Map.groupBy(ids, (id) => located.get(id)?.folder);
  let budget = { left: BUDGET };
  for (const [folder, inside] of folders) {
    if (folder === undefined) missing(inside);
    else if (budget.left <= 0) break;
    else {
      const run = async (place: Place, open: OpenFolder) => {
        // A connection that broke may have been half way through: it has spent nothing.
        const own = { ...budget };
        const asked = inside.filter((id) => left.has(id));
        const where = await index.settle(place, open) ? await index.locate(asked) : located;
        const there = asked.flatMap((id) => where.get(id) ?? []);
        missing(asked.filter((id) => !where.has(id)));
        await readFolder(open, there, { want, roots }, own, read);
        return own;
      };
      const how = { repeatable: true, glance: true };
      budget = await inPlace(reading, folder, run, how).catch((error) => {
        // The whole folder is gone, and what was in it.
        if (!(error instanceof NotFound)) throw error;
        missing(inside.filter((id) => left.has(id)));
        return budget;
      });
    }
  }
}

/**
 * The server always has the next portion to work on while one is decoded and made use of; the first
 * one is small, so that there is something to do soon. Where the way is long, waiting for several of
 * them would take longer than anything else.
 */
async function readFolder(
  open: OpenFolder,
  items: readonly Located[],
  how: How,
  budget: { left: number },
  hand: (portion: Portion) => void,
): Promise<void> {
  const told = await readFacts(open, items.map(({ uid }) => uid));
  const portions = (open.latency ?? 0) >= FAR ? [items] : portionsOf(items);
  const begun: Begun[] = [];
  try {
    for (const at of portions.keys()) {
      for (const portion of portions.slice(begun.length, at + 2)) {
        begun.push(beginReading(open.client, portion, told, how.want, budget));
      }
      hand(await endReading(open.client, begun[at]!, how));
    }
  } finally {
    // After an error, too: whoever uses the connection next must not come upon what is on its way.
    await Promise.allSettled(begun.map(({ refused }) => refused));
  }
}

function portionsOf<T>(items: readonly T[]): T[][] {
  const portions: T[][] = [];
  for (let at = 0, size = FIRST; at < items.length; size = Math.min(2 * size, MOST)) {
    portions.push(items.slice(at, at += size));
  }
  return portions;
}
