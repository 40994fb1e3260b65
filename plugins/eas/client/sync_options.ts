// How much of an item a client asks for: in Sync and in ItemOperations alike. MS-ASCMD 2.2.3.125
import { textSizes } from "../schema/options.ts";
import { atLeast, type Version } from "../versions.ts";
import { el, type Element } from "../wbxml/mod.ts";

/** A kind of body and how much of it. MS-ASAIRS 2.2.2.12 */
export interface BodyPreference {
  /** 1 text, 2 HTML, 3 RTF, 4 MIME. */
  readonly type: 1 | 2 | 3 | 4;
  /** Bytes; absent: all. */
  readonly truncationSize?: number;
  readonly allOrNone?: boolean;
  /** Characters of plain text, from 14.0. */
  readonly preview?: number;
}

export interface SyncOptions {
  /** 0 all, 1 a day, 2 three days, 3 a week, 4 two weeks, 5 a month … */
  readonly filter?: number;
  /** Only to tell SMS from mail, from 14.0. */
  readonly class?: string;
  readonly bodies?: readonly BodyPreference[];
  /** 0: the client wins. 1: the server. */
  readonly conflict?: 0 | 1;
  /** 0 never, 1 for S/MIME only, 2 always. */
  readonly mimeSupport?: 0 | 1 | 2;
  /** 0 to 8. */
  readonly mimeTruncation?: number;
  /** Only for 2.5, where it has precedence over the text of `bodies`: 0 no text, 1 512 bytes … 9 all of it. */
  readonly truncation?: number;
}

/** The children of Options in a version. 2.5 has a code in place of the preferences. */
export function optionElements(options: SyncOptions, version: Version): (Element | undefined)[] {
  const { bodies = [] } = options;
  const legacy = !atLeast(version, "12.0");
  return [
    optional("AirSync:FilterType", options.filter),
    optional("AirSync:Truncation", options.truncation ?? (legacy ? codeOf(bodies) : undefined)),
    optional("AirSync:Class", options.class),
    ...(legacy ? [] : bodies.map(bodyPreference)),
    optional("AirSync:Conflict", options.conflict),
    optional("AirSync:MIMESupport", options.mimeSupport),
    optional("AirSync:MIMETruncation", options.mimeTruncation),
  ];
}

/** The code of Truncation for as much text as is wanted, or the nearest that is less. */
function codeOf(bodies: readonly BodyPreference[]): number | undefined {
  const text = bodies.find(({ type }) => type === 1);
  const most = text?.truncationSize ?? Infinity;
  return text && textSizes.findLastIndex((size) => (size ?? Infinity) <= most);
}

export function bodyPreference(wanted: BodyPreference): Element {
  return el(
    "AirSyncBase:BodyPreference",
    el("AirSyncBase:Type", wanted.type),
    optional("AirSyncBase:TruncationSize", wanted.truncationSize),
    optional("AirSyncBase:AllOrNone", wanted.allOrNone),
    optional("AirSyncBase:Preview", wanted.preview),
  );
}

/** An element, or nothing where there is no value. */
export function optional(
  tag: Element["tag"],
  value: string | number | boolean | undefined,
): Element | undefined {
  return value === undefined ? undefined : el(tag, value);
}
