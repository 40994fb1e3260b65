// The search for what a device must be told, in phases that share one window and one budget.
import type { FolderId, ItemId, ItemState, Mailbox } from "../../../mailbox/api.ts";
import type { Held, Version, View } from "../../api.ts";
import { changeSince, fingerprint } from "../../schema/marks.ts";
import { carried, type Conversations, conversationsOf } from "./conversations.ts";
import { type CollectionState, formatState } from "./state.ts";

/** One thing to tell. */
export interface Op {
  readonly kind: "add" | "change" | "delete" | "softDelete";
  readonly item: ItemId;
  /** What the device has before; undefined with an Add. */
  readonly before: Held | undefined;
  /** What it has after; undefined where the item is taken away. */
  readonly after: Held | undefined;
  /** The item as it was found; undefined where it is taken away. */
  readonly state: ItemState | undefined;
}

/** A search under way: what it goes through, what it found. Phases move `state` on. */
export interface Hunt {
  readonly view: View;
  readonly mailbox: Mailbox;
  readonly folder: FolderId;
  /** Present where the window goes by conversations. */
  readonly conversations: Conversations | undefined;
  readonly version: Version;
  state: CollectionState;
  readonly ops: Map<ItemId, Op>;
  /** Items whose record changes without anything to tell. */
  readonly silent: Map<ItemId, Held>;
  /** Some are measured by another date now, and no later search would find that. */
  redated: boolean;
  /** How many things may be told. */
  readonly window: number;
  /** How many items may still be looked at: what concerns nobody must not hold up an answer. */
  budget: number;
  /** Where it began. */
  readonly begin: CollectionState;
  /** The device must have its answer now. */
  readonly isLate: () => boolean;
}

/** Items that one request looks at, at most. */
export const wholeBudget = 4096;

/**
 * How long a request may look for changes, in milliseconds. Android and others give up a request
 * that is not answered after 30 seconds, and ask again, for ever: that is why it ends well before,
 * with what there is and MoreAvailable. Good for all clients: people see mail sooner.
 */
export const searchTime = 20_000;

export function beginHunt(
  parts: Pick<Hunt, "view" | "mailbox" | "folder" | "version" | "state" | "window" | "isLate">,
): Hunt {
  const { mailbox, state } = parts;
  const conversations = state.options.conversations ? conversationsOf(mailbox) : undefined;
  const found = { ops: new Map(), silent: new Map(), redated: false };
  return { ...parts, conversations, begin: state, ...found, budget: wholeBudget };
}

/** How many items the next page may bring; 0: the phase has to stop here. */
export function room(hunt: Hunt): number {
  if (hunt.isLate() && isFurther(hunt)) return 0;
  return Math.max(0, Math.min(hunt.window - hunt.ops.size, hunt.budget));
}

/** However late it is, each answer brings the device further: it would ask for the same for ever. */
function isFurther({ ops, state, begin }: Hunt): boolean {
  return ops.size > 0 || formatState(state) !== formatState(begin);
}

/** An item as it is now in the folder, or its absence. */
export interface Sighting {
  readonly id: ItemId;
  readonly state: ItemState | undefined;
}

/** Compares items with what the device has, and notes what is to be told. */
export async function compare(hunt: Hunt, sightings: readonly Sighting[]): Promise<void> {
  hunt.budget -= sightings.length;
  const unknown = sightings.filter(({ id }) => !hunt.ops.has(id)).map(({ id }) => id);
  const held = unknown.length > 0 ? await hunt.view.held(unknown) : new Map<ItemId, Held>();
  const dates = await carriedIn(hunt, sightings);
  for (const { id, state } of sightings) {
    // Seen a second time in one search: measured against what the device has, not what was noted.
    const noted = hunt.ops.get(id);
    note(hunt, id, noted ? noted.before : held.get(id), state, dates.get(id));
  }
}

/** By what date items below the window belong into it, if they do. */
export async function carriedIn(
  { conversations, folder, state: { floor } }: Hunt,
  sightings: readonly Sighting[],
): Promise<ReadonlyMap<ItemId, number>> {
  if (!conversations) return new Map();
  return await carried(conversations, folder, floor, sightings.map(({ state }) => state));
}

function note(
  hunt: Hunt,
  item: ItemId,
  before: Held | undefined,
  state: ItemState | undefined,
  date = state?.date,
): void {
  hunt.ops.delete(item);
  hunt.silent.delete(item);
  if (state && date! >= hunt.state.floor) {
    const after = { ...heldOf(state), date: date! };
    if (!before) hunt.ops.set(item, { kind: "add", item, before, after, state });
    else if (showsChange(before, state, hunt.version)) {
      hunt.ops.set(item, { kind: "change", item, before, after, state });
    } else if (before.has !== after.has || before.date !== after.date) {
      hunt.silent.set(item, after);
      hunt.redated ||= before.date !== after.date;
    }
  } else if (before) {
    const kind = state ? "softDelete" : "delete";
    hunt.ops.set(item, { kind, item, before, after: undefined, state: undefined });
  }
}

/** Some marks are invisible to old versions. */
function showsChange({ has }: Held, { revision, marks }: ItemState, version: Version): boolean {
  return changeSince(has, revision, marks, version) !== "same";
}

/** What a device has once it was told of an item. */
export function heldOf({ id, date, revision, marks }: ItemState): Held {
  return { item: id, date, has: fingerprint(revision, marks) };
}
