// Notes a message that a write of ours has put into a folder, while others look at the folder too.
import type { OpenFolder } from "../connections/connections.ts";
import type { Facts } from "./facts.ts";
import { type FolderWrite, Overtaken, readState, untilFirst } from "./folder_state.ts";
import { insertRows, type ItemRow, present, rowsByUid, updateRows } from "./item_rows.ts";
import type { ItemStore } from "./item_store.ts";
import { factsOf } from "./put.ts";

/** A message as it was seen; `gone`: not there any more when it was looked for again. */
export type Seen = Facts & { readonly gone?: boolean };

/**
 * Notes what was seen of a new message. Where others have looked at the folder beyond it meanwhile,
 * nobody will look at it again: then what is noted must be what there was at a version that still
 * holds. Otherwise an end, or a flag, that came in between would never be told.
 */
export async function noteSeen<R>(
  { db }: ItemStore,
  folder: number,
  { client }: OpenFolder,
  first: Facts,
  note: (facts: Seen, expected: number | undefined) => Promise<R>,
): Promise<R> {
  let expected: number | undefined;
  let facts: Seen = first;
  return await untilFirst(async () => {
    try {
      return await note(facts, expected);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      expected = (await readState(db, folder))?.version;
      facts = await factsOf(client, first.uid) ?? { ...first, gone: true };
      throw error;
    }
  });
}

/** Throws {@link Overtaken} where the message may be another one now than it was. */
export function checkSeen(to: FolderWrite, { uid }: Seen, expected: number | undefined): void {
  if (expected === undefined && uid < to.state.uidnext) {
    throw new Overtaken("Cannot note the message: look again");
  }
}

/**
 * The row of a message that we have put somewhere, with what the server does not know of it.
 * `extra` undefined: what its row has, if there is one.
 */
export async function rowFor(
  to: FolderWrite,
  { uid, print, date, flags }: Pick<Facts, "uid" | "print" | "date" | "flags">,
  own: { readonly extra: string | null | undefined; readonly revision: number },
): Promise<ItemRow> {
  const [known] = await rowsByUid(to.tx, to.folder, [uid]);
  const extra = own.extra === undefined ? known?.extra ?? null : own.extra;
  if (!known) {
    const seq = to.next();
    const fresh = { uid, print, date, flags, extra, revision: own.revision, seq, gone: present };
    return (await insertRows(to.tx, to.folder, [fresh]))[0]!;
  }
  const next = { ...known, extra, revision: own.revision };
  if (known.extra === extra && known.revision === own.revision) return known;
  const row = { ...next, seq: to.next() };
  await updateRows(to.tx, [row]);
  await to.tx.run("UPDATE mailbox_imap_item SET revision = ? WHERE id = ?", [row.revision, row.id]);
  return row;
}
