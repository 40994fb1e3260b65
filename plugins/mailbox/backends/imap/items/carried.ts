// What the server does not keep of a message's marks goes along where the message goes to another folder.
import type { Database } from "../../../../../core/mod.ts";
import { insertRows, type ItemRow, type NewRow, present } from "./item_rows.ts";
import { extraAfter, givenAway } from "./marks.ts";

/** A row that has had something to pass on. */
interface Giver {
  readonly id: number;
  readonly print: string;
  readonly extra: string;
}

/** Puts rows of messages in that nobody knew of; see {@link insertRows} and {@link carried}. */
export async function insertFound(
  tx: Database,
  folder: number,
  rows: readonly NewRow[],
): Promise<ItemRow[]> {
  return await insertRows(tx, folder, await carried(tx, folder, rows));
}

/**
 * New rows with what earlier rows of the same messages have beside their flags: the details of a
 * flag, what was answered when, and more. Another program has moved or copied them, or a move of
 * ours of which we never heard that it was done.
 */
async function carried(
  tx: Database,
  folder: number,
  rows: readonly NewRow[],
): Promise<readonly NewRow[]> {
  const bare = rows.filter(({ gone }) => gone === present);
  if (bare.length === 0) return rows;
  const givers = await giversTo(tx, folder, bare);
  if (givers.length === 0) return rows;
  const latest = new Map(givers.sort((a, b) => a.id - b.id).map((giver) => [giver.print, giver]));
  await tx.run(
    "UPDATE mailbox_imap_item SET extra = json_extract(j.value, '$[1]') FROM json_each(?) j " +
      "WHERE mailbox_imap_item.id = json_extract(j.value, '$[0]')",
    [JSON.stringify([...latest.values()].map(({ id, extra }) => [id, givenAway(extra)]))],
  );
  return rows.map((row) => {
    const giver = bare.includes(row) ? latest.get(row.print) : undefined;
    return giver ? { ...row, extra: extraAfter(row.flags, giver.extra) ?? null } : row;
  });
}

/**
 * The rows of the account that stand for these messages too. A message that has just come may be
 * there where it was, as far as anybody has looked; one that was in its folder before anybody asked
 * is another message then.
 */
async function giversTo(
  tx: Database,
  folder: number,
  rows: readonly NewRow[],
): Promise<Giver[]> {
  const wanted = rows.map(({ print, seq }) => [print, seq > 0 ? 1 : 0]);
  return await tx.all<Giver>(
    "SELECT i.id, i.print, i.extra FROM json_each(?1) j " +
      "CROSS JOIN mailbox_imap_item i INDEXED BY mailbox_imap_item_extra " +
      "ON i.print = json_extract(j.value, '$[0]') " +
      "JOIN mailbox_imap_state s ON s.folder = i.folder " +
      "JOIN mailbox_imap_folder f ON f.id = i.folder " +
      "WHERE i.extra IS NOT NULL AND json_extract(i.extra, '$.given') IS NULL " +
      "AND s.account = (SELECT account FROM mailbox_imap_state WHERE folder = ?2) " +
      `AND (json_extract(j.value, '$[1]') OR i.gone <> ${present} OR f.gone <> 0)`,
    [JSON.stringify(wanted), folder],
  );
}
