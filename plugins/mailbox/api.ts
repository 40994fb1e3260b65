// The mailbox port: what protocols ask of a mail store, whatever it is. Backends implement it.
import type { Account } from "../../core/mod.ts";
import { definePoint } from "../../core/mod.ts";
import type {
  Address,
  Audience,
  AutoReply,
  Cursor,
  Folder,
  FolderChange,
  FolderId,
  Item,
  ItemChange,
  ItemClass,
  ItemId,
  ItemState,
  Marks,
  PartBytes,
  ReplyText,
  Want,
} from "./model.ts";
import type { Found, Query, SearchPage } from "./query.ts";
import type { Submission } from "./way_out.ts";

// What a protocol needs to look into a message that a client hands in.
export { normalAddress, owns } from "./address.ts";
export {
  addressesIn,
  type Field,
  fields,
  firstValue,
  headerDate,
  newField,
  splitHead,
  toHead,
} from "./header.ts";
export * from "./model.ts";
export * from "./query.ts";
export type { Handover, Relay, Submission, Verdict } from "./way_out.ts";

/** A part of a history: what changed, and where to go on. */
export interface Page<T> {
  readonly changes: readonly T[];
  /** The place after these changes. */
  readonly cursor: Cursor;
  /** There is more after `cursor` right now. */
  readonly more: boolean;
}

/** Where a listing goes on: below this item, older ones first come next. */
export interface ListFrom {
  /** Go on below this place; undefined: from the newest. Opaque: the `next` of a page before. */
  readonly after?: string;
  /** Only items dated at or after this (milliseconds). */
  readonly since?: number;
  /** Only items dated before this (milliseconds). */
  readonly until?: number;
  /** Only items of this conversation; of backends that are {@link Threads}. */
  readonly thread?: string;
}

export interface Listing {
  readonly items: readonly ItemState[];
  /** Where the listing goes on; undefined at its end. */
  readonly next: string | undefined;
}

/** A new item, complete; the bytes are read once. */
export interface NewItem {
  readonly mime: AsyncIterable<Uint8Array> | Uint8Array;
  readonly marks?: Partial<Marks>;
  /** When it arrived; the clock's time if absent. */
  readonly date?: number;
}

/**
 * One account's mailbox. Every method may be repeated safely; those that write take a `token`: the
 * same token in the same account means the same write, which then happens once and answers as it did
 * the first time (remembered at least 14 days).
 *
 * Errors: {@link NotFound} for a folder or item that is not there, {@link Refused} for a write that
 * can never work, `Unavailable` (core) where the store cannot be reached now.
 */
export interface Mailbox {
  /** The hierarchy since a cursor; undefined: all of it. A removed folder comes without `folder`. */
  folders(since: Cursor | undefined): Promise<Page<FolderChange>>;
  /**
   * What changed in a folder since a cursor, oldest change first, each item once, in its present
   * state. `undefined` returns no changes and the cursor of this moment: the snapshot point that a
   * listing starts from. Cost follows the changes. Throws {@link Forgotten} where the history does
   * not reach back so far.
   */
  changes(folder: FolderId, since: Cursor | undefined, limit: number): Promise<Page<ItemChange>>;
  /** A folder's items, newest first, by pages. Cost follows the page. */
  list(folder: FolderId, from: ListFrom, limit: number): Promise<Listing>;
  /** How many items a listing would bring (may be an estimate). */
  count(folder: FolderId, from: ListFrom): Promise<number>;
  /** Reads items in the order asked, all in few round trips. Missing ones are left out. */
  read(items: readonly ItemId[], want: Want): AsyncIterable<Item>;
  /**
   * The bytes of a part of an item, decoded, from `range.from` up to (not including) `range.to`;
   * part `""` is the whole message as it arrived. Never held whole in memory.
   */
  part(item: ItemId, part: string, range?: { from: number; to?: number }): Promise<PartBytes>;
  create(folder: FolderId, item: NewItem, token: string): Promise<ItemState>;
  /**
   * Gives an item another content, under the id that it has: its revision changes. Marks and date
   * stay where none are given. What reads the old content meanwhile may read it to its end.
   */
  replace(item: ItemId, content: NewItem, token: string): Promise<ItemState>;
  /** Sets the given marks and leaves the others. */
  mark(item: ItemId, marks: Partial<Marks>, token: string): Promise<ItemState>;
  /** Moves; returns the id that the item has there. */
  move(item: ItemId, to: FolderId, token: string): Promise<ItemId>;
  /** Removes for good. Removing what is gone already succeeds. */
  remove(item: ItemId, token: string): Promise<void>;
  /** Sends a message to the recipients of its envelope; see {@link Outgoing}. */
  send(message: Outgoing, token: string): Promise<void>;
  /**
   * Calls `changed` after something changed in one of `folders` ("" stands for the hierarchy),
   * whoever changed it, within a second and mostly at once. Returns what ends the watch. Cheap: a
   * waiting device costs one.
   */
  watch(folders: readonly FolderId[], changed: (folder: FolderId) => void): () => void;
}

