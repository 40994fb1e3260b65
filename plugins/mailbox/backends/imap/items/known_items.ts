// Gives messages their ids, and finds them again: the rows of items behind `ItemIndex`.
import type { Database, TransactionOptions } from "../../../../../core/mod.ts";
import type { ItemId } from "../../../model.ts";
import { command } from "../connections/raw.ts";
import { insertFound } from "./carried.ts";
import { type Facts, fetchFacts, uidSet } from "./facts.ts";
import { Overtaken, readState, untilFirst, writeFolder } from "./folder_state.ts";
import type { ItemIndex, Located } from "./item_index.ts";
import {
  deleted,
  itemId,
  itemNumbers,
  type ItemRow,
  present,
  rowsById,
  rowsByUid,
} from "./item_rows.ts";
import { type ItemStore, settle } from "./item_store.ts";
import { placeId } from "../folders/place_rows.ts";
import { isDeleted } from "./marks.ts";

export function openItemIndex(store: ItemStore): ItemIndex {
  return {
    async locate(ids) {
      const wanted = new Map<number, ItemId>();
      for (const id of ids) {
        const numbers = itemNumbers(id);
        if (numbers) wanted.set(numbers.item, id);
      }
      const located = new Map<ItemId, Located>();
      if (wanted.size === 0) return located;
      const rows = await rowsById(store.db, store.connections.account.id, [...wanted.keys()]);
      for (const row of rows) {
        const id = itemId(row);
        if (isThere(row) && wanted.get(row.id) === id) {
          located.set(id, locatedOf(row, row.validity));
        }
      }
      return located;
    },
    async identify(place, open, uids) {
      await settle(store, place, open);
      const validity = String(open.mailbox.uidValidity);
      const known = await rowsByUid(store.db, place.number, uids);
      const have = new Set(known.map(({ uid }) => uid));
      const rest = uids.filter((uid) => !have.has(uid)).sort((a, b) => a - b);
      const told = rest.length === 0 ? [] : await untilFirst(async () => {
        const version = (await readState(store.db, place.number))?.version ?? -1;
        await command(open.client, "NOOP");
        const seen = await listed(fetchFacts(open.client, uidSet(rest)));
        return await tell(store, place.number, version, seen);
      });
      const rows = [...known.filter(isThere), ...told.map(({ row }) => row)];
      return new Map(rows.map((row) => [row.uid!, locatedOf(row, validity)]));
    },
    settle: (place, open) => settle(store, place, open),
  };
}

/** All that comes, as a list. */
export async function listed<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of all) list.push(one);
  return list;
}

/** An item that is there, and under which UID. */
function isThere(row: ItemRow): row is ItemRow & { uid: number } {
  return row.gone === present && row.uid !== null && row.uid > 0;
}

function locatedOf(row: ItemRow, validity: string): Located {
  return {
    id: itemId(row),
    folder: placeId(row.folder),
    uid: row.uid!,
    validity,
    revision: String(row.revision),
    extra: row.extra ?? undefined,
  };
}

/** A row, and its message as it was just seen. */
export interface Told {
  readonly row: ItemRow;
  readonly facts: Facts;
}

/**
 * The items of messages that were `seen` in a folder whose rows are settled; those without a row get
 * it. Left out: messages marked as deleted, and what is not to be shown. `version`: the one that the
 * rows had before the server was looked at, since a row must not say something older than others have
 * noted meanwhile. Throws {@link Overtaken} where they have.
 */
export async function tell(
  { db, clock }: ItemStore,
  folder: number,
  version: number,
  seen: readonly Facts[],
  how: TransactionOptions = {},
): Promise<Told[]> {
  const uids = seen.map(({ uid }) => uid);
  const rows = new Map((await rowsByUid(db, folder, uids)).map((row) => [row.uid, row]));
  const missing = seen.filter(({ uid }) => !rows.has(uid));
  for (const row of await addRows(db, folder, clock.now(), version, missing, how)) {
    rows.set(row.uid, row);
  }
  // Another device lists the same at this moment, and was faster.
  const others = missing.flatMap(({ uid }) => rows.has(uid) ? [] : [uid]);
  const taken = others.length > 0 ? await rowsByUid(db, folder, others) : [];
  for (const row of taken) rows.set(row.uid, row);
  return seen.flatMap((facts) => {
    const row = rows.get(facts.uid);
    return row && isThere(row) && !isDeleted(facts.flags) ? [{ row, facts }] : [];
  });
}

/**
 * Rows for messages that were never told. Those that came after the last look at the folder are a
 * change: whoever has finished a listing has to hear of them.
 */
async function addRows(
  db: Database,
  folder: number,
  now: number,
  version: number,
  seen: readonly Facts[],
  how: TransactionOptions,
): Promise<ItemRow[]> {
  if (seen.length === 0) return [];
  const rowOf = ({ uid, print, date, flags }: Facts, seq: number) => ({
    uid,
    print,
    date,
    flags,
    gone: isDeleted(flags) ? deleted : present,
    seq: isDeleted(flags) ? 0 : seq,
  });
  return await db.transaction(async (tx) => {
    const state = await readState(tx, folder);
    if (state?.version !== version) throw new Overtaken("Cannot tell items: look again");
    if (seen.every(({ uid }) => uid < state.uidnext)) {
      return await insertFound(tx, folder, seen.map((facts) => rowOf(facts, 0)));
    }
    return await writeFolder(tx, folder, now, version, ({ next }) => {
      const rows = seen.map((facts) => rowOf(facts, facts.uid < state.uidnext ? 0 : next()));
      return insertFound(tx, folder, rows);
    });
  }, how);
}
