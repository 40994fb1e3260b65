// Where folders are: their ids, which last for ever, and their paths, which do not.
import type { Page } from "../../api.ts";
import type { Cursor, FolderChange, FolderId, Role } from "../../model.ts";

/** A folder of the account, as it was last seen. */
export interface Place {
  readonly id: FolderId;
  /** The number of its row. */
  readonly number: number;
  /** The whole name on the server, decoded. */
  readonly path: string;
  readonly delimiter: string;
  readonly role: Role | undefined;
}

/** The account's folders. Ids stay when a folder is renamed, by whomever. */
export interface Places {
  /** As {@link Mailbox.folders}: asks the server. */
  folders(since: Cursor | undefined): Promise<Page<FolderChange>>;
  /** As last seen, without asking the server. Throws {@link NotFound}. */
  place(id: FolderId): Promise<Place>;
  /** All of them, as last seen; asks the server where nothing was seen yet. */
  all(): Promise<readonly Place[]>;
  byRole(role: Role): Promise<Place | undefined>;
  /** Asks the server now: a folder is not where it was. */
  refresh(): Promise<void>;
}