/** Optional: backends whose hierarchy can be edited. Found by `"createFolder" in mailbox`. */
export interface EditsFolders {
  createFolder(
    folder: { name: string; parent: FolderId | undefined; class: ItemClass },
    token: string,
  ): Promise<Folder>;
  updateFolder(id: FolderId, to: { name: string; parent: FolderId | undefined }): Promise<Folder>;
  /**
   * Removes a folder and all folders below it. What is in them is moved to `keepIn` in the same
   * step (a folder outside of them, {@link Refused} otherwise); without `keepIn` it goes for good.
   */
  removeFolder(id: FolderId, keepIn?: FolderId): Promise<void>;
}

/**
 * Optional: backends that empty a folder in fewer steps than one for each item. Found by
 * `"empty" in mailbox`.
 */
export interface Empties {
  /**
   * Removes for good what is in a folder now; what comes meanwhile may stay, and so do folders below
   * it. `mayGoOn` is asked before each step, which takes a second at most: where it says no, the rest
   * stays. True where nothing of it is left. Needs no token, because what is gone stays gone: whoever
   * was cut off calls again. Throws {@link NotFound}, {@link Refused}.
   */
  empty(folder: FolderId, mayGoOn?: () => boolean): Promise<boolean>;
}

/** An item of a conversation, and where it is. */
export interface ThreadItem {
  readonly folder: FolderId;
  readonly state: ItemState;
}

/** How far the items of a conversation in one folder reach, in milliseconds. */
export interface Span {
  readonly oldest: number;
  readonly newest: number;
}

/**
 * Optional: backends that know whole conversations. Found by `"conversation" in mailbox`. Their item
 * states and changes tell the conversation.
 */
export interface Threads {
  /** All items of a conversation (`Mail.thread`), in whatever folders they are, newest first. */
  conversation(thread: string): Promise<readonly ThreadItem[]>;
  /**
   * Where mail of this conversation is put from now on when it arrives; undefined: into the inbox,
   * like all mail. Holds as long as the folder is there. Throws {@link NotFound} for a folder that
   * is not.
   */
  divert(thread: string, to: FolderId | undefined): Promise<void>;
  /**
   * How far conversations reach in a folder, all in one round trip; those that have nothing there are
   * missing. Costs the same however long they are.
   */
  spans(folder: FolderId, threads: readonly string[]): Promise<Map<string, Span>>;
  /** How many items dated before `date` belong to conversations that have others since then there. */
  countOlder(folder: FolderId, date: number): Promise<number>;
}

/** Optional: mailboxes that can be searched. Found by `"search" in mailbox`. Only reads. */
export interface Searches {
  /** Finds items, newest first. Throws {@link NotFound} for a folder that is not there. */
  search(query: Query, page: SearchPage): Promise<Found>;
}

/**
 * Optional: mailboxes whose owners can leave word for those who write while they are away. Found by
 * `"autoReply" in mailbox`. Delivery acts on it.
 */
export interface Replies {
  autoReply(): Promise<AutoReply>;
  /** Sets what is given and leaves the rest. Throws {@link Refused} (`tooLarge`) for a long text. */
  setAutoReply(change: AutoReplyChange): Promise<AutoReply>;
}

/** A state comes with its times: those of before do not outlive it. */
export interface AutoReplyChange {
  readonly state?: Pick<AutoReply, "state" | "start" | "end">;
  readonly replies?: Readonly<Partial<Record<Audience, Partial<ReplyText>>>>;
}

