// A mail as the elements of ApplicationData (Sync) and Properties (ItemOperations, Search).
import { createHash } from "node:crypto";
import type { Account } from "../../../core/mod.ts";
import { type Address, formatAddress, type Item, type Mail } from "../../mailbox/api.ts";
import type { Version } from "../versions.ts";
import { el, type Element, type Tag } from "../wbxml/element.ts";
import { attachmentsElement } from "./attachments.ts";
import { extended } from "./dates.ts";
import { categoriesElement, flagElement } from "./marks.ts";
import { contentClass, messageClass } from "./message_class.ts";
import { clean } from "./text.ts";
import { only } from "./versioned.ts";

/** The longest To and From that the schema allows, in characters. */
const longestList = 32768;
/** The longest Bcc. */
const longestBcc = 1024;

/**
 * The elements of a mail for a protocol version; those of its body are put where clients expect them.
 * An item with a `problem` becomes a readable message with the original attached.
 */
// MS-ASEMAIL 2.2.2
export function emailFields(
  item: Item,
  body: readonly Element[],
  version: Version,
  account: Account,
): readonly Element[] {
  const { mail, state } = item;
  const fields = [
    ...(mail ? headers(mail) : [el("Email:Subject", "(This message cannot be shown)")]),
    el("Email:DateReceived", extended(state.date)),
    ...(mail ? topics(mail) : []),
    el("Email:Importance", { low: 0, normal: 1, high: 2 }[mail?.importance ?? "normal"]),
    el("Email:Read", state.marks.read),
    attachmentsElement(item, version),
    ...body,
    el("Email:MessageClass", mail ? messageClass(mail) : "IPM.Note"),
    el("Email:InternetCPID", 65001),
    flagElement(state.marks.flag),
    el("Email:ContentClass", contentClass(mail)),
    el("AirSyncBase:NativeBodyType", mail?.native === "html" ? 2 : 1),
    ...conversation(item),
    ...verb(item),
    ...hidden(item, account),
    categoriesElement(state.marks.keywords),
  ];
  return only(version, fields.filter((field) => field !== undefined));
}

function headers(mail: Mail): (Element | undefined)[] {
  return [
    filled("Email:To", addresses(mail.to, longestList)),
    filled("Email:Cc", addresses(mail.cc, longestList)),
    filled("Email:From", addresses(mail.from.map(named), longestList)),
    filled("Email:Subject", line(mail.subject)),
    filled("Email:ReplyTo", addresses(mail.replyTo, longestList, ";")),
  ];
}

function topics(mail: Mail): (Element | undefined)[] {
  const names = mail.to.map(({ name, address }) => line(name) || address);
  return [
    filled("Email:DisplayTo", joined(names, "; ", longestList)),
    filled("Email:ThreadTopic", line(mail.threadTopic)),
  ];
}

/** An element with text; nothing where there is none: empty ones upset some clients. */
function filled(tag: Tag, text: string): Element | undefined {
  return text === "" ? undefined : el(tag, text);
}

const line = (text: string) => clean(text).replace(/[\r\n\t ]{2,}|[\r\n\t]/g, " ").trim();

// HTC's mail shows an error for a sender without a name; Exchange repeats the address as well.
const named = ({ name, address }: Address): Address => ({ name: name || address, address });

function addresses(list: readonly Address[], most: number, separator = ", "): string {
  // A draft may name somebody whose address is still missing.
  const texts = list.map(({ name, address }) =>
    address ? formatAddress({ name: line(name), address: line(address) }) : line(name)
  );
  return joined(texts, separator, most);
}

/** Joins as many of the texts as fit; one that is cut in the middle would be a wrong address. */
function joined(texts: readonly string[], separator: string, most: number): string {
  let result = "";
  for (const text of texts.filter(Boolean)) {
    const next = result === "" ? text : result + separator + text;
    if (next.length > most) break;
    result = next;
  }
  return result;
}

// MS-ASEMAIL 2.2.2.21
function conversation({ id, mail }: Item): Element[] {
  const thread = mail?.thread ?? id;
  const identity = identityIn(thread) ?? digest(thread).slice(0, 16);
  return [
    el("Email2:ConversationId", identity),
    el("Email2:ConversationIndex", conversationIndex(identity, mail)),
  ];
}

/** The 16 bytes of 32 hex digits; by hand, since this is done for every mail. */
function identityIn(thread: string): Uint8Array | undefined {
  if (thread.length !== 32) return undefined;
  const bytes = new Uint8Array(16);
  for (let at = 0; at < 16; at++) {
    const high = digitOf(thread.charCodeAt(2 * at)), low = digitOf(thread.charCodeAt(2 * at + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[at] = high * 16 + low;
  }
  return bytes;
}

/** -1: it is no digit. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/**
 * Five bytes that all messages of the conversation share, then five for each level of reply. The
 * index of a message is the beginning of the indexes of all its replies.
 */
// MS-ASEMAIL 2.2.2.22
function conversationIndex(identity: Uint8Array, mail: Mail | undefined): Uint8Array {
  const above = mail ? ancestors(mail) : [];
  // The root's own place is the header; each message below adds one block for itself.
  if (above.length === 0) return identity.subarray(0, 5);
  const path = [...above.slice(1), mail!.messageId ?? mail!.subject];
  const blocks = path.slice(0, deepest).map((message) => digest(message).subarray(0, 5));
  const index = new Uint8Array(5 * (1 + blocks.length));
  [identity.subarray(0, 5), ...blocks].forEach((block, level) => index.set(block, 5 * level));
  return index;
}

const deepest = 50;

function ancestors({ references, inReplyTo, messageId }: Mail): string[] {
  if (references.length + inReplyTo.length === 0) return [];
  const all = references.length > 0 ? references : inReplyTo.slice(0, 1);
  return [...new Set(all)].filter((reference) => reference !== messageId);
}

const digest = (text: string) => new Uint8Array(createHash("sha256").update(text).digest());

/** What was done with it last: 1 replied, 2 replied to all, 3 forwarded. */
// MS-ASEMAIL 2.2.2.44
function verb({ state: { marks } }: Item): Element[] {
  const { verb, answered, forwarded } = marks;
  if (verb) {
    return [
      el("Email2:LastVerbExecuted", { reply: 1, replyAll: 2, forward: 3 }[verb.kind]),
      el("Email2:LastVerbExecutionTime", extended(verb.at)),
    ];
  }
  return answered || forwarded ? [el("Email2:LastVerbExecuted", answered ? 1 : 3)] : [];
}

/** What only some see: blind copies, the real sender, whether it is a draft. */
function hidden({ mail, state }: Item, account: Account): (Element | undefined)[] {
  const isMine = ({ address }: Address) => {
    const lower = address.toLowerCase();
    return lower === account.address || account.aliases.includes(lower);
  };
  const own = state.marks.draft || (mail?.from.some(isMine) ?? false);
  const blind = mail !== undefined && !own && mail.bcc.some(isMine);
  const [sender] = mail?.sender ?? [];
  const other = sender && mail?.from.every(({ address }) => !same(address, sender.address));
  return [
    blind ? el("Email2:ReceivedAsBcc", true) : undefined,
    other ? filled("Email2:Sender", addresses([named(sender)], longestList)) : undefined,
    own && mail ? filled("Email2:Bcc", addresses(mail.bcc, longestBcc)) : undefined,
    el("Email2:IsDraft", state.marks.draft),
  ];
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
