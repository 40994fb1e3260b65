// Two answers to one key: a repeat asked for something else, or came late. The device has one of them.
import type { Database } from "../../core/mod.ts";
import { type Held, type Lost, Outdated } from "../eas/api.ts";
import { type Copy, copyOf } from "./copy.ts";
import { forgetLast, rowsOf, tell } from "./told.ts";

/** An answer that another one took the place of, as JSON in its copy. */
interface Spare {
  readonly state: string;
  readonly held: readonly Held[];
  readonly gone: readonly string[];
}

/** What to keep of an answer that nobody has confirmed, before another is made to the same key. */
export function spareOf({ state, held, gone }: Lost): string {
  return JSON.stringify({ state, held, gone } satisfies Spare);
}

/**
 * The copy after the device has shown which of two answers it has; as it is, where there were not
 * two or the device repeats the key before them. Throws {@link Outdated}.
 */
export async function settled(db: Database, copy: Copy, key: string): Promise<Copy> {
  if (copy.spare_key === null || key === copy.key) return copy;
  return await db.transaction(async (tx) => {
    const [row] = await tx.all<{ spare: string }>(
      `UPDATE smartsync_copy SET spare_key = NULL, revision = revision + 1
         WHERE id = ? AND revision = ? RETURNING spare`,
      [copy.id, copy.revision],
    );
    if (!row) throw new Outdated("Cannot begin: another process advanced the collection");
    if (key === copy.spare_key) await bringBack(tx, copy, JSON.parse(row.spare));
    await tx.run("UPDATE smartsync_copy SET spare = NULL WHERE id = ?", [copy.id]);
    return (await copyOf(tx, copy.id))!;
  });
}

/** Puts the spare answer into the place of the last one. */
async function bringBack(tx: Database, copy: Copy, { state, held, gone }: Spare): Promise<void> {
  await forgetLast(tx, copy);
  const rows = rowsOf({ held, gone });
  await tx.run(
    `UPDATE smartsync_copy SET next_key = ?, next_state = ?, next_gone = ?, next_items = ?,
       generation = generation + 1 WHERE id = ?`,
    [copy.spare_key, state, gone.length, JSON.stringify(rows.map(([item]) => item)), copy.id],
  );
  await tell(tx, copy.id, copy.generation + 1, rows);
}
