// What the device has: all that was told, or all but what a lost answer told.
import type { Database } from "../../core/mod.ts";
import type { Held, View } from "../eas/api.ts";

/** Looks into a copy's rows; `lost`: the generation that the device never received. */
export function viewOf(db: Database, copy: number | undefined, lost?: number): View {
  if (copy === undefined) return { held: async () => new Map(), heldBefore: async () => [] };
  const more = lost === undefined ? [] : [lost];
  return {
    async held(items) {
      if (items.length === 0) return new Map();
      const sql = lost === undefined ? toldItems : keptItems;
      const rows = await db.all<Held>(sql, [copy, JSON.stringify(items), ...more]);
      return new Map(rows.map((row) => [row.item, row]));
    },
    heldBefore(until, limit, after) {
      const sql = lost === undefined ? toldBefore : keptBefore;
      const [date, item] = after ? [after.date, after.item] : [Number.MIN_SAFE_INTEGER, ""];
      return db.all<Held>(sql, [copy, until, date, item, limit, ...more]);
    },
  };
}

/** The items that a copy's last answer was about, in its order. */
export const nextItems = `smartsync_copy c CROSS JOIN json_each(c.next_items) n
  CROSS JOIN smartsync_item i ON i.copy = c.id AND i.item = n.value`;

// CROSS JOIN: SQLite then looks up each wanted item, and never goes through all that there are.
const wantedItems = `json_each(?2) wanted
  CROSS JOIN smartsync_item i ON i.copy = ?1 AND i.item = wanted.value`;

const toldItems = `SELECT i.item, i.date, i.has FROM ${wantedItems} WHERE i.has IS NOT NULL`;

const keptItems = `SELECT * FROM (
  SELECT i.item,
    CASE i.told WHEN ?3 THEN i.old_date ELSE i.date END AS date,
    CASE i.told WHEN ?3 THEN i.old_has ELSE i.has END AS has
  FROM ${wantedItems}
) WHERE has IS NOT NULL`;

// Ranges over (copy, date, item) that stop at the limit, whatever the copy's size.
const range = "date < ?2 AND (date, item) > (?3, ?4)";
const toldBefore = `SELECT item, date, has FROM smartsync_item
  WHERE copy = ?1 AND has IS NOT NULL AND ${range} ORDER BY date, item LIMIT ?5`;
const keptBefore = `SELECT item, date, has FROM smartsync_item
    WHERE copy = ?1 AND has IS NOT NULL AND told <> ?6 AND ${range}
  UNION ALL
  SELECT * FROM (
    SELECT i.item AS item, i.old_date AS date, i.old_has AS has FROM ${nextItems}
      WHERE c.id = ?1 AND i.told = ?6 AND i.old_has IS NOT NULL
  ) WHERE ${range}
  ORDER BY date, item LIMIT ?5`;