/** A message on its way out. */
export interface Outgoing {
  readonly mime: AsyncIterable<Uint8Array> | Uint8Array;
  /** Envelope sender; must be an address of the account. */
  readonly from: string;
  /** Envelope recipients; empty: those of To, Cc and Bcc. Bcc headers are removed on the way. */
  readonly to: readonly string[];
  /** Keep a copy in the folder with the role `sent`, marked as read. */
  readonly saveInSent: boolean;
}

/**
 * How a backend sends that has no way out of its own (local, memory): the mailbox plugin's outbox,
 * handed to the backend when it is made. Same contract as {@link Mailbox.send}.
 */
export type Send = (account: Account, message: Outgoing, token: string) => Promise<void>;

/** A store of mailboxes. Opening is cheap and does no I/O. */
export interface Backend {
  readonly id: string;
  open(account: Account): Mailbox;
  /**
   * Optional: stores one message in the inboxes of several accounts while reading its bytes once.
   * Once per `token` and account.
   */
  deliver?(
    mime: AsyncIterable<Uint8Array>,
    to: readonly Account[],
    token: string,
  ): Promise<void>;
  /**
   * Optional: the account's mail lies on another server, and this is how its own mail leaves. Mail
   * for such accounts is not delivered here either.
   */
  submission?(account: Account): Submission;
}

/** The backends that there are; the mailbox plugin chooses by its configuration. */
export const backend = definePoint<Backend>("mailbox.backend", "many", "Stores of mail");

/** What protocols use: the mailbox of an account, in whatever backend it lives. */
export interface Mailboxes {
  open(account: Account): Mailbox;
  /**
   * For commands, which nobody has logged in for: makes the mailbox of an account usable. Where it
   * lies elsewhere and asks for the account's password there, `ask` is called. Throws `Unavailable`.
   */
  unlock?(account: Account, ask: () => Promise<string>): Promise<void>;
}
export const mailboxes = definePoint<Mailboxes>("mailbox.mailboxes", "one", "Mailboxes by account");

/** Who handed a message in, and how: the `Received` line tells it. */
export interface Via {
  /** RFC 3848 and its registry: `LMTP`, `ESMTP`, `HTTP`, … */
  readonly protocol: string;
  /** How the client calls itself, and its address; both may be empty. */
  readonly client: string;
  readonly remote: string;
  /** The recipient as the client wrote it, where there is just one (it may carry a plus tag). */
  readonly recipient?: string;
}

/** Takes in mail from outside for local accounts. */
export interface Delivery {
  /** Whether mail for this address ends here; plus-addressing (`name+tag@`) counts. */
  accepts(address: string): Promise<Account | undefined>;
  /**
   * Where mail for this address ends, in words ("at …"), if that is known to be elsewhere: then
   * nothing is taken in for it, and outgoing mail to it leaves.
   */
  elsewhere?(address: string): Promise<string | undefined>;
  /**
   * Stores one message for each recipient's inbox, once per `token` and recipient. Resolves when all
   * of it is durable. The bytes are read once and never held whole.
   */
  deliver(
    mime: AsyncIterable<Uint8Array>,
    envelope: { readonly from: string; readonly to: readonly Account[]; readonly via?: Via },
    token: string,
  ): Promise<void>;
}
export const delivery = definePoint<Delivery>("mailbox.delivery", "one", "Mail for local accounts");

/** A folder or an item that is not there (any more). */
export class NotFound extends Error {
  override name = "NotFound";
}

/** A write that can never work: name taken, special folder, read-only, too large. */
export class Refused extends Error {
  override name = "Refused";
  readonly reason:
    | "exists"
    | "special"
    | "readonly"
    | "quota"
    | "tooLarge"
    | "recipient"
    | "sender"
    | "other";
  constructor(reason: Refused["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The history does not reach back to that cursor: list the folder anew and compare. */
export class Forgotten extends Error {
  override name = "Forgotten";
}

/** Formats an address for a header-like field: `"Name" <a@b>`, or the bare address. */
export function formatAddress({ name, address }: Address): string {
  return name ? `"${name.replace(/(["\\])/g, "\\$1")}" <${address}>` : address;
}
