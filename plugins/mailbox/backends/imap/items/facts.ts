// What is asked of messages before anything else: UID, flags, arrival, size and Message-ID.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ImapFlow } from "imapflow";
import { parseInternalDate } from "./internal_date.ts";
import { flagsText } from "./marks.ts";

/** A message as the server lists it. */
export interface Facts {
  readonly uid: number;
  /** See {@link flagsText}. */
  readonly flags: string;
  /** INTERNALDATE in milliseconds: whole seconds. */
  readonly date: number;
  readonly size: number;
  /** As written in the header, without blanks around it; empty where there is none. */
  readonly messageId: string;
  readonly print: string;
}

/**
 * The facts of a message with this header. What tells it apart from others is worked out when it is
 * asked for: who lists messages that have their rows does not need it.
 */
export function factsOf(
  told: Pick<Facts, "uid" | "flags" | "date" | "size">,
  head: Uint8Array,
): Facts {
  let messageId: string | undefined;
  return {
    ...told,
    get messageId() {
      return messageId ??= messageIdOf(head);
    },
    get print() {
      return printOf(this.messageId, told.date, told.size);
    },
  };
}

/** UIDs as IMAP writes them: `1:3,7`. They must come in ascending order. */
export function uidSet(uids: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < uids.length;) {
    let end = at;
    while (uids[end + 1] === uids[end]! + 1) end++;
    parts.push(end > at ? `${uids[at]}:${uids[end]}` : `${uids[at]}`);
    at = end + 1;
  }
  return parts.join(",");
}

/** What servers take in a line (RFC 7162 §4 asks for 8192 bytes), less the words around it. */
const longestSet = 6000;

/** The same in sets that servers take: scattered UIDs make long ones. None for no UIDs. */
export function uidSets(uids: readonly number[]): string[] {
  const sets: string[] = [];
  for (const part of uidSet(uids).split(",")) {
    const last = sets.at(-1);
    if (part === "") continue;
    if (last !== undefined && last.length + part.length < longestSet) {
      sets[sets.length - 1] = `${last},${part}`;
    } else sets.push(part);
  }
  return sets;
}

/** The facts of messages, as they come in. The folder must be open; no other command meanwhile. */
export async function* fetchFacts(client: ImapFlow, uids: string): AsyncGenerator<Facts> {
  if (uids === "") return;
  const query = {
    uid: true,
    flags: true,
    internalDate: true,
    size: true,
    headers: ["message-id"],
  };
  for await (const message of client.fetch(uids, query, { uid: true })) {
    // What another connection has expunged answers with nothing in some servers (Cyrus).
    if (!message.flags || !message.internalDate) continue;
    // The library hands on what this runtime's Date does not read.
    const { internalDate } = message;
    const date = internalDate instanceof Date
      ? internalDate.getTime()
      : parseInternalDate(internalDate);
    const { uid, size = 0, headers = Buffer.alloc(0) } = message;
    yield factsOf({ uid, flags: flagsText(message.flags), date, size }, headers);
  }
}

/** The flags of messages, as they come in; with `since`: of those that changed after it. */
export async function* fetchFlags(
  client: ImapFlow,
  uids: string,
  since?: string,
): AsyncGenerator<{ readonly uid: number; readonly flags: string }> {
  const how = since === undefined ? {} : { changedSince: BigInt(since) };
  for await (
    const { uid, flags } of client.fetch(uids, { uid: true, flags: true }, { uid: true, ...how })
  ) {
    if (flags) yield { uid, flags: flagsText(flags) };
  }
}

/** The Message-ID of a header, as far as it serves to tell messages apart. */
export function messageIdOf(head: Uint8Array): string {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  // Not cut into all its fields: this is done for every message there is.
  const found = /(?:^|\n)message-id[ \t]*:([^\n]*\n?(?:[ \t][^\n]*\n?)*)/i.exec(text);
  if (!found) return "";
  const plain = /^[ \t]*([!-~]+)\r?\n?$/.exec(found[1]!);
  if (plain) return plain[1]!;
  const value = Buffer.from(found[1]!, "latin1").toString().replace(/\r?\n(?=[ \t])/g, "");
  return value.replace(/\s+/g, " ").trim();
}

/** What tells a message apart where UIDs do not: 22 characters. */
export function printOf(messageId: string, date: number, size: number): string {
  return createHash("sha256").update(`${messageId}\n${date}\n${size}`).digest("base64url")
    .slice(0, 22);
}
