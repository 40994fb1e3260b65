// The sync engine's memory in the database: what fills `eas.syncState`.
import type { Clock, Database } from "../../core/mod.ts";
import type { DeviceRef, Look, Session, SyncState } from "../eas/api.ts";
import { copiesOf, type Copy, end, journalsOf, startKey } from "./copy.ts";
import { type Opening, openSession } from "./session.ts";
import { settled, spareKeys } from "./spare.ts";
import { viewOf } from "./view.ts";

/** The durable memory over a database that has this plugin's tables. */
export function smartsync(db: Database, clock: Clock): SyncState {
  return {
    async open(device, wanted) {
      const copies = await copiesOf(db, device, wanted.map(({ collection }) => collection));
      const journals = copies.length > 0 ? await journalsOf(db, copies.map(({ id }) => id)) : [];
      const copiesBy = Map.groupBy(copies, ({ collection }) => collection);
      const journalBy = Map.groupBy(journals, ({ copy }) => copy);
      const sessions = new Map<string, Session>();
      for (const { collection, key } of wanted) {
        const own = copiesBy.get(collection) ?? [];
        const found = copyFor(own, key);
        if (!found && key !== startKey) continue;
        const copy = found && await settled(db, found, key);
        const journal = (copy && journalBy.get(copy.id)) ?? [];
        const others = own.filter(({ id }) => id !== copy?.id);
        const now = clock.now();
        const opening: Opening = { device, collection, key, copy, others, journal, now };
        sessions.set(collection, await openSession(db, opening));
      }
      return sessions;
    },
    async look(device, collections) {
      const looks = new Map<string, Look>();
      const copies = await copiesOf(db, device, collections);
      // An empty folder's first key is never followed by another: it may be that of any copy.
      for (const copy of inUse(copies)) {
        const look = lookInto(db, copy);
        const others = copies.filter((one) => one.collection === copy.collection && one !== copy);
        looks.set(copy.collection, { ...look, keys: [...look.keys, ...others.flatMap(keysOf)] });
      }
      return looks;
    },
    async collections({ account, device }) {
      const rows = await db.all<{ collection: string }>(
        `SELECT DISTINCT collection FROM smartsync_copy WHERE account = ? AND device = ?
           ORDER BY collection`,
        [account, device],
      );
      return rows.map(({ collection }) => collection);
    },
    drop: (device, collections) =>
      db.transaction(async (tx) => {
        await end(tx, (await copiesOf(tx, device, collections)).map(({ id }) => id));
      }),
    ...memory(db),
    forget: (account, device) => forget(db, account, device),
  };
}

/** The copy that a key belongs to. The newest comes first: it is where a second key 0 goes on. */
function copyFor(copies: readonly Copy[], key: string): Copy | undefined {
  return copies.find((copy) => [copy.next_key, copy.key, ...spareKeys(copy)].includes(key));
}

/**
 * Of each collection the copy that the device uses: the newest one of which it has shown a key. A
 * request with key 0 that comes late makes a newer one, which nobody will ever use.
 */
function inUse(copies: readonly Copy[]): Copy[] {
  const chosen = new Map<string, Copy>();
  for (const copy of copies) {
    const other = chosen.get(copy.collection);
    if (!other || (other.key === startKey && copy.key !== startKey)) {
      chosen.set(copy.collection, copy);
    }
  }
  return [...chosen.values()];
}

/**
 * A copy with the last answer counted as received. Where the device may have another one instead,
 * neither counts: so nothing is overlooked, and the next Sync settles it.
 */
function lookInto(db: Database, copy: Copy): Look {
  const keys = keysOf(copy);
  if (copy.spare_keys !== null && copy.state !== null) {
    return { ...viewOf(db, copy.id, copy.generation), state: copy.state, keys };
  }
  return { ...viewOf(db, copy.id), state: copy.next_state, keys };
}

/** The keys by which the device may show that it uses a copy, the last answer's first. */
const keysOf = (copy: Copy): string[] =>
  [copy.next_key, copy.key, ...spareKeys(copy)].filter((one) => one !== startKey);

function memory(db: Database): Pick<SyncState, "recall" | "remember"> {
  const place = ({ account, device }: DeviceRef, name: string) => [account, device, name];
  return {
    async recall(device, name) {
      const [row] = await db.all<{ text: string }>(
        "SELECT text FROM smartsync_memory WHERE account = ? AND device = ? AND name = ?",
        place(device, name),
      );
      return row?.text;
    },
    async remember(device, name, text) {
      const sql = text === undefined
        ? "DELETE FROM smartsync_memory WHERE account = ? AND device = ? AND name = ?"
        : "INSERT OR REPLACE INTO smartsync_memory (account, device, name, text) VALUES (?, ?, ?, ?)";
      await db.run(sql, [...place(device, name), ...(text === undefined ? [] : [text])]);
    },
  };
}

async function forget(db: Database, account: number, device?: string): Promise<void> {
  const [where, values] = device === undefined
    ? ["account = ?", [account]]
    : ["account = ? AND device = ?", [account, device]];
  await db.transaction(async (tx) => {
    const copies = await tx.all<{ id: number }>(
      `SELECT id FROM smartsync_copy WHERE ${where}`,
      values,
    );
    await end(tx, copies.map(({ id }) => id));
    await tx.run(`DELETE FROM smartsync_memory WHERE ${where}`, values);
  });
}
