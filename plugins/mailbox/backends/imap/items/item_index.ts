// Which message an item id means: ids last while UIDs change (UIDVALIDITY, replaced drafts).
import type { FolderId, ItemId } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import type { Place } from "../folders/places.ts";

/** Where an item is now, and what is known of it without asking the server. */
export interface Located {
  readonly id: ItemId;
  readonly folder: FolderId;
  readonly uid: number;
  /**
   * The UIDVALIDITY that `uid` belongs to, as text. Where the folder as opened has another one,
   * `uid` is another message or none: {@link ItemIndex.settle} first.
   */
  readonly validity: string;
  readonly revision: string;
  /** What the server cannot keep: the details of a flag, the time of an answer (JSON of marks). */
  readonly extra: string | undefined;
}

/** The ids of an account's items. A row for each item that was ever told, none for the others. */
export interface ItemIndex {
  /** Items that are not there (any more) are left out. */
  locate(ids: readonly ItemId[]): Promise<Map<ItemId, Located>>;
  /**
   * The items of messages in an open folder by UID; those that were never told get an id. Few
   * commands for many UIDs. Messages that are marked `\Deleted` are no items and left out.
   */
  identify(place: Place, open: OpenFolder, uids: readonly number[]): Promise<Map<number, Located>>;
  /**
   * Makes sure that the UIDs which `locate` answers are those of the folder as opened. True where
   * they were not: the folder has another UIDVALIDITY now, and the items have to be located again.
   */
  settle(place: Place, open: OpenFolder): Promise<boolean>;
}
