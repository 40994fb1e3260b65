// The same message at a mail server, read through the gateway, and in the embedded store: where they
// differ, and which differences may be.
import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import type { ImapFlow } from "imapflow";
import { atom } from "../../plugins/mailbox/backends/imap/connections/raw.ts";
import { logIn, plainReading } from "../../plugins/mailbox/backends/imap/_reading_kit.ts";
import {
  fetchTold,
  fieldsOf,
  isRefusal,
  peekFields,
} from "../../plugins/mailbox/backends/imap/reading/fetch.ts";
import { readPart } from "../../plugins/mailbox/backends/imap/reading/part.ts";
import { type Reading, readItems } from "../../plugins/mailbox/backends/imap/reading/read.ts";
import {
  readStructure,
  shownFields,
} from "../../plugins/mailbox/backends/imap/reading/structure.ts";
import {
  mailOf,
  type Message,
  parseMessage,
  partOf,
  readAll,
} from "../../plugins/mailbox/backends/memory/message.ts";
import { leaves, type Part, scanBytes } from "../../plugins/mailbox/mime/mod.ts";
import { freshThread } from "../../plugins/mailbox/mime/thread.ts";
import type { Mail, Text, Want } from "../../plugins/mailbox/model.ts";
import { startCyrus } from "../servers/cyrus.ts";
import { startDovecot } from "../servers/dovecot.ts";
import type { MailServer } from "../servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../servers/present.ts";
import {
  allowed,
  isGuessed,
  isMultipart,
  type Known,
  knownParts,
  type Note,
  otherParts,
  reasonForName,
  shape,
} from "./allowances.ts";
import { corpus } from "./fuzzers.ts";
import { randomLetter } from "./letters.ts";
import { randomMessage } from "./messages.ts";
import { Finding, type Random } from "./target.ts";

/** A server to compare with. */
export interface AlikeServer {
  readonly product: string;
  readonly present: boolean;
  start(): Promise<MailServer>;
}

export const alikeServers: readonly AlikeServer[] = [
  { product: "dovecot", present: dovecotPresent(), start: () => startDovecot() },
  // Unless it is told not to, Cyrus replaces what is not ASCII in headers when it takes a message.
  {
    product: "cyrus",
    present: cyrusPresent(),
    start: () => startCyrus({ extra: "munge8bit: no" }),
  },
];

/** A mailbox at a real server, and how to read it. */
export interface AlikeTarget {
  readonly client: ImapFlow;
  readonly reading: Reading & { id(path: string, uid: number): string };
  /** How often what was seen. */
  readonly answers: Map<string, number>;
  end(): Promise<void>;
}

export async function alikeTarget(server: MailServer): Promise<AlikeTarget> {
  const client = await logIn(server, await server.addUser());
  const reading = await plainReading(() => Promise.resolve(client));
  return { client, reading, answers: new Map(), end: () => client.logout() };
}

/** A round: one message, mostly as programs write it. Throws {@link Finding} where it looks otherwise. */
export async function alike(random: Random, target: AlikeTarget): Promise<void> {
  const damaged = random() < 0.2;
  const mime = damaged ? randomMessage(random, [...corpus.values()]) : randomLetter(random);
  const found = await differences(target, mime, random, damaged);
  if (found.length > 0) {
    throw new Finding(`it looks otherwise:\n${found.slice(0, 6).map(described).join("\n")}`);
  }
}

function described({ what, told, own }: Difference): string {
  const [there, here] = [JSON.stringify(told) ?? "none", JSON.stringify(own) ?? "none"];
  const at = [...there].findIndex((character, at) => character !== here[at]);
  const from = Math.max(0, at - 80);
  return `${what}, from character ${from}:\n  at the server ${there.slice(from, from + 250)}\n` +
    `  in the store  ${here.slice(from, from + 250)}`;
}

/** As IMAP can carry it: in lines, without NUL. */
export function carried(mime: Uint8Array): Uint8Array {
  const text = Buffer.from(mime).toString("latin1");
  return Buffer.from(text.replace(/\r?\n/g, "\r\n").replaceAll("\0", "\x01"), "latin1");
}

