// Asks for data of messages by UID, and reads the answers as they are on the wire.
import { Buffer } from "node:buffer";
import type { ImapFlow } from "imapflow";
import { changeOf, hearingFetch, type Told } from "../connections/fetch_answers.ts";
import { uidSet } from "../items/facts.ts";
import { refusalCode } from "../connections/errors.ts";
import { atom, command, type Token, type Word } from "../connections/raw.ts";

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
  refused: (uid: number, reason: string, error: unknown) => void = () => {},
): Promise<Map<number, Told>> {
  const told = new Map<number, Told>();
  if (uids.length === 0) return told;
  const wanted = new Set(uids);
  const asksFlags = items.some(({ value }) => value === "FLAGS");
  // Flags that are asked for come without it, and may be the only word of a change.
  const asked = asksFlags && countsChanges(client) ? [...items, atom("MODSEQ")] : items;
  try {
    await hearingFetch(client, (row) => {
      // A change that the server tells of meanwhile: nobody else would hear of it.
      if (row.flags && !(asksFlags && wanted.has(row.uid))) {
        client.emit("flags", changeOf(client, row));
      }
      if (wanted.has(row.uid)) told.set(row.uid, merged(told.get(row.uid), row));
    }, () => command(client, "UID FETCH", [setOf(uids), asked]));
    return told;
  } catch (error) {
    const code = refusalCode(error) ?? "";
    // RFC 5530: somebody removed messages; the others were told.
    if (code === "EXPUNGEISSUED") return told;
    if (!isRefusal(error) || busy.has(code)) throw error;
    const rest = uids.filter((uid) => !told.has(uid));
    if (rest.length <= 1) {
      const reason = (error as { responseText?: string }).responseText || "it does not say why";
      for (const uid of rest) refused(uid, reason, error);
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

function countsChanges({ enabled, mailbox }: ImapFlow): boolean {
  return enabled.has("CONDSTORE") && mailbox !== false && !mailbox.noModseq;
}

/** Refusals that are no message's fault: RFC 5530, and what servers make of it. */
const busy = new Set(["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "AUTHORIZATIONFAILED"]);

/** A server may tell of one message in several answers, also of flags that changed just now. */
function merged(before: Told | undefined, row: Told): Told {
  if (!before) return row;
  const sections = new Map([...before.sections, ...row.sections]);
  return { ...before, ...row, sections, length: before.length + row.length };
}

/** Whether the server has understood a command and will not do it (NO, BAD). */
export function isRefusal(error: unknown): boolean {
  const status = (error as { responseStatus?: unknown } | undefined)?.responseStatus;
  return status === "NO" || status === "BAD";
}
