// The journal of a device's commands: what was begun under a SyncKey, and how it ended.
import type { ItemId } from "../../../mailbox/api.ts";
import type { Held, Journalled, Session } from "../../api.ts";
import type { DeviceCommand } from "./request.ts";

/** How a command ended. MS-ASCMD 2.2.3.177.17 */
export interface Outcome {
  readonly status: 1 | 6 | 7 | 8 | 9 | 183;
  /** Of an Add: the id that the item got. */
  readonly serverId?: ItemId;
  /** What the device has now. */
  readonly held?: Held;
  /** The attachments that came with a draft, under the references that they got. */
  readonly files?: readonly NewFile[];
  readonly gone?: ItemId;
  /** The device is wrong about this item now: it must be told again how it is. */
  readonly doubtful?: ItemId;
}

/** An attachment of the device, and how it is called from now on. */
export interface NewFile {
  readonly clientId: string;
  readonly reference: string;
  readonly name: string;
}

/** What the journal keeps of a command; JSON. */
export interface Entry {
  readonly kind: DeviceCommand["kind"];
  /** The ServerId; of an Add the ClientId. */
  readonly item: string;
  /** What it was to do: the same command with another content is another command. */
  readonly what: string;
  /** Counts commands with the same id under one key. */
  readonly attempt: number;
  /** The order in which commands ran. */
  readonly order: number;
  /** Absent: begun, and then the server stopped. */
  readonly done?: Outcome;
}

/** A command of this request, with its place in the journal. */
export interface Filed {
  readonly id: string;
  readonly command: DeviceCommand;
  readonly what: string;
}

/** The journal of a session, read. */
export function readJournal({ journal }: Session): Map<string, Entry> {
  return new Map([...journal.values()].map(({ id, record }) => [id, JSON.parse(record)]));
}

export function journalled(id: string, entry: Entry): Journalled {
  return { id, record: JSON.stringify(entry) };
}

/** The outcome of a command that has run already, exactly so. */
export function doneBefore(
  journal: ReadonlyMap<string, Entry>,
  { id, what }: Filed,
): Outcome | undefined {
  const entry = journal.get(id);
  return entry?.what === what ? entry.done : undefined;
}

/** Entries in the order in which they ran. */
export function inOrder(journal: ReadonlyMap<string, Entry>): [string, Entry][] {
  return [...journal].sort(([, a], [, b]) => a.order - b.order);
}
