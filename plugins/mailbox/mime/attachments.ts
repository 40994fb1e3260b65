// Describes the attachments of a message: names, sizes, and which are shown inside the text.
import libmime from "libmime";
import type { Attachment } from "../model.ts";
import type { Shown } from "./bodies.ts";
import { decodedLine, subjectOf } from "./envelope.ts";
import { parseHeader } from "./header.ts";
import type { Part } from "./part.ts";
import { fileName } from "./part.ts";
import type { ReadBytes } from "./text.ts";
import { decodeTransfer, isIdentity } from "./transfer.ts";

/** Beyond these the rest of a message's parts are not listed (they stay in its MIME). */
const ATTACHMENTS_LIMIT = 500;

/** The HTML of a message as far as it was read. */
export interface Html {
  readonly content: string | undefined;
  /** Nothing comes after it. */
  readonly whole: boolean;
}

/**
 * Lists attachments. The HTML is searched for references to inline pictures; what may be referred to
 * where it was not read is a picture that belongs to it.
 */
export async function describeAttachments(
  { attachments, related }: Shown,
  html: Html,
  read: ReadBytes,
): Promise<Attachment[]> {
  const shown = contentIdsIn(html.content);
  const isInline = (part: Part, id: string) =>
    shown.has(id) || (part.disposition === "inline" && !isMessage(part)) ||
    (!html.whole && related.has(part) && part.type.startsWith("image/"));
  const list: Attachment[] = [];
  for (const part of attachments.slice(0, ATTACHMENTS_LIMIT)) {
    const { contentId } = part;
    list.push({
      part: part.number,
      name: part.name || await nameFor(part, read),
      type: part.type,
      size: await decodedSize(part, read),
      contentId,
      contentLocation: part.contentLocation,
      inline: contentId !== undefined && isInline(part, contentId),
      embedded: isMessage(part),
    });
  }
  return list;
}

function contentIdsIn(html: string | undefined): Set<string> {
  const found = new Set<string>();
  for (const match of html?.matchAll(/\bcid:([^"'\s<>)]{1,500})/gi) ?? []) {
    found.add(match[1]!);
    try {
      found.add(decodeURIComponent(match[1]!));
    } catch {
      // Not percent-encoded after all.
    }
  }
  return found;
}

function isMessage(part: Part): boolean {
  return part.type === "message/rfc822" || part.type === "message/global";
}

/** A name for a part whose sender gave none. */
async function nameFor(part: Part, read: ReadBytes): Promise<string> {
  if (isMessage(part)) {
    const subject = part.told ? decodedLine(part.told.subject) : await subjectInside(part, read);
    return `${fileName(subject.replace(/[\\/:*?"<>|\s]+/g, " ")).slice(0, 120) || "message"}.eml`;
  }
  if (/^application\/(x-)?pkcs7-mime$/.test(part.type)) return "smime.p7m";
  if (/^application\/(x-)?pkcs7-signature$/.test(part.type)) return "smime.p7s";
  if (part.type === "text/calendar") return "invite.ics";
  if (part.type === "message/delivery-status") return "details.txt";
  if (part.type === "text/rfc822-headers") return "headers.txt";
  const kind = part.type.startsWith("image/") ? "image" : "attachment";
  return `${kind}-${part.number}.${libmime.detectExtension(part.type)}`;
}

async function subjectInside(part: Part, read: ReadBytes): Promise<string> {
  const end = Math.min(part.end, part.start + 64 * 1024);
  const message = decodeTransfer(part.encoding, await read(part.start, end));
  return subjectOf(parseHeader(topOf(message)));
}

/** The header block at the start of a message. */
function topOf(message: Uint8Array): Uint8Array {
  for (let at = message.indexOf(0x0a); at >= 0; at = message.indexOf(0x0a, at + 1)) {
    const next = message[at + 1];
    if (next === 0x0a || (next === 0x0d && message[at + 2] === 0x0a)) {
      return message.subarray(0, at);
    }
  }
  return message;
}

/** Exact for plain bytes; for base64 by the length of its lines; about right otherwise. */
async function decodedSize(part: Part, read: ReadBytes): Promise<number> {
  const length = part.end - part.start;
  if (part.told) return part.told.size;
  if (isIdentity(part.encoding) || length === 0) return length;
  const sample = await read(part.start, Math.min(part.end, part.start + 4096));
  if (sample.length === length || part.encoding !== "base64") {
    return Math.round(decodeTransfer(part.encoding, sample).length * length / sample.length);
  }
  const lineEnd = sample.indexOf(0x0a);
  if (lineEnd < 0) return padded(length, await read(part.end - 2, part.end));
  const eol = sample[lineEnd - 1] === 0x0d ? 2 : 1;
  const lines = Math.ceil(length / (lineEnd + 1));
  return padded(length - (lines - 1) * eol, await read(part.end - 2, part.end));
}

function padded(characters: number, tail: Uint8Array): number {
  const padding = tail.filter((byte) => byte === 0x3d).length;
  return Math.max(0, Math.floor(characters * 3 / 4) - padding);
}
