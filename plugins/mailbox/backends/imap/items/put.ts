// Puts messages into folders: APPEND, COPY and MOVE, and which UID came of it.
import { Buffer } from "node:buffer";
import type { ImapFlow } from "imapflow";
import { Refused } from "../../../api.ts";
import { type Bytes, bytesOf, join, limited } from "../../../bytes.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { type Facts, fetchFacts, printOf, uidSet } from "./facts.ts";
import { internalDate } from "./internal_date.ts";
import type { ItemStore } from "./item_store.ts";
import { folderWord } from "../folders/mailbox_name.ts";
import { refusalCode } from "../connections/errors.ts";
import { type Answer, atom, codeOf, command, type Token, word } from "../connections/raw.ts";
import { commandWithLiteral } from "../connections/large_literal.ts";
import { UidRanges } from "./uid_ranges.ts";

/** What a message that is about to be put somewhere will be known by. */
export interface Meant {
  /** The number of the folder, and how it was just before. */
  readonly folder: number;
  readonly validity: string;
  readonly uidnext: number;
  readonly messageId: string;
  /** INTERNALDATE in milliseconds. */
  readonly date: number;
  readonly size: number;
}

/** Where a message came to be. */
export interface Put {
  readonly validity: string;
  readonly uid: number;
}

/** A message in memory, once: in the pieces that it came in. */
export interface Spooled {
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

/**
 * A whole message, at most `maxMessageSize` bytes: IMAP wants to know the size before the first byte,
 * and a repeat must be able to send it again. Not on the disk, where no mail is ever kept.
 */
export async function spool(source: Bytes | Uint8Array, limit: number): Promise<Spooled> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of limited(bytesOf(source), limit)) {
    pieces.push(piece);
    size += piece.length;
  }
  return { pieces, size };
}

/** The first bytes of a message, at most so many and some more. */
export function beginning({ pieces }: Spooled, bytes: number): Uint8Array {
  const first: Uint8Array[] = [];
  for (let size = 0, at = 0; size < bytes && at < pieces.length; at++) {
    first.push(pieces[at]!.subarray(0, bytes - size));
    size += first[at]!.length;
  }
  return join(first);
}

/** A date as the server can keep it: whole seconds. */
export function wholeSecond(date: number): number {
  return Math.floor(date / 1000) * 1000;
}

/** Up to here a message is sent in one go, and with the command where the server allows it. */
const inOneGo = 1 << 16;

/** Appends a message; undefined where the server does not say which UID it has. */
export async function append(
  client: ImapFlow,
  path: string,
  message: Spooled,
  flags: readonly string[],
  date: number,
): Promise<Put | undefined> {
  const limit = client.capabilities.get("APPENDLIMIT");
  if (typeof limit === "number" && message.size > limit) {
    throw new Refused("tooLarge", `Cannot store the message: the server takes ${limit} bytes`);
  }
  const send = (flags: readonly string[]) =>
    appendBytes(client, [
      folderWord(client, path),
      flags.map(atom),
      { type: "STRING", value: internalDate(date) },
    ], message);
  let answer: Answer;
  try {
    answer = await send(flags);
  } catch (error) {
    // Some servers have room for so many keywords only.
    const system = flags.filter((flag) => flag.startsWith("\\"));
    const code = refusalCode(error);
    if (system.length === flags.length || !["LIMIT", "CANNOT"].includes(code ?? "")) throw error;
    answer = await send(system);
  }
  const [, validity, uid] = codeWords(answer, "APPENDUID");
  return putOf(validity, uid);
}

async function appendBytes(
  client: ImapFlow,
  words: readonly Token[],
  { pieces, size }: Spooled,
): Promise<Answer> {
  const isLiteral8 = client.capabilities.has("BINARY") &&
    pieces.some((piece) => piece.includes(0));
  if (size > inOneGo) {
    return await commandWithLiteral(client, "APPEND", words, { size, pieces, isLiteral8 });
  }
  const literal = { type: "LITERAL", value: Buffer.concat(pieces), isLiteral8 };
  return await command(client, "APPEND", [...words, literal as unknown as Token]);
}

/** Whether messages can be moved in one step (RFC 6851; part of IMAP4rev2). */
export function moves({ capabilities, enabled }: ImapFlow): boolean {
  return capabilities.has("MOVE") || enabled.has("IMAP4REV2");
}

/** Copies or moves a message of the open folder; undefined where the server does not say to where. */
export async function transfer(
  client: ImapFlow,
  how: "MOVE" | "COPY",
  uid: number,
  path: string,
): Promise<Put | undefined> {
  let found: Put | undefined;
  const hear = (answer: Pick<Answer, "attributes">) => {
    const [, validity, , to] = codeWords(answer, "COPYUID");
    found = putOf(validity, to) ?? found;
  };
  const words = [{ type: "SEQUENCE", value: String(uid) }, folderWord(client, path)];
  hear(await command(client, `UID ${how}`, words, { OK: (attributes) => hear({ attributes }) }));
  return found;
}

function putOf(validity: string | undefined, uid: string | undefined): Put | undefined {
  if (!/^\d{1,20}$/.test(validity ?? "") || !/^\d{1,10}$/.test(uid ?? "")) return undefined;
  return { validity: validity!, uid: Number(uid) };
}

/** The words of a response code; none where the answer has another one, or none. */
function codeWords(answer: Pick<Answer, "attributes">, code: string): (string | undefined)[] {
  if (codeOf(answer) !== code) return [];
  const [first] = answer.attributes!;
  return (first as { section: readonly Token[] }).section.map(word);
}

/**
 * The message in the open folder that an earlier try, or a server that did not say, has put there:
 * it came after the intention, and looks as was meant. What another write made is not it.
 */
export async function findPut(
  { db, connections }: ItemStore,
  { client, mailbox }: OpenFolder,
  meant: Meant,
  token: string,
): Promise<Facts | undefined> {
  // A message that this very connection has put there is told with the next command only.
  await command(client, "NOOP");
  if (mailbox.exists === 0) return undefined;
  const from = String(mailbox.uidValidity) === meant.validity ? meant.uidnext : 1;
  const print = printOf(meant.messageId, meant.date, meant.size);
  const found: Facts[] = [];
  for await (const facts of fetchFacts(client, `${from}:*`)) {
    const like = facts.print === print || (meant.messageId !== "" &&
      facts.messageId === meant.messageId && facts.date === meant.date);
    if (facts.uid >= from && like) found.push(facts);
  }
  if (found.length === 0) return undefined;
  const taken = await db.all<{ uid: number }>(
    "SELECT i.uid FROM json_each(?) j CROSS JOIN mailbox_imap_item i ON i.folder = ? AND i.uid = j.value " +
      "JOIN mailbox_imap_write w ON w.item = i.id WHERE w.account = ? AND w.token <> ?",
    [
      JSON.stringify(found.map(({ uid }) => uid)),
      meant.folder,
      connections.account.id,
      token,
    ],
  );
  const others = UidRanges.of(taken.map(({ uid }) => uid).sort((a, b) => a - b));
  return found.findLast(({ uid }) => !others.has(uid));
}

/** The facts of one message; undefined where it is not there. */
export async function factsOf(client: ImapFlow, uid: number): Promise<Facts | undefined> {
  for await (const facts of fetchFacts(client, uidSet([uid]))) return facts;
  return undefined;
}
