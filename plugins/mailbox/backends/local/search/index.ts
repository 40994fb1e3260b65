// The full-text index: one row for each item, whose number leads to it and is in the order of dates.
import type { Database } from "../../../../../core/mod.ts";
import type { MailFacts } from "../../../mime/mod.ts";
import type { TextField } from "../../../query.ts";
import { fieldWords, hasAttachments, textFields } from "../../../search/content.ts";
import { growing, words } from "../../../search/words.ts";

/** Rows of one millisecond. More go on into the next one. */
const SLOTS = 1024;
/** The last millisecond that has rows, in the year 2109: numbers stay within 53 bits. */
const LAST = 2 ** 42 - 1;
/** UTF-16 units of one field that are indexed, marks included: the storage takes no larger values. */
const FIELD_LIMIT = 1_000_000;
/** Stands for an attachment among the words: no text has it, because it is no letter. */
const ATTACHED = "§";
/** How far a number may be from its item's date, in milliseconds, where many share a moment. */
const DRIFT = 60_000;

/**
 * The row that says that this index is the one that was filled: a backup that was copied row by row
 * has an empty one.
 */
export const SENTINEL = -1;

/** The columns of the index, in its order. */
export const columns: Readonly<Record<TextField, string>> = {
  subject: "subject",
  from: "sender",
  to: "recipient",
  cc: "copy",
  bcc: "blind",
  body: "body",
  attachment: "attachment",
};

/** What is indexed of a message: the same for everybody who has it. */
export type Indexed = Readonly<Record<TextField, readonly string[]>>;

/** The words of a message as they go into the index. */
export function indexed(
  facts: MailFacts,
  text: string | undefined,
  html: string | undefined,
): Indexed {
  const all = fieldWords(facts, text, html);
  return hasAttachments(facts) ? { ...all, attachment: [...all.attachment, ATTACHED] } : all;
}

/**
 * Words carry their account: the cost of a search follows the account's own mail, and nobody's mail
 * is in the way of others.
 */
function marked(list: readonly string[], account: number): string {
  const mark = markOf(account);
  let text = "";
  for (const word of list) {
    if (text.length > FIELD_LIMIT) break;
    text += `${mark}${word} `;
  }
  return text;
}

const markOf = (account: number) => `${account.toString(36)}_`;

/** Puts a message into the index for an account; returns the number that its item carries. */
export async function addToIndex(
  tx: Database,
  account: number,
  date: number,
  all: Indexed,
): Promise<number> {
  const number = await freeNumber(tx, date);
  await tx.run(
    `INSERT INTO mailbox_words (rowid, ${textFields.map((field) => columns[field])}) ` +
      `VALUES (?${", ?".repeat(textFields.length)})`,
    [number, ...textFields.map((field) => marked(all[field], account))],
  );
  return number;
}

/** A number that no item has and no row of the index that is still to be removed. */
async function freeNumber(tx: Database, date: number): Promise<number> {
  for (let at = clamped(date);; at++) {
    const first = at * SLOTS;
    const [row] = await tx.all<{ taken: number | null }>(
      `SELECT max(words) AS taken FROM (
        SELECT max(words) AS words FROM mailbox_item WHERE words >= ?1 AND words < ?2
        UNION ALL
        SELECT max(words) FROM mailbox_lost_words WHERE words >= ?1 AND words < ?2)`,
      [first, first + SLOTS],
    );
    const next = row!.taken === null ? first : row!.taken + 1;
    if (next < first + SLOTS) return next;
  }
}

const clamped = (date: number) => Math.min(LAST, Math.max(0, Math.trunc(date)));

/** The numbers that items of a time can have; some of them may be of items just outside of it. */
export function numbersOf(since: number, until: number): readonly [number, number] {
  const from = clamped(Math.max(since, 0)) * SLOTS;
  const to = (clamped(Math.min(until, LAST) + DRIFT) + 1) * SLOTS - 1;
  return [from, to];
}

/** How FTS5 is asked for a text; undefined: it has no word. */
export function phraseOf(
  account: number,
  text: string,
  field: TextField | undefined,
  prefix: boolean,
): string | undefined {
  const wanted = words(text);
  if (wanted.length === 0) return undefined;
  const mark = markOf(account);
  const phrase = `"${wanted.map((word) => mark + word).join(" ")}"`;
  const open = prefix && growing(wanted.at(-1)!) ? " *" : "";
  return field === undefined ? phrase + open : `${columns[field]} : ${phrase}${open}`;
}

/** How FTS5 is asked for mail with attachments. */
export function attachedPhrase(account: number): string {
  return `attachment : "${markOf(account)}${ATTACHED}"`;
}
