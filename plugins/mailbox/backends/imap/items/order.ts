// The order of a folder's messages, newest first: kept for a while, so that a page costs one FETCH.
import type { ImapFlow } from "imapflow";
import { LRUCache } from "lru-cache";
import { isSameSnapshot, type Snapshot } from "./folder_state.ts";
import { hearingFetch } from "../connections/fetch_answers.ts";
import { atom, command, sequence } from "../connections/raw.ts";
import { search } from "./search_uids.ts";
import { UidRanges } from "./uid_ranges.ts";

const DAY = 86_400_000;

/** Messages by arrival, the newest first; of one second, the one with the highest UID first. */
export interface Order {
  readonly seen: Snapshot;
  /** All messages that arrived at this time (milliseconds) or later are in it. */
  readonly floor: number;
  readonly uids: Uint32Array;
  /** INTERNALDATE in milliseconds. */
  readonly dates: Float64Array;
}

/** Orders of folders by the folder's number, as many as fit into `bytes`. */
export class Orders {
  readonly #cache: LRUCache<number, Order>;

  constructor(bytes = 32 << 20) {
    this.#cache = new LRUCache({
      maxSize: bytes,
      sizeCalculation: ({ uids, dates }) => uids.byteLength + dates.byteLength + 200,
    });
  }

  /**
   * The order of an open folder from `floor` (milliseconds) on. Asks for nothing where nothing has
   * changed; else one SEARCH, and one FETCH for the messages whose arrival is not known yet. Without
   * modification sequences nothing tells of messages that were marked as deleted: then it is asked
   * each time.
   */
  async of(
    client: ImapFlow,
    folder: number,
    seen: Snapshot,
    floor: number,
  ): Promise<Order> {
    const kept = this.#cache.get(folder);
    const known = kept?.seen.validity === seen.validity ? kept : undefined;
    const sure = seen.modseq !== "";
    if (sure && known && known.floor <= floor && isSameSnapshot(known.seen, seen)) return known;
    const { order, whole } = await read(
      client,
      seen,
      Math.min(floor, known?.floor ?? floor),
      known,
    );
    if (whole) this.#cache.set(folder, order);
    else this.#cache.delete(folder);
    return order;
  }
}

async function read(
  client: ImapFlow,
  seen: Snapshot,
  floor: number,
  known: Order | undefined,
): Promise<{ readonly order: Order; readonly whole: boolean }> {
  if (seen.messages === 0) {
    const none = { uids: new Uint32Array(0), dates: new Float64Array(0) };
    return { order: { seen, floor: -Infinity, ...none }, whole: true };
  }
  // SINCE goes by days in some time zone: one more on this side, and what is too old falls out below.
  const since = floor > DAY ? { since: new Date(floor - DAY) } : {};
  const there = await search(client, { deleted: false, ...since });
  const dates = new Map<number, number>();
  known?.uids.forEach((uid, at) => {
    if (there.has(uid)) dates.set(uid, known.dates[at]!);
  });
  for (let tries = 0; tries < 2 && dates.size < there.size; tries++) {
    // A message may go meanwhile; and one that has no date here would be lost to whoever lists.
    if (tries > 0) await command(client, "NOOP");
    const unknown = new UidRanges();
    for (const uid of there) if (!dates.has(uid)) unknown.add([uid, uid]);
    // A folder that is new to us has all of its messages asked for: then the range says it shorter.
    const range = unknown.size === seen.messages ? "1:*" : unknown.toString();
    await fetchDates(client, range, (uid, date) => {
      if (unknown.has(uid)) dates.set(uid, date);
    });
  }
  return { order: { seen, floor, ...sorted(dates) }, whole: dates.size === there.size };
}

async function fetchDates(
  client: ImapFlow,
  range: string,
  tell: (uid: number, date: number) => void,
): Promise<void> {
  await hearingFetch(client, ({ uid, date }) => {
    if (uid > 0 && date !== undefined) tell(uid, date);
  }, () => command(client, "UID FETCH", [sequence(range), [atom("INTERNALDATE")]]));
}

function sorted(found: ReadonlyMap<number, number>): Pick<Order, "uids" | "dates"> {
  const pairs = [...found].sort(([uid, date], [uid2, date2]) => date2 - date || uid2 - uid);
  return {
    uids: Uint32Array.from(pairs, ([uid]) => uid),
    dates: Float64Array.from(pairs, ([, date]) => date),
  };
}

/** The first place whose message stands behind (date, uid): arrived earlier, or has a lower UID. */
export function placeBehind({ uids, dates }: Order, date: number, uid: number): number {
  let [low, high] = [0, uids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const behind = dates[middle]! < date || (dates[middle] === date && uids[middle]! < uid);
    if (behind) high = middle;
    else low = middle + 1;
  }
  return low;
}
