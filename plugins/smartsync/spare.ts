// Many answers to one key: repeats asked for something else, or came late. The device has one of them.
//
// Which of them have to be kept? The network may bring any request that the device sent under a key
// once more, after the device got an answer and before it uses that answer's key. Nobody waits for
// what is said then; but nothing tells such a request from a device that lost all answers and asks
// for something else, so that it has to be answered, and what the device goes on with must survive.
//
// So no answer to a key is thrown away before the device shows which one it has. That is no more
// than there are different requests under one key, however often each of them is repeated: who asks
// for what one of the answers brought gets just that one again, under its key, whether or not it is
// the last. Only a request with new commands, another window or options, or a brake makes another.
import type { Database } from "../../core/mod.ts";
import { type HandedOut, type Held, Outdated } from "../eas/api.ts";
import { type Copy, copyOf } from "./copy.ts";
import { forgetLast, rowsOf, tell } from "./told.ts";

/** An answer that another one took the place of. */
export interface Spare extends HandedOut {
  /** A command ran afterwards under the same key: this answer does not know of it. */
  readonly overtaken?: true;
}

/**
 * So many are kept besides the last one, the oldest go first: a device that changes its mind (or
 * does something new) with each repeat must not pile up windows without end. Four steps of a brake
 * fit in, and each mind that a user can change while requests are still under way.
 */
const most = 8;

export const spareText = (spares: readonly Spare[]): string => JSON.stringify(spares);

/** The keys of a copy's spare answers, the newest first. */
export const spareKeys = ({ spare_keys }: Pick<Copy, "spare_keys">): string[] =>
  spare_keys === null ? [] : JSON.parse(spare_keys);

/** A copy's spare answers, the newest first. */
export async function sparesOf(db: Database, { id, spare_keys }: Copy): Promise<Spare[]> {
  if (spare_keys === null) return [];
  const [row] = await db.all<{ spares: string | null }>(
    "SELECT spares FROM smartsync_copy WHERE id = ?",
    [id],
  );
  // Another process may have settled it since: the commit will find out.
  return JSON.parse(row?.spares ?? "[]");
}

/** The spare answers once another answer is made; `commands`: because some ran. */
export function withSpare(
  { key, state, held, gone }: HandedOut,
  spares: readonly Spare[],
  commands: boolean,
): Spare[] {
  const kept = [{ key, state, held, gone }, ...spares].slice(0, most);
  return commands ? kept.map((spare) => ({ ...spare, overtaken: true })) : kept;
}

/** The spare answers where one says something else of items that it told. */
export function amended(
  spares: readonly Spare[],
  of: string | undefined,
  held: readonly Held[],
): Spare[] {
  const now = new Map(held.map((one) => [one.item, one]));
  return spares.map((spare) =>
    spare.key === of ? { ...spare, held: spare.held.map((one) => now.get(one.item) ?? one) } : spare
  );
}

/**
 * The copy after the device has shown which of many answers it has; as it is, where there were not
 * many or the device repeats the key before them. Throws {@link Outdated}.
 */
export async function settled(db: Database, copy: Copy, key: string): Promise<Copy> {
  if (copy.spare_keys === null || key === copy.key) return copy;
  return await db.transaction(async (tx) => {
    const [row] = await tx.all<{ spares: string }>(
      `UPDATE smartsync_copy SET spare_keys = NULL, revision = revision + 1
         WHERE id = ? AND revision = ? RETURNING spares`,
      [copy.id, copy.revision],
    );
    if (!row) throw new Outdated("Cannot begin: another process advanced the collection");
    const spares: Spare[] = JSON.parse(row.spares);
    const found = spares.find((spare) => spare.key === key);
    if (found) await bringBack(tx, copy, found);
    await tx.run("UPDATE smartsync_copy SET spares = NULL WHERE id = ?", [copy.id]);
    return (await copyOf(tx, copy.id))!;
  });
}

/** Puts a spare answer into the place of the last one. */
async function bringBack(tx: Database, copy: Copy, spare: Spare): Promise<void> {
  await forgetLast(tx, copy);
  const rows = rowsOf(spare);
  await tx.run(
    `UPDATE smartsync_copy SET next_key = ?, next_state = ?, next_gone = ?, next_items = ?,
       generation = generation + 1 WHERE id = ?`,
    [
      spare.key,
      spare.state,
      spare.gone.length,
      JSON.stringify(rows.map(([item]) => item)),
      copy.id,
    ],
  );
  await tell(tx, copy.id, copy.generation + 1, rows);
}
