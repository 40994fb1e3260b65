// The sync engine's memory where no plugin fills `eas.syncState`: one generation, as Exchange keeps it.
//
// A key is valid until its answer was made. Whoever repeats it, because that answer was lost, starts
// the collection over: safe, and as expensive as the folder is large.
import { randomUUID } from "node:crypto";
import type { Database } from "../../core/mod.ts";
import {
  type DeviceRef,
  type Held,
  type Keyed,
  type Look,
  type Next,
  Outdated,
  type Session,
  type SyncState,
  type View,
} from "./sync_state.ts";

/** The key that a device sends to start over. */
const startKey = "0";

/** A collection as a device has it. */
interface Copy {
  readonly id: number;
  readonly collection: string;
  readonly key: string;
  readonly state: string;
}

/** The durable memory over a database that has the tables of this plugin. */
export function plainState(db: Database): SyncState {
  return {
    async open(device, wanted) {
      const copies = await copiesOf(db, device, wanted.map(({ collection }) => collection));
      const sessions = new Map<string, Session>();
      for (const keyed of wanted) {
        const copy = copies.get(keyed.collection);
        if (keyed.key !== startKey && copy?.key !== keyed.key) continue;
        const known = keyed.key === startKey ? undefined : copy;
        sessions.set(keyed.collection, sessionOf(db, device, keyed, known));
      }
      return sessions;
    },
    async look(device, collections) {
      const copies = await copiesOf(db, device, collections);
      return new Map([...copies].map(([collection, { id, key, state }]): [string, Look] => [
        collection,
        { ...viewOf(db, id), state, keys: [key] },
      ]));
    },
    async collections({ account, device }) {
      const rows = await db.all<{ collection: string }>(
        "SELECT collection FROM eas_plain_copy WHERE account = ? AND device = ? ORDER BY collection",
        [account, device],
      );
      return rows.map(({ collection }) => collection);
    },
    drop: (device, collections) => removeCopies(db, ...among(device, collections)),
    ...memoryOf(db),
    async forget(account, device) {
      const [where, values] = device === undefined
        ? ["account = ?", [account]] as const
        : ["account = ? AND device = ?", [account, device]] as const;
      await removeCopies(db, where, values);
      await db.run(`DELETE FROM eas_plain_memory WHERE ${where}`, values);
    },
  };
}

const among = ({ account, device }: DeviceRef, collections: readonly string[]) =>
  [
    "account = ? AND device = ? AND collection IN (SELECT value FROM json_each(?))",
    [account, device, JSON.stringify(collections)],
  ] as const;

async function copiesOf(
  db: Database,
  device: DeviceRef,
  collections: readonly string[],
): Promise<Map<string, Copy>> {
  const [where, values] = among(device, collections);
  const rows = await db.all<Copy>(
    `SELECT id, collection, key, state FROM eas_plain_copy WHERE ${where}`,
    values,
  );
  return new Map(rows.map((row) => [row.collection, row]));
}

async function removeCopies(
  db: Database,
  where: string,
  values: readonly (string | number)[],
): Promise<void> {
  await db.transaction(async (tx) => {
    const copies = `SELECT id FROM eas_plain_copy WHERE ${where}`;
    await tx.run(`DELETE FROM eas_plain_item WHERE copy IN (${copies})`, values);
    await tx.run(`DELETE FROM eas_plain_copy WHERE ${where}`, values);
  });
}

function sessionOf(
  db: Database,
  device: DeviceRef,
  { collection, key }: Keyed,
  copy: Copy | undefined,
): Session {
  return {
    ...viewOf(db, copy?.id),
    collection,
    state: copy?.state,
    lost: undefined,
    earlier: [],
    // What was begun under this key and not committed is done again: with the same tokens.
    journal: new Map(),
    forgetful: true,
    amend: () => Promise.reject(new TypeError("Cannot amend: no lost answer is kept")),
    intend: () => Promise.resolve(),
    commit: (next) =>
      db.transaction(async (tx) => {
        const nextKey = `${(Number.parseInt(key, 10) || 0) + 1}-${randomUUID().slice(0, 18)}`;
        const id = copy
          ? await advance(tx, copy, nextKey, next.state)
          : await begin(tx, device, collection, nextKey, next.state);
        await writeItems(tx, id, next);
        return nextKey;
      }),
    async keep(state) {
      if (!copy) throw new TypeError("Cannot keep a state: nothing was primed");
      await advance(db, copy, copy.key, state);
    },
  };
}

async function advance(db: Database, copy: Copy, key: string, state: string): Promise<number> {
  const { changes } = await db.run(
    "UPDATE eas_plain_copy SET key = ?, state = ? WHERE id = ? AND key = ? AND state = ?",
    [key, state, copy.id, copy.key, copy.state],
  );
  if (changes === 0) throw new Outdated("Cannot go on: another process advanced the collection");
  return copy.id;
}

/** Starting over ends what was there. */
async function begin(
  tx: Database,
  device: DeviceRef,
  collection: string,
  key: string,
  state: string,
): Promise<number> {
  await removeCopies(tx, ...among(device, [collection]));
  const [row] = await tx.all<{ id: number }>(
    `INSERT INTO eas_plain_copy (account, device, collection, key, state)
       VALUES (?, ?, ?, ?, ?) RETURNING id`,
    [device.account, device.device, collection, key, state],
  );
  return row!.id;
}

async function writeItems(tx: Database, copy: number, { held, gone }: Next): Promise<void> {
  if (gone.length > 0) {
    await tx.run(
      "DELETE FROM eas_plain_item WHERE copy = ? AND item IN (SELECT value FROM json_each(?))",
      [copy, JSON.stringify(gone)],
    );
  }
  if (held.length === 0) return;
  await tx.run(
    `INSERT OR REPLACE INTO eas_plain_item (copy, item, date, has)
       SELECT ?, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
    [copy, JSON.stringify(held.map(({ item, date, has }) => [item, date, has]))],
  );
}

function viewOf(db: Database, copy: number | undefined): View {
  if (copy === undefined) return { held: async () => new Map(), heldBefore: async () => [] };
  return {
    async held(items) {
      const rows = await db.all<Held>(
        `SELECT i.item, i.date, i.has FROM json_each(?2) wanted
           CROSS JOIN eas_plain_item i ON i.copy = ?1 AND i.item = wanted.value`,
        [copy, JSON.stringify(items)],
      );
      return new Map(rows.map((row) => [row.item, row]));
    },
    heldBefore: (until, limit, after) =>
      db.all<Held>(
        `SELECT item, date, has FROM eas_plain_item
           WHERE copy = ? AND date < ? AND (date, item) > (?, ?) ORDER BY date, item LIMIT ?`,
        [copy, until, after?.date ?? Number.MIN_SAFE_INTEGER, after?.item ?? "", limit],
      ),
  };
}

function memoryOf(db: Database): Pick<SyncState, "recall" | "remember"> {
  return {
    async recall({ account, device }, name) {
      const [row] = await db.all<{ text: string }>(
        "SELECT text FROM eas_plain_memory WHERE account = ? AND device = ? AND name = ?",
        [account, device, name],
      );
      return row?.text;
    },
    async remember({ account, device }, name, text) {
      await db.run(
        text === undefined
          ? "DELETE FROM eas_plain_memory WHERE account = ? AND device = ? AND name = ?"
          : "INSERT OR REPLACE INTO eas_plain_memory (account, device, name, text) VALUES (?, ?, ?, ?)",
        [account, device, name, ...(text === undefined ? [] : [text])],
      );
    },
  };
}
