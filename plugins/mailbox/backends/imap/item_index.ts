// Which message an item id means: ids last while UIDs change (UIDVALIDITY, replaced drafts).
import type { FolderId, ItemId } from "../../model.ts";
import type { OpenFolder } from "./connections.ts";
import type { Place } from "./places.ts";

/** Where an item is now, and what is known of it without asking the server. */
export interface Located {
  readonly id: ItemId;
  readonly folder: FolderId;
  readonly uid: number;
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
   * commands for many UIDs.
   */
  identify(place: Place, open: OpenFolder, uids: readonly number[]): Promise<Map<number, Located>>;
}
