// Asks for data of messages by UID, and reads the answers as they are on the wire.
import { Buffer } from "node:buffer";
import type { ImapFlow } from "imapflow";
import { uidSet } from "../items/facts.ts";
import {
  atom,
  bytes,
  command,
  list,
  type Token,
  type Word,
  word,
  words,
} from "../connections/raw.ts";

/** What the server told of one message; what was not asked for is absent. */
export interface Told {
  readonly uid: number;
  readonly flags?: ReadonlySet<string>;
  /** INTERNALDATE in milliseconds. */
  readonly date?: number;
  readonly size?: number;
  /** BODYSTRUCTURE, not read yet. */
  readonly structure?: Token;
  /** Bytes by section and where they begin: `1.2<0>`, `HEADER.FIELDS<0>`. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

/** Bytes of a section, from one place up to (not including) another. */
export interface Stretch {
  /** As RFC 3501 names it, such as `1.2`; empty for the whole message. */
  readonly section: string;
  readonly from: number;
  readonly to: number;
}

/** Asks for bytes. */
export function peek({ section, from, to }: Stretch): Word {
  return peekAt(section ? [atom(section)] : [], from, to - from);
}

/** Asks for header fields, of at most so many bytes together. */
export function peekFields(names: readonly string[], most: number): Word {
  return peekAt([atom("HEADER.FIELDS"), names.map(atom)], 0, most);
}

function peekAt(section: readonly Token[], from: number, length: number): Word {
  return { type: "ATOM", value: "BODY.PEEK", section, partial: [from, length] };
}

/** Message numbers or UIDs as a set: `1,4:9`. They come in any order. */
export function setOf(numbers: readonly number[]): Word {
  return { type: "SEQUENCE", value: uidSet([...new Set(numbers)].sort((a, b) => a - b)) };
}

/** Header fields that {@link peekFields} has brought. */
export function fieldsOf({ sections }: Told): Uint8Array {
  return sections.get("HEADER.FIELDS<0>") ?? sections.get("HEADER.FIELDS") ?? Buffer.alloc(0);
}

/**
 * What the server tells of messages in the open folder; those that are gone are left out. Where it
 * refuses a whole because of one message, the others are told all the same, and `refused` is called
 * for that one.
 */
export async function fetchTold(
  client: ImapFlow,
  uids: readonly number[],
  items: readonly Word[],
  refused: (uid: number, reason: string) => void = () => {},
): Promise<Map<number, Told>> {
  const told = new Map<number, Told>();
  if (uids.length === 0) return told;
  const wanted = new Set(uids);
  const asksFlags = items.some(({ value }) => value === "FLAGS");
  try {
    await command(client, "UID FETCH", [setOf(uids), items], {
      FETCH: (answer) => {
        const row = readTold(list(answer[1]));
        // A change that the server tells of meanwhile: nobody else would hear of it.
        if (row.flags && !asksFlags) client.emit("flags", changeOf(client, row));
        if (wanted.has(row.uid)) told.set(row.uid, merged(told.get(row.uid), row));
      },
    });
    return told;
  } catch (error) {
    const code = codeIn(error);
    // RFC 5530: somebody removed messages; the others were told.
    if (code === "EXPUNGEISSUED") return told;
    if (!isRefusal(error) || busy.has(code)) throw error;
    const rest = uids.filter((uid) => !told.has(uid));
    if (rest.length <= 1) {
      const reason = (error as { responseText?: string }).responseText || "it does not say why";
      for (const uid of rest) refused(uid, reason);
      return told;
    }
    for (const half of [rest.slice(0, rest.length / 2), rest.slice(rest.length / 2)]) {
      for (const row of (await fetchTold(client, half, items, refused)).values()) {
        told.set(row.uid, row);
      }
    }
    return told;
  }
}

/** Refusals that are no message's fault: RFC 5530, and what servers make of it. */
const busy = new Set(["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "AUTHORIZATIONFAILED"]);

function codeIn(error: unknown): string {
  const { serverResponseCode } = error as { serverResponseCode?: string };
  return serverResponseCode?.toUpperCase() ?? "";
}

/** As imapflow tells it. */
function changeOf({ mailbox }: ImapFlow, { uid, flags }: Told) {
  return { path: mailbox ? mailbox.path : "", seq: 0, uid, flags: new Set(flags) };
}

/** A server may tell of one message in several answers, also of flags that changed just now. */
function merged(before: Told | undefined, row: Told): Told {
  if (!before) return row;
  return { ...before, ...row, sections: new Map([...before.sections, ...row.sections]) };
}

function readTold(pairs: readonly Token[]): Told {
  const told: { -readonly [Key in keyof Told]: Told[Key] } = { uid: 0, sections: new Map() };
  const sections = new Map<string, Uint8Array>();
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const [name, value] = [pairs[at]!, pairs[at + 1]!];
    const key = word(name)?.toUpperCase();
    if (key === "UID") told.uid = Number(word(value));
    else if (key === "FLAGS") told.flags = new Set(words(value));
    else if (key === "RFC822.SIZE") told.size = Number(word(value)) || 0;
    else if (key === "BODYSTRUCTURE") told.structure = value;
    else if (key === "INTERNALDATE") told.date = timeOf(word(value) ?? "");
    else if (key === "BODY") sections.set(sectionOf(name as Word), bytes(value));
  }
  return { ...told, sections };
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec";

/** A date-time of RFC 3501 (`" 1-Mar-2026 09:15:00 +0100"`) in milliseconds; 0 where it is none. */
export function timeOf(text: string): number {
  const found = /^\s*(\d+)-([a-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?/i.exec(
    text,
  );
  const month = months.indexOf(found?.[2]?.toLowerCase() ?? "?") / 3;
  if (!found || month < 0) return 0;
  const [day, , year, hour, minute, second] = found.slice(1, 7).map(Number) as number[];
  const zone = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === "-" ? -1 : 1);
  // `setUTCFullYear` takes years before 100 as they are.
  const time = new Date(0);
  time.setUTCFullYear(year!, month, day);
  time.setUTCHours(hour!, minute! - zone, second);
  return time.getTime();
}

function sectionOf({ section, partial }: Word): string {
  const from = partial?.[0];
  const name = word(section?.[0])?.toUpperCase() ?? "";
  return from === undefined ? name : `${name}<${from}>`;
}

/** Whether the server has understood a command and will not do it (NO, BAD). */
export function isRefusal(error: unknown): boolean {
  const status = (error as { responseStatus?: unknown } | undefined)?.responseStatus;
  return status === "NO" || status === "BAD";
}
