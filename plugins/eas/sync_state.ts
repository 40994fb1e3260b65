// What the sync engine remembers between requests, as a port: `syncState` is filled by a plugin, or
// else by plain_state.ts.
//
// A collection here is anything that has a SyncKey: a folder, or the hierarchy itself (id "0").
// Two generations are kept: what the device has confirmed, and what the answers after that handed out.

import type { ItemId } from "../mailbox/api.ts";

/** The device that a state belongs to: state is kept by account and device, never by device alone. */
export interface DeviceRef {
  readonly account: number;
  /** The DeviceId as the device sends it. */
  readonly device: string;
}

/** The id under which the folder hierarchy keeps its state. */
export const hierarchy = "0";

/** A collection, and the SyncKey that the device sent for it. */
export interface Keyed {
  /** A CollectionId, or `hierarchy`. */
  readonly collection: string;
  readonly key: string;
}

/** One item as the device has it. `has` is the engine's own short text: equal means nothing to tell. */
export interface Held {
  readonly item: ItemId;
  /** What time windows are measured by; milliseconds. */
  readonly date: number;
  readonly has: string;
}

/** A device's command and what became of it, kept so that a repeat answers the same. */
export interface Journalled {
  /** What tells the command apart inside its SyncKey: `add:<ClientId>`, `change:<ServerId>` … */
  readonly id: string;
  /** The engine's own record of the intent and, once it has run, of the outcome; JSON. */
  readonly record: string;
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
}

/** What an answer handed out that the device has not confirmed. */
export interface HandedOut {
  /** The key that the answer carried: valid still, with exactly this set behind it. */
  readonly key: string;
  readonly state: string;
  readonly held: readonly Held[];
  readonly gone: readonly ItemId[];
}

/** The last answer to a key that the device sends again. */
export interface Lost extends HandedOut {
  /** How often answers to this key were made before this request, and none has arrived. */
  readonly times: number;
  /** When the device sent this key for the second time; now, if that is this request. */
  readonly since: number;
}

/** What the device has, as the engine looks at it. */
export interface View {
  /** What the device has of these items. */
  held(items: readonly ItemId[]): Promise<Map<ItemId, Held>>;
  /**
   * Items that the device has and that are dated before `until`, oldest first (then by id); those
   * behind `after` in that order.
   */
  heldBefore(until: number, limit: number, after?: Held): Promise<Held[]>;
}

/**
 * One request's work on one collection. Nothing is durable before `commit`, except what `intend`
 * writes. Two sessions of one collection never run at once: the engine holds the device's lock.
 */
export interface Session extends View {
  readonly collection: string;
  /** The engine's state that the device has confirmed; undefined where it starts over (key 0). */
  readonly state: string | undefined;
  /**
   * Present where the device repeats the key before the last answer: that answer never arrived. Its
   * items are not part of the view. To send it again, answer with its key and commit nothing (but
   * `amend` what has changed since). A `commit` makes another answer to the same key: the device may
   * have any of them, and the next key that it sends tells which.
   */
  readonly lost: Lost | undefined;
  /**
   * Other answers to the repeated key, the newest first, which may be sent again just as well. Not
   * those made before a command ran under that key: they do not know of it.
   */
  readonly earlier: readonly HandedOut[];
  /** Commands that were begun under the key which the device sent. */
  readonly journal: ReadonlyMap<string, Journalled>;
  /** No journal is kept: whoever repeats a command starts over, and sends it under another key. */
  readonly forgetful?: true;
  /**
   * Notes that an answer was sent again (the one with this `key`; default: the lost one), and
   * replaces what its record says of items that had changed. Throws {@link Outdated}.
   */
  amend(held: readonly Held[], key?: string): Promise<void>;
  /** Makes durable that these commands are about to run, so that a crash cannot run them twice. */
  intend(commands: readonly Journalled[]): Promise<void>;
  /**
   * Makes everything durable in one transaction and returns the new key for the answer. Throws
   * {@link Outdated}.
   */
  commit(next: Next): Promise<string>;
  /**
   * Replaces the state alone (a cursor that moved past what does not concern the device, options):
   * the device keeps the key that it sent. Not where there is a `lost` answer. Throws
   * {@link Outdated}.
   */
  keep(state: string): Promise<void>;
}

/** A look at what the device has, counting the last answer as received: for Ping and estimates. */
export interface Look extends View {
  readonly state: string;
  /** The keys that the device may send next: of the last answers, and those before them. */
  readonly keys: readonly string[];
}

/** The durable memory of the sync engine. */
export interface SyncState {
  /**
   * Begins the work on collections with the keys that the device sent. A collection is missing from
   * the outcome where its key is neither the present nor the previous one: Status 3 (Sync) or 9
   * (FolderSync). "0" starts over; keys are never used twice, and what the device had stays valid
   * until it uses the key that the answer to "0" carries. Throws {@link Outdated}.
   */
  open(device: DeviceRef, wanted: readonly Keyed[]): Promise<Map<string, Session>>;
  /** Looks at collections; those which the device never primed are missing. */
  look(device: DeviceRef, collections: readonly string[]): Promise<Map<string, Look>>;
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

/** Somebody else (another process) advanced the collection in the meantime: the device tries again. */
export class Outdated extends Error {
  override name = "Outdated";
}