const everything = Number.MAX_SAFE_INTEGER;
const wants: readonly Want[] = [
  { text: everything, html: everything },
  {},
  { text: 500, html: 500 },
  { text: 37, html: 3000, preview: false },
  { text: 20_000, html: 20_000, enough: "native" },
  { html: 5000, text: 5000, enough: "html" },
];

/** Something that looks otherwise. */
interface Difference {
  readonly what: string;
  readonly told: unknown;
  readonly own: unknown;
}

/** A message that the server has taken, and what we read in it ourselves. */
interface Stored {
  readonly id: string;
  readonly own: Message;
  readonly root: Part;
  readonly parts: ReadonlyMap<string, Known>;
}

/**
 * Stores a message and compares; answers what may not be. `anyParts`: the server may understand the
 * message as it likes, which is damaged so much that nobody can say who is right.
 */
export async function differences(
  target: AlikeTarget,
  mime: Uint8Array,
  random: Random,
  anyParts: boolean,
): Promise<Difference[]> {
  const { reading, answers } = target;
  const note = (what: string) => answers.set(what, (answers.get(what) ?? 0) + 1);
  const uid = await append(target, carried(mime));
  if (uid === undefined) {
    note("refused");
    return [];
  }
  const id = reading.id("INBOX", uid);
  const stored = await bytesOf(reading, id, "");
  if (!stored.bytes.equals(carried(mime))) note("stored otherwise");
  const own = await parseMessage(stored.bytes);
  const root = scanBytes(stored.bytes);
  const message = { id, own, root, parts: knownParts(root, stored.bytes) };
  const told = await toldStructure(uid, target);
  const other = otherParts(root, told);
  const found: Difference[] = [];
  if (other) {
    note(other.reason ?? "other parts");
    if (!other.reason) found.push({ what: "parts", told: shape(told), own: shape(root) });
  } else found.push(...await partDifferences(reading, message, random, note));
  for (
    const want of [...wants.slice(0, 2), wants[2 + Math.floor(random() * (wants.length - 2))]!]
  ) {
    const all = await itemDifferences(reading, message, want, note);
    // What is not in the header is where the parts are.
    found.push(...other ? all.filter(({ what }) => ofHeader.has(what.replace(/.* /, ""))) : all);
  }
  note(found.length > 0 ? "different" : other ? "alike but for its parts" : "alike");
  return anyParts ? found.filter(({ what }) => what.startsWith("no item")) : found;
}

