// Reads items for protocols: few statements for many items, and no more text than is wanted.
import type { Database } from "../../../../core/mod.ts";
import type { MailFacts, Places } from "../../mime/mod.ts";
import { assembleText, cutText, utf8Length } from "../../mime/mod.ts";
import type { Item, ItemId, Mail, Text, Want } from "../../model.ts";
import { chunkReader } from "./content.ts";
import type { FullRow } from "./items.ts";
import { itemColumns, itemId, itemNumbers, stateOf } from "./rows.ts";

/** Items in one statement, and the longest text that comes with them: together a few megabytes. */
const WINDOW = 64;
const INLINE = 32 * 1024;

type Form = "text" | "html";

interface ReadRow extends Omit<FullRow, "words"> {
  readonly problem: string | null;
  readonly facts: string;
  readonly text_size: number | null;
  readonly html_size: number | null;
  /** NULL also where the text is too long to come along. */
  readonly text: string | null;
  readonly html: string | null;
}

// The texts are cut by characters here, which is never too short, and by bytes later. What is wanted
// whole is not counted out: that would cost as much as reading it.
const inline = (form: Form, limit: string) =>
  `CASE WHEN m.${form}_size <= min(${limit}, ${INLINE}) THEN m.${form}
     WHEN ${limit} <= ${INLINE} THEN substr(m.${form}, 1, ${limit}) END`;

/** Reads the window ?1 (JSON array of item numbers) of account ?2 with texts of ?3 and ?4 bytes. */
export const readSql = `SELECT ${itemColumns}, m.problem, m.facts, m.text_size,
  m.html_size, ${inline("text", "?3")} AS text, ${inline("html", "?4")} AS html
  FROM json_each(?1) j
  CROSS JOIN mailbox_item i ON i.id = j.value
  CROSS JOIN mailbox_folder f ON f.id = i.folder AND f.account = ?2
  CROSS JOIN mailbox_message m ON m.id = i.message`;

/** Reads items in the order asked; missing ones are left out. */
export async function* readItems(
  db: Database,
  account: number,
  ids: readonly ItemId[],
  want: Want,
): AsyncGenerator<Item> {
  for (let at = 0; at < ids.length; at += WINDOW) {
    const window = ids.slice(at, at + WINDOW);
    const numbers = window.map((id) => itemNumbers(id)?.item ?? 0);
    const rows = await db.all<ReadRow>(readSql, [
      JSON.stringify(numbers),
      account,
      want.text ?? null,
      want.html ?? null,
    ]);
    const found = new Map(rows.map((row) => [itemId(row.folder, row.id), row]));
    for (const id of window) {
      const row = found.get(id);
      if (row) yield await itemOf(db, row, want);
    }
  }
}

async function itemOf(db: Database, row: ReadRow, want: Want): Promise<Item> {
  const state = stateOf(row);
  const folder = String(row.folder);
  if (row.problem !== null) {
    return { id: state.id, folder, state, mail: undefined, problem: row.problem };
  }
  const facts = JSON.parse(row.facts) as MailFacts;
  const mail: Mail = {
    ...facts,
    // JSON leaves out what is undefined.
    sent: facts.sent,
    messageId: facts.messageId,
    thread: row.thread,
    text: unneeded("text", row, want) ? undefined : await textOf(db, row, "text", want.text),
    html: unneeded("html", row, want) ? undefined : await textOf(db, row, "html", want.html),
    attachments: facts.attachments.map((attachment) => ({
      ...attachment,
      contentId: attachment.contentId,
      contentLocation: attachment.contentLocation,
    })),
  };
  return { id: state.id, folder, state, mail, problem: undefined };
}

/** Is the other text enough for who asks? */
function unneeded(form: Form, row: ReadRow, { enough }: Want): boolean {
  const preferred = enough === "native" ? (row.html_size === null ? "text" : "html") : enough;
  if (preferred === undefined || preferred === form) return false;
  return (preferred === "text" ? row.text_size : row.html_size) !== null;
}

/** At most `wanted` bytes of a text: what came along, what is kept, or what the MIME has. */
async function textOf(
  db: Database,
  row: ReadRow,
  form: Form,
  wanted: number | undefined,
): Promise<Text | undefined> {
  const size = row[`${form}_size`];
  if (wanted === undefined || size === null) return undefined;
  const whole = size <= Math.min(wanted, INLINE) ? row[form] : null;
  if (whole !== null) return { content: whole, size, truncated: false };
  const kept = row[form] ?? await keptText(db, row.message, form, wanted);
  const length = utf8Length(kept);
  // The kept text may end before the whole one does.
  if (length < Math.min(wanted, size)) return await textFromMime(db, row.message, form, wanted);
  const content = cutText(kept, wanted);
  return { content, size, truncated: utf8Length(content) < size };
}

async function keptText(db: Database, message: number, form: Form, wanted: number) {
  const [row] = await db.all<{ content: string | null }>(
    `SELECT substr(${form}, 1, ?) AS content FROM mailbox_message WHERE id = ?`,
    [wanted, message],
  );
  return row?.content ?? "";
}

async function textFromMime(db: Database, message: number, form: Form, wanted: number) {
  const [row] = await db.all<{ places: string }>(
    "SELECT places FROM mailbox_message WHERE id = ?",
    [message],
  );
  if (!row) return undefined;
  const { bodies } = JSON.parse(row.places) as Places;
  return await assembleText(bodies, form, wanted, chunkReader(db, message));
}
