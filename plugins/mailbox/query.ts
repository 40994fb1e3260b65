// What a mailbox can be asked to look for: a tree of conditions, and what a search answers.
import type { FolderId, ItemClass, ItemId } from "./model.ts";

/** Where words stand in a mail. Addresses count with their names. */
export type TextField = "from" | "to" | "cc" | "bcc" | "subject" | "body" | "attachment";

/** A time from `since` on and before `until`, in milliseconds; either may be absent. */
export interface TimeRange {
  readonly since?: number;
  readonly until?: number;
}

/**
 * A condition on items, or several of them.
 *
 * Words are compared without regard to case, accents and punctuation. A text of several words is a
 * phrase: they stand next to each other, in one field. In scripts that leave no space between words
 * (Chinese, Japanese, Thai …) a text is found wherever its characters stand in a row. A text without
 * any word finds nothing.
 */
export type Query =
  | { readonly and: readonly Query[] }
  | { readonly or: readonly Query[] }
  | { readonly not: Query }
  /** `in`: only in that field. `prefix`: the last word may go on. */
  | { readonly text: string; readonly in?: TextField; readonly prefix?: boolean }
  | { readonly received: TimeRange }
  /** By the Date header; a mail without one is not found. */
  | { readonly sent: TimeRange }
  | { readonly read: boolean }
  | { readonly flagged: boolean }
  /** Attachments that a person would see: pictures inside the text do not count. */
  | { readonly attachments: boolean }
  /** `below`: in its subfolders as well. The search throws NotFound where there is no such folder. */
  | { readonly folder: FolderId; readonly below?: boolean }
  | { readonly thread: string }
  | { readonly class: ItemClass };

/** A part of the result: `limit` items after the first `offset`. */
export interface SearchPage {
  readonly offset: number;
  readonly limit: number;
}

/** What was found, newest first. */
export interface Found {
  readonly items: readonly ItemId[];
  /** How many there are in all; counting stops at {@link mostCounted}, or at the end of the page. */
  readonly total: number;
  /** There are items after this page. */
  readonly more: boolean;
  /** False while older mail is not in the index yet: then it may be missing here. */
  readonly complete: boolean;
}

/** Nobody looks through more; counting them all would cost more than finding them. */
export const mostCounted = 1000;
