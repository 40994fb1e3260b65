// What the sync engine remembers between requests, as a port: `syncState` is filled by a plugin.
//
// A collection here is anything that has a SyncKey: a folder, or the hierarchy itself (id "0").
// Two generations are kept: what the device has confirmed, and what the last answer handed out.

import type { ItemId } from "../mailbox/api.ts";

/** The device that a state belongs to: state is kept by account and device, never by device alone. */
export interface DeviceRef {
  readonly account: number;
  /** The DeviceId as the device sends it. */
  readonly device: string;
}

export interface CollectionRef extends DeviceRef {
  /** A CollectionId, or `hierarchy`. */
  readonly collection: string;
}

/** The id under which the folder hierarchy keeps its state. */
export const hierarchy = "0";

/** One item as the device has it. `has` is the engine's own short text: equal means nothing to tell. */
export interface Held {
  readonly item: ItemId;
  /** What time windows are measured by; milliseconds. */
  readonly date: number;
  readonly has: string;
}

/** A device's command and how it ended, kept so that a repeat answers the same. */
export interface Journalled {
  /** What tells the command apart inside its SyncKey: `add:<ClientId>`, `change:<ServerId>` … */
  readonly id: string;
  /** The engine's own record of the outcome, as JSON; undefined: begun, outcome unknown. */
  readonly outcome: string | undefined;
}

/** What an answer hands out and leaves behind. */
export interface Next {
  /** The engine's own state (cursor, listing, options …) as JSON. */
  readonly state: string;
  /** Items that the answer adds or changes, and what the device's own commands made of items. */
  readonly held: readonly Held[];
  /** Items that the answer takes away. */
  readonly gone: readonly ItemId[];
  readonly journal: readonly Journalled[];
  /**
   * `new`: the answer carries a new key. `same`: nothing was handed out and nothing was commanded;
   * the key stays and only `state` is kept.
   */
  readonly key: "new" | "same";
}

/** What an unconfirmed answer had handed out, when the device comes back with the key before it. */
export interface Lost {
  /** The key that the lost answer carried. */
  readonly key: string;
  readonly state: string;
  readonly held: readonly Held[];
  readonly gone: readonly ItemId[];
}

/**
 * One request's work on one collection. Nothing is durable before `commit`, except what `intend`
 * writes. Two sessions of one collection never run at once: the engine holds the device's lock.
 */
export interface Session {
  /** The engine's state that the device has confirmed; undefined right after key 0. */
  readonly state: string | undefined;
  /**
   * Present where the device repeats the key before the last answer: that answer never arrived. Its
   * items are not part of `held`. `commit` with `replay` sends it again under the same key.
   */
  readonly lost: Lost | undefined;
  /** Commands that already ran under this key. */
  readonly journal: ReadonlyMap<string, Journalled>;
  /** What the device has of these items. */
  held(items: readonly ItemId[]): Promise<Map<ItemId, Held>>;
  /** Items that the device has and that are dated before `until`, oldest first. */
  heldBefore(until: number, limit: number): Promise<Held[]>;
  /** How many items the device has, dated at or after `since`. */
  heldCount(since?: number): Promise<number>;
  /** Makes durable that these commands are about to run, so that a crash cannot run them twice. */
  intend(commands: readonly string[]): Promise<void>;
  /**
   * Makes everything durable in one transaction and returns the key for the answer. `replay`: keep
   * the lost answer's key and set, adding to it what `next` says.
   */
  commit(next: Next, options?: { readonly replay?: boolean }): Promise<string>;
}

/** A look at what the device has, without any change: for Ping and GetItemEstimate. */
export interface Look {
  readonly state: string;
  held(items: readonly ItemId[]): Promise<Map<ItemId, Held>>;
  heldBefore(until: number, limit: number): Promise<Held[]>;
}

/** The durable memory of the sync engine. */
export interface SyncState {
  /**
   * Begins the work on a collection with the key that the device sent. "0" starts over (the items
   * are forgotten, keys are never used twice). A key that is neither the present nor the previous
   * one gives undefined: Status 3 (Sync) or 9 (FolderSync).
   */
  open(ref: CollectionRef, key: string): Promise<Session | undefined>;
  /**
   * The newest state, counting the last answer as received; `key` makes it undefined unless it is
   * the present or previous key. undefined also where the device never primed the collection.
   */
  look(ref: CollectionRef, key?: string): Promise<Look | undefined>;
  /** The collections that the device has primed. */
  collections(device: DeviceRef): Promise<string[]>;
  /** Removes collections whose folders are gone. */
  drop(device: DeviceRef, collections: readonly string[]): Promise<void>;
  /** A small text that requests leave for later ones (cached Sync or Ping parameters). */
  recall(device: DeviceRef, name: string): Promise<string | undefined>;
  remember(device: DeviceRef, name: string, text: string | undefined): Promise<void>;
  /** Removes all that is kept for a device, or for all devices of an account. */
  forget(account: number, device?: string): Promise<void>;
}
