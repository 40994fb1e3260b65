// What the device has: its confirmed items, and over them, where it counts, the last answer's.
import type { Database } from "../../core/mod.ts";
import type { Held, View } from "../eas/api.ts";

/**
 * A look into a copy's rows. `received`: counts what the last answer handed out, because the device
 * has shown (or is assumed) to have received it.
 */
export function viewOf(db: Database, copy: number | undefined, received: boolean): View {
  if (copy === undefined) return { held: async () => new Map(), heldBefore: async () => [] };
  return {
    async held(items) {
      if (items.length === 0) return new Map();
      const sql = received ? overlaidItems : confirmedItems;
      const rows = await db.all<Held>(sql, [copy, JSON.stringify(items)]);
      return new Map(rows.map((row) => [row.item, row]));
    },
    heldBefore(until, limit, after) {
      const sql = received ? overlaidBefore : confirmedBefore;
      const [date, item] = after ? [after.date, after.item] : [Number.MIN_SAFE_INTEGER, ""];
      return db.all<Held>(sql, [copy, until, date, item, limit]);
    },
  };
}

const confirmedItems = `SELECT i.item, i.date, i.has
  FROM json_each(?2) wanted JOIN smartsync_item i ON i.copy = ?1 AND i.item = wanted.value`;

const overlaidItems = `SELECT item, date, has FROM (
  SELECT wanted.value AS item,
    CASE WHEN p.item IS NULL THEN i.date ELSE p.date END AS date,
    CASE WHEN p.item IS NULL THEN i.has ELSE p.has END AS has
  FROM json_each(?2) wanted
  LEFT JOIN smartsync_pending p ON p.copy = ?1 AND p.item = wanted.value
  LEFT JOIN smartsync_item i ON i.copy = ?1 AND i.item = wanted.value
) WHERE has IS NOT NULL`;

// Ranges over (copy, date, item): each arm stops at the limit, whatever the copy's size.
const range = "copy = ?1 AND date < ?2 AND (date, item) > (?3, ?4)";
const confirmedBefore = `SELECT item, date, has FROM smartsync_item WHERE ${range}
  ORDER BY date, item LIMIT ?5`;
const overlaidBefore = `SELECT item, date, has FROM smartsync_item i WHERE ${range}
    AND NOT EXISTS (SELECT 1 FROM smartsync_pending p WHERE p.copy = i.copy AND p.item = i.item)
  UNION ALL
  SELECT item, date, has FROM smartsync_pending WHERE ${range} AND has IS NOT NULL
  ORDER BY date, item LIMIT ?5`;
