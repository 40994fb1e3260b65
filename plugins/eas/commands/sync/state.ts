// What the engine remembers of a collection beside the items themselves: a few hundred bytes of JSON.
import type { Cursor } from "../../../mailbox/api.ts";
import type { CollectionOptions } from "./options.ts";

/** A range of the folder that is still being listed, newest first, down to the floor. */
export interface Listing {
  /** Where it goes on; absent: at its beginning. */
  readonly next?: string;
  /** Only items dated before this; absent: all. */
  readonly until?: number;
}

/** Items that the device has are looked for in the folder, oldest first, from here on. */
export interface Audit {
  readonly date: number;
  readonly item: string;
}

/** A conversation whose items below the floor are still to be looked at. */
export interface OpenThread {
  readonly thread: string;
  /** Those above it too. */
  readonly whole?: true;
  /** Where that goes on; absent: at its beginning. */
  readonly after?: string;
  /** So many of them at most. */
  readonly left: number;
}

export interface CollectionState {
  /** The place in the folder's history up to which changes were told. */
  readonly cursor: Cursor;
  /** The oldest date that the device gets; everything above it is told or in `listing`. */
  readonly floor: number;
  readonly options: CollectionOptions;
  readonly listing?: Listing;
  /** Items below the floor are still to be taken away. */
  readonly slide?: true;
  readonly audit?: Audit;
  readonly threads?: readonly OpenThread[];
  /** Whether the answer looked for changes, and found more than it could hold. */
  readonly asked: boolean;
  readonly more: boolean;
  /** How many things the answer told, the device's own commands not counted. */
  readonly told: number;
  /** The most things that the answer was allowed to tell, where the device did not get on before. */
  readonly eased?: number;
}

export const parseState = (text: string): CollectionState => JSON.parse(text);
export const formatState = (state: CollectionState): string => JSON.stringify(state);

/** The state of a device that has nothing, at a place in the history. */
export function startOf(
  cursor: Cursor,
  floor: number,
  options: CollectionOptions,
): CollectionState {
  return { cursor, floor, options, listing: {}, asked: false, more: true, told: 0 };
}

/** Moves the time window: what it leaves is taken away, what it newly holds is listed. */
export function withFloor(state: CollectionState, floor: number): CollectionState {
  if (floor === state.floor) return state;
  if (floor > state.floor) {
    const { listing, ...rest } = state;
    const emptied = listing?.until !== undefined && listing.until <= floor;
    // What it would have brought may be below the floor now, and belong to what it brought before.
    const left = state.options.conversations ? {} : emptied ? undefined : listing;
    return { ...rest, ...(listing && left && { listing: left }), floor, slide: true };
  }
  // A listing that was going on begins again: what it had brought may have slid away in between.
  const until = state.listing ? state.listing.until : state.floor;
  return { ...state, floor, listing: until === undefined ? {} : { until } };
}

/**
 * Takes on options. Where conversations count from now on, the window is listed once more for what
 * hangs on it; where they no longer do, what the device has is looked through.
 */
export function withOptions(state: CollectionState, options: CollectionOptions): CollectionState {
  const { threads: _, ...rest } = state;
  if (state.options.conversations === options.conversations) return { ...state, options };
  if (state.floor === 0) return { ...rest, options };
  return options.conversations
    ? { ...rest, options, listing: {} }
    : { ...rest, options, audit: { date: 0, item: "" } };
}