/** undefined: the server refuses it. */
async function append({ client }: AlikeTarget, mime: Uint8Array): Promise<number | undefined> {
  try {
    const put = await client.append("INBOX", Buffer.from(mime));
    return put ? put.uid : undefined;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}

async function toldStructure(uid: number, { client }: AlikeTarget): Promise<Part> {
  const told = (await fetchTold(client, [uid], [
    atom("UID"),
    atom("RFC822.SIZE"),
    atom("BODYSTRUCTURE"),
    peekFields(shownFields, 256 * 1024),
  ])).get(uid)!;
  return readStructure(told.structure ?? null, fieldsOf(told), told.size ?? 0);
}

async function itemDifferences(
  reading: Reading,
  message: Stored,
  want: Want,
  note: Note,
): Promise<Difference[]> {
  const items = await Array.fromAsync(readItems(reading, [message.id], want));
  const [item] = items;
  if (items.length !== 1 || !item!.mail) {
    return [{ what: "no item", told: item?.problem, own: message.own.read.problem }];
  }
  return mailDifferences(item!.mail, message, want, note);
}

const ofHeader = new Set([
  "subject",
  "from",
  "sender",
  "replyTo",
  "to",
  "cc",
  "bcc",
  "sent",
  "messageId",
  "inReplyTo",
  "references",
  "importance",
  "thread",
  "threadTopic",
  "size",
]);

function mailDifferences(
  mail: Mail,
  { own: message, root, parts }: Stored,
  want: Want,
  note: Note,
): Difference[] {
  const own = mailOf(message, freshThread(message.read.facts), want);
  const shown = mail.text?.content ?? mail.preview;
  if (shown === "" && isMultipart(root) && leaves(root).length === 1) {
    note("the text of a multipart without parts, which Cyrus does not give");
    return [];
  }
  const found: Difference[] = [];
  const name = JSON.stringify(want).replaceAll(" ", "");
  const differ = (what: string, told: unknown, own: unknown) =>
    found.push({ what: `${name} ${what}`, told, own });
  const guessed = [...parts.values()].some(isGuessed);
  for (const key of new Set([...Object.keys(mail), ...Object.keys(own)]) as Set<keyof Mail>) {
    if (key === "text" || key === "html") {
      if (mail[key] === undefined && spared(own, want, key)) continue;
      const all = textDifferences(mail[key], own[key], note);
      if (all.length > 0 && guessed && mail[key]?.truncated) note(guess);
      else for (const [what, a, b] of all) differ(`${key}.${what}`, a, b);
    } else if (key === "attachments") {
      const [a, b] = [allowed(mail, own, parts, note), own.attachments];
      const other = a.findIndex((one, at) => !isDeepStrictEqual(one, b[at]));
      if (other >= 0 || a.length !== b.length) differ(key, a[other] ?? a, b[other] ?? b);
    } else if (!isDeepStrictEqual(mail[key], own[key])) {
      if (key === "preview" && want.preview === false) continue;
      if (key === "preview" && guessed) note(guess);
      else differ(key, mail[key], own[key]);
    }
  }
  return found;
}

const guess = "the charset of a text that says none, guessed from its beginning";

function spared(own: Mail, { enough }: Want, form: "text" | "html"): boolean {
  if (!enough) return false;
  const other = form === "text" ? "html" : "text";
  const wanted = enough === "native" ? own.native : enough;
  return wanted === other && own[other] !== undefined;
}

function textDifferences(
  told: Text | undefined,
  own: Text | undefined,
  note: Note,
): [string, unknown, unknown][] {
  if (!told || !own) return told === own ? [] : [["is", told, own]];
  const found: [string, unknown, unknown][] = [];
  if (told.content !== own.content) found.push(["content", told.content, own.content]);
  if (told.truncated !== own.truncated) found.push(["truncated", told, own]);
  else if (told.size !== own.size) {
    note("size of a text estimated");
    if (!told.truncated || told.size < own.size / 4 || told.size > own.size * 4) {
      found.push(["size", told.size, own.size]);
    }
  }
  return found;
}

async function bytesOf(reading: Reading, id: string, number: string) {
  const { bytes, ...part } = await readPart(reading, id, number);
  return { ...part, bytes: Buffer.from(await readAll(bytes)) };
}

async function partDifferences(
  reading: Reading,
  { id, own: message, root, parts }: Stored,
  random: Random,
  note: Note,
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const { number } of message.read.places.parts) {
    const told = await bytesOf(reading, id, number);
    const { bytes, ...own } = partOf(message, number, { from: 0 });
    const whole = Buffer.from(await readAll(bytes));
    const known = parts.get(number)!;
    const differ = (what: string, told: unknown, own: unknown) =>
      found.push({ what: `part ${number} ${what}`, told, own });
    if (told.type !== own.type) differ("type", told.type, own.type);
    if (told.name !== own.name) {
      const reason = reasonForName(known);
      if (reason) note(reason);
      else differ("name", told.name, own.name);
    }
    if (told.size !== undefined && told.size !== told.bytes.length) {
      differ("size", told.size, told.bytes.length);
    }
    // Cyrus does not give it.
    if (parts.size === 1 && isMultipart(root) && told.bytes.length === 0) continue;
    const longer = known.part.type === "message/rfc822" && told.bytes.length === whole.length + 2;
    if (longer) note("a message with a line end behind it");
    if (!whole.equals(longer ? told.bytes.subarray(0, -2) : told.bytes)) {
      differ("bytes", latin1(told.bytes), latin1(whole));
    }
    const from = Math.floor(random() * (told.bytes.length + 2));
    const to = from + 1 + Math.floor(random() * 100);
    const range = await readAll((await readPart(reading, id, number, { from, to })).bytes);
    const mine = told.bytes.subarray(from, to);
    if (!mine.equals(range)) differ(`bytes ${from}-${to}`, latin1(range), latin1(mine));
  }
  return found;
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
