// What the top header of a message says: who, to whom, when, about what, in answer to what.
import { addressParser } from "postal-mime";
import type { Address, Mail } from "../model.ts";
import type { Header } from "./header.ts";
import { decodeWords } from "./header.ts";

/** Beyond these, a header is an attack or an accident. */
const ADDRESSES_LIMIT = 2000;
const FIELD_LIMIT = 64 * 1024;
const REFERENCES_LIMIT = 100;

export type Envelope = Pick<
  Mail,
  | "subject"
  | "from"
  | "sender"
  | "replyTo"
  | "to"
  | "cc"
  | "bcc"
  | "sent"
  | "messageId"
  | "inReplyTo"
  | "references"
  | "importance"
>;

/** Reads the envelope fields; absent or broken ones are empty. */
export function readEnvelope(header: Header): Envelope {
  return {
    subject: subjectOf(header),
    from: addresses(header, "from"),
    sender: addresses(header, "sender"),
    replyTo: addresses(header, "reply-to"),
    to: addresses(header, "to"),
    cc: addresses(header, "cc"),
    bcc: addresses(header, "bcc"),
    sent: date(header.get("date")),
    messageId: messageIds(header.get("message-id"))[0],
    inReplyTo: messageIds(header.get("in-reply-to")),
    references: messageIds(header.get("references")),
    importance: importance(header),
  };
}

/** The decoded subject, on one line. */
export function subjectOf(header: Header): string {
  return decodedLine(header.get("subject"));
}

/** The words of a field that is free text, decoded, on one line. */
export function decodedLine(field = ""): string {
  return oneLine(decodeWords(field.slice(0, FIELD_LIMIT)));
}

function addresses(header: Header, name: string): Address[] {
  const found: Address[] = [];
  for (const field of header.all(name)) {
    for (const { name, address } of addressParser(field.slice(0, FIELD_LIMIT), { flatten: true })) {
      if (found.length < ADDRESSES_LIMIT && (name || address)) {
        found.push({ name: oneLine(name), address: oneLine(address ?? "") });
      }
    }
  }
  return found;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\t\0]+/g, " ").trim();
}

/** RFC 5322 ids in angle brackets; a field without any is taken as one id per word. */
function messageIds(field: string | undefined): string[] {
  if (!field) return [];
  const only = /^\s*<([^<>\s]{1,990})>\s*$/.exec(field);
  if (only) return [only[1]!];
  const text = field.slice(0, FIELD_LIMIT);
  const bracketed = [...text.matchAll(/<([^<>\s]{1,990})>/g)].map((match) => match[1]!);
  const ids = bracketed.length
    ? bracketed
    : text.split(/[\s,<>]+/).filter((id) => id.includes("@"));
  // A long thread keeps its root and its latest.
  return ids.length <= REFERENCES_LIMIT ? ids : [ids[0]!, ...ids.slice(1 - REFERENCES_LIMIT)];
}

/** RFC 5322 dates, with what `Date` cannot read (comments, named zones at their end) left out. */
function date(field: string | undefined): number | undefined {
  if (!field) return undefined;
  const text = field.slice(0, 200).replace(/\([^()]*\)/g, " ").replace(/\s+/g, " ").trim();
  return timeOf(text) ?? timeOf(text.replace(/ [A-Za-z]{1,5}$/, " GMT")) ?? timeOf(`${text} GMT`);
}

function timeOf(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isFinite(time) && Math.abs(time) < 253_402_300_800_000 ? time : undefined;
}

function importance(header: Header): Mail["importance"] {
  const said = (header.get("importance") ?? header.get("x-msmail-priority") ?? "").toLowerCase()
    .trim();
  if (said === "high" || said === "low" || said === "normal") return said;
  const priority = /^\s*([1-5])/.exec(header.get("x-priority") ?? "")?.[1];
  if (priority) return priority < "3" ? "high" : priority > "3" ? "low" : "normal";
  const urgency = (header.get("priority") ?? "").toLowerCase().trim();
  return urgency === "urgent" ? "high" : urgency === "non-urgent" ? "low" : "normal";
}
