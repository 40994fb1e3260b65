// The Options of a collection: filter, conflicts, bodies. They hold until the device sends others.
import type { Element, Version } from "../../api.ts";
import { BadOptions, type ItemOptions, noOptions, readOptions } from "../../schema/options.ts";

/** Plain data: it is kept as JSON. */
export interface CollectionOptions {
  /** FilterType 0 to 5: how far back mail is wanted. */
  readonly filter: number;
  /** Who wins where both sides changed an item. */
  readonly conflict: "client" | "server";
  readonly item: ItemOptions;
  /** Mail older than the filter is wanted too where its conversation goes on. */
  readonly conversations?: true;
}

/** What holds for a device that never sent Options. */
export const standardOptions: CollectionOptions = {
  filter: 0,
  conflict: "server",
  item: noOptions,
};

/** Days by FilterType; MS-ASCMD 2.2.3.68.2. A month is 30 days. 0: everything. */
const days = [0, 1, 3, 7, 14, 30] as const;

/**
 * Reads the Options of a mail collection; undefined where there are none. Throws BadOptions.
 *
 * A second Options element is for SMS, which has no items here.
 */
// MS-ASCMD 2.2.3.125.5
export function readCollectionOptions(
  collection: Element,
  version: Version,
): CollectionOptions | undefined {
  const all = collection.all("AirSync:Options");
  if (all.length === 0) return undefined;
  if (all.length > 2) throw new BadOptions("Cannot read options: more than two of them");
  const classes = all.map((options) => options.textOf("AirSync:Class") ?? "Email");
  if (new Set(classes).size < classes.length) {
    throw new BadOptions("Cannot read options: the same Class twice");
  }
  const chosen = all[classes.indexOf("Email")];
  if (!chosen) return classes.includes("SMS") ? standardOptions : refuse(classes[0]!);
  return {
    filter: code(chosen, "AirSync:FilterType", days.length - 1, 0),
    conflict: code(chosen, "AirSync:Conflict", 1, 1) === 0 ? "client" : "server",
    item: readOptions(chosen, version),
  };
}

/**
 * What a device wants from now on: what it says, and else what it said before. ConversationMode
 * stands beside the Options, and holds by itself.
 */
// MS-ASCMD 2.2.3.36.2
export function wishes(
  said: { readonly options?: CollectionOptions; readonly conversations?: boolean },
  before: CollectionOptions = standardOptions,
): CollectionOptions {
  const { conversations: _, ...options } = said.options ?? before;
  const whole = said.conversations ?? before.conversations ?? false;
  return whole ? { ...options, conversations: true } : options;
}

function refuse(name: string): never {
  throw new BadOptions(`Cannot read options: Class ${name} is not in this collection`);
}

function code(
  options: Element,
  tag: "AirSync:FilterType" | "AirSync:Conflict",
  most: number,
  standard: number,
): number {
  const text = options.textOf(tag)?.trim();
  if (text === undefined) return standard;
  const value = /^\d$/.test(text) ? Number(text) : NaN;
  if (value <= most) return value;
  throw new BadOptions(`Cannot read options: ${tag} is not between 0 and ${most}`);
}

const hour = 3_600_000;

/**
 * The oldest date that a filter lets through; 0: everything. In steps of an hour, so that what slid
 * out of the window is looked for once an hour and not at every Sync.
 */
export function floorOf(filter: number, now: number): number {
  const back = days[filter] ?? 0;
  return back === 0 ? 0 : Math.floor((now - back * 24 * hour) / hour) * hour;
}

/** How far back a FilterType reaches; undefined where it is none for mail. */
export function isFilter(filter: number): boolean {
  return Number.isInteger(filter) && filter >= 0 && filter < days.length;
}
