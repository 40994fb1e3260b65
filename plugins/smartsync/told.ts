// The rows of what an answer told: written once each, and taken back where it never arrived.
import type { Database } from "../../core/mod.ts";
import type { Next } from "../eas/api.ts";
import type { Copy } from "./copy.ts";

/** Item, date, and what the device has after the answer; null: the answer took the item away. */
export type ToldRow = readonly [item: string, date: number, has: string | null];

/** What an answer tells, as rows. */
export function rowsOf({ held, gone }: Pick<Next, "held" | "gone">): ToldRow[] {
  return [
    ...held.map(({ item, date, has }): ToldRow => [item, date, has]),
    ...gone.map((item): ToldRow => [item, 0, null]),
  ];
}

/** Writes what the answer of a generation tells; what was there before stays beside it. */
export async function tell(
  tx: Database,
  copy: number,
  generation: number,
  rows: readonly ToldRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(
    `INSERT INTO smartsync_item (copy, item, date, has, told)
       SELECT ?1, value ->> 0, value ->> 1, value ->> 2, ?2 FROM json_each(?3) WHERE true
       ON CONFLICT (copy, item) DO UPDATE SET old_date = date, old_has = has,
         date = excluded.date, has = excluded.has, told = excluded.told`,
    [copy, generation, JSON.stringify(rows)],
  );
}

/** Takes back what the lost answer told. */
export async function forgetLast(tx: Database, { id, generation }: Copy): Promise<void> {
  const mine = `copy = ?1 AND told = ?2 AND item IN
    (SELECT n.value FROM smartsync_copy c, json_each(c.next_items) n WHERE c.id = ?1)`;
  await tx.run(
    `UPDATE smartsync_item SET date = old_date, has = old_has, told = 0
       WHERE ${mine} AND old_has IS NOT NULL`,
    [id, generation],
  );
  await tx.run(`DELETE FROM smartsync_item WHERE ${mine}`, [id, generation]);
}
