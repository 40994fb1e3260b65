// What all parts of an account's items work with, and how they come to a folder.
import type { Clock, Database } from "../../../../../core/mod.ts";
import { NotFound } from "../../../api.ts";
import type { FolderId } from "../../../model.ts";
import type { Connections, OpenFolder, Use } from "../connections/connections.ts";
import { readState, snapshotOf, untilFirst } from "./folder_state.ts";
import { catchUp } from "./catch_up.ts";
import type { Running } from "./in_turn.ts";
import type { Place, Places } from "../folders/places.ts";

/** One account's items. */
export interface ItemStore {
  readonly db: Database;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly places: Places;
  /** Larger messages are refused: each is held in memory while it is sent to the server. */
  readonly maxMessageSize: number;
  /** Names this process among those that share the database. */
  readonly owner: string;
  /** Whether a process of that name has ended for certain; absent where nobody can tell. */
  readonly hasEnded?: (owner: string) => boolean;
  /** Writes under way. */
  readonly running: Running;
  /** Told after a write of ours has changed something in a folder. */
  readonly wrote?: (folder: FolderId) => void;
}

/** What it takes to come to a folder. */
export interface FolderAccess {
  readonly connections: Pick<Connections, "inFolder">;
  readonly places: Pick<Places, "place" | "refresh">;
}

/** The folder is listed, and cannot be opened. */
class Shut extends NotFound {}

/**
 * Runs `work`, which enters the folder; `empty` in its place where nobody can: such are folders that
 * hold folders only. A Dovecot that has deleted the mail above other folders says so at SELECT alone.
 */
export async function unlessShut<R>(
  { selectable }: Place,
  work: () => Promise<R>,
  empty: () => R,
): Promise<R> {
  if (!selectable) return empty();
  try {
    return await work();
  } catch (error) {
    if (error instanceof Shut) return empty();
    throw error;
  }
}

/** Runs `work` in a folder; where the folder is not where it was, it is looked for once. */
export async function inPlace<R>(
  { places, connections }: FolderAccess,
  id: FolderId,
  work: (place: Place, open: OpenFolder) => Promise<R>,
  how?: Use,
): Promise<R> {
  const place = await places.place(id);
  let opened = false;
  const enter = (where: Place) =>
    connections.inFolder(where.path, (open) => {
      opened = true;
      return work(where, open);
    }, how);
  try {
    return await enter(place);
  } catch (error) {
    if (opened || !(error instanceof NotFound)) throw error;
    await places.refresh();
    const now = await places.place(id);
    if (now.path === place.path) throw new Shut(error.message, { cause: error });
    return await enter(now);
  }
}

/**
 * Makes the rows those of the folder as opened: after another UIDVALIDITY all of them are matched
 * first. True where UIDs have changed by that.
 */
export async function settle(store: ItemStore, place: Place, open: OpenFolder): Promise<boolean> {
  const { db, clock, connections } = store;
  const account = connections.account.id;
  let changed = false;
  for (;;) {
    const more = await untilFirst(async () => {
      const state = await readState(db, place.number);
      if (state && state.validity === snapshotOf(open).validity && !state.matching) return false;
      changed ||= state !== undefined;
      await open.renew?.();
      return await catchUp({ db, clock, account, folder: place.number, open }, state);
    });
    if (!more) return changed;
  }
}
