// How a device wants items: the children that the Options of Sync, ItemOperations and Search share.
import { Status } from "../status.ts";
import { atLeast, type Version } from "../versions.ts";
import type { Element } from "../wbxml/element.ts";

/** A kind of body that the device takes, and how much of it. Plain data: it can be kept as JSON. */
export interface BodyPreference {
  /** 1 text, 2 HTML, 3 RTF, 4 MIME. */
  readonly type: 1 | 2 | 3 | 4;
  /** At most so many bytes; absent: all of it. */
  readonly truncationSize?: number;
  /** Rather nothing than a part. Has no effect without `truncationSize`. */
  readonly allOrNone?: boolean;
  /** Also a plain text of at most so many characters (14.0 and later). */
  readonly preview?: number;
}

/** How a device wants items. Plain data: it can be kept as JSON. */
export interface ItemOptions {
  /** `Email`, `SMS`, `Calendar` …: which items these options are for, where it is said. */
  readonly class?: string;
  /** In the order of the device. */
  readonly bodyPreferences: readonly BodyPreference[];
  /** How the message's own part of its conversation is wanted; absent: not. Its type is 2. */
  readonly bodyPart?: BodyPreference;
  /** 0 never MIME, 1 for S/MIME only, 2 for all mail. */
  readonly mimeSupport: 0 | 1 | 2;
  /** At most so many bytes of MIME; absent: all of it. */
  readonly mimeTruncation?: number;
}

/** What holds for a device that has not said anything. */
export const noOptions: ItemOptions = { bodyPreferences: [], mimeSupport: 0 };

/** The same options without their limits: how a device wants what it fetches whole. */
// MS-ASCMD 2.2.3.67.2
export function untruncated(options: ItemOptions): ItemOptions {
  const { mimeTruncation: _, bodyPart, ...rest } = options;
  const whole = ({ truncationSize: _, ...kept }: BodyPreference): BodyPreference => kept;
  const bodyPreferences = options.bodyPreferences.map(whole);
  return { ...rest, bodyPreferences, ...(bodyPart && { bodyPart: whole(bodyPart) }) };
}

/** The same options for an item of which only sizes and previews are told. */
export function withoutBodies(options: ItemOptions): ItemOptions {
  const { bodyPart } = options;
  const none = { truncationSize: 0 };
  const preferences = options.bodyPreferences.length > 0
    ? options.bodyPreferences
    : [{ type: 1 } as const];
  return {
    ...options,
    bodyPreferences: preferences.map((preference) => ({ ...preference, ...none })),
    ...(bodyPart && { bodyPart: { ...bodyPart, ...none } }),
    mimeTruncation: 0,
  };
}

/** Options that break the protocol: Status 4 in Sync, 2 in ItemOperations and Search. */
export class BadOptions extends Error {
  override name = "BadOptions";
}

/**
 * Reads an `Options` element; other children are left to the caller. Throws {@link BadOptions}, and
 * Status 164 for a part of a kind that there is not.
 */
// MS-ASCMD 2.2.3.125.6
export function readOptions(options: Element | undefined, version: Version): ItemOptions {
  if (!options) return noOptions;
  const kind = options.textOf("AirSync:Class");
  const truncation = mimeTruncation(options.textOf("AirSync:MIMETruncation"));
  const bodyPart = readBodyPart(options, version);
  return {
    ...(kind ? { class: kind } : {}),
    bodyPreferences: atLeast(version, "12.0")
      ? preferences(options.all("AirSyncBase:BodyPreference"), version)
      : legacyPreferences(options.textOf("AirSync:Truncation")),
    ...(bodyPart && { bodyPart }),
    mimeSupport: integer(options.textOf("AirSync:MIMESupport") ?? "0", 0, 2, "MIMESupport") as
      | 0
      | 1
      | 2,
    ...(truncation === undefined ? {} : { mimeTruncation: truncation }),
  };
}

// MS-ASAIRS 2.2.2.12
function preferences(elements: readonly Element[], version: Version): BodyPreference[] {
  const read = elements.map((element) => preference(element, version));
  const types = new Set(read.map(({ type }) => type));
  if (types.size < read.length) throw new BadOptions("Cannot read options: a body Type twice");
  return read;
}

/** Only HTML; other types end the whole request. MS-ASCMD 2.2.2 */
// MS-ASAIRS 2.2.2.11
function readBodyPart(options: Element, version: Version): BodyPreference | undefined {
  const all = options.all("AirSyncBase:BodyPartPreference");
  if (!atLeast(version, "14.1") || all.length === 0) return undefined;
  if (all.length > 1) throw new BadOptions("Cannot read options: more than one BodyPartPreference");
  const read = preference(all[0]!, version);
  if (read.type !== 2) throw new Status(164, "a part of a body is HTML");
  return read;
}

function preference(element: Element, version: Version): BodyPreference {
  const size = element.textOf("AirSyncBase:TruncationSize");
  const whole = element.textOf("AirSyncBase:AllOrNone");
  const preview = atLeast(version, "14.0") ? element.textOf("AirSyncBase:Preview") : undefined;
  return {
    type: integer(element.textOf("AirSyncBase:Type") ?? "", 1, 4, "Type") as 1 | 2 | 3 | 4,
    ...(size === undefined
      ? {}
      : { truncationSize: integer(size, 0, 0xffff_ffff, "TruncationSize") }),
    ...(whole === undefined ? {} : { allOrNone: boolean(whole, "AllOrNone") }),
    ...(preview === undefined ? {} : { preview: integer(preview, 0, 255, "Preview") }),
  };
}

/** Bytes of text by the code of Truncation; 9 is all of it. */
export const textSizes = [
  0,
  512,
  1024,
  2048,
  5120,
  10240,
  20480,
  51200,
  102400,
  undefined,
] as const;

/** 2.5 knows text and MIME only, and a code for how much of the text it takes. */
// MS-ASCMD 2.2.3.125.5
function legacyPreferences(truncation: string | undefined): BodyPreference[] {
  const size = truncation === undefined
    ? undefined
    : textSizes[integer(truncation, 0, 9, "Truncation")];
  return [{ type: 1, ...(size !== undefined && { truncationSize: size }) }, { type: 4 }];
}

/** Bytes of MIME by the code of MIMETruncation; 8 is all of it. */
// MS-ASCMD 2.2.3.111
const mimeSizes = [0, 4096, 5120, 7168, 10240, 20480, 51200, 102400, undefined] as const;

function mimeTruncation(text: string | undefined): number | undefined {
  return text === undefined ? undefined : mimeSizes[integer(text, 0, 8, "MIMETruncation")];
}

/** A boolean of the protocol: 0 or 1; an empty element is 1. Throws {@link BadOptions}. */
// MS-ASDTYPE 2.1
export function boolean(text: string, name: string): boolean {
  const value = text.trim().toLowerCase();
  if (value === "" || value === "1" || value === "true") return true;
  if (value === "0" || value === "false") return false;
  throw new BadOptions(`Cannot read options: ${name} is neither 0 nor 1`);
}

function integer(text: string, least: number, most: number, name: string): number {
  const value = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new BadOptions(`Cannot read options: ${name} is not between ${least} and ${most}`);
}
