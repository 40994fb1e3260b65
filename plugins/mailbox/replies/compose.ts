// An automatic reply as a message: says what it answers, and that a machine wrote it.
import { createHash } from "node:crypto";
import libmime from "libmime";
import MimeNode from "nodemailer/lib/mime-node";
import type { Account } from "../../../core/mod.ts";
import { domainOf } from "../address.ts";
import type { ReplyText } from "../api.ts";
import { type Field, firstValue, headerDate } from "../header.ts";
import { asPlain } from "../mime/text.ts";

/** What a reply is made of. */
export interface ReplyParts {
  readonly account: Account;
  /** The address that the letter was written to: the reply comes from there. */
  readonly address: string;
  readonly to: string;
  readonly text: ReplyText;
  /** The header of the letter. */
  readonly fields: readonly Field[];
  /** Of the reply: a repetition is the same message. */
  readonly token: string;
  readonly now: number;
}

/** A long thread names its beginning and its end. */
const mostReferences = 20;
const longestSubject = 500;

/** The message. RFC 3834 §3 */
export function composeReply(parts: ReplyParts): Promise<Uint8Array> {
  const { account, address, to, text, fields, token, now } = parts;
  const html = text.format === "html";
  const root = new MimeNode(html ? "multipart/alternative" : "text/plain; charset=utf-8");
  const subject = libmime.decodeWords(firstValue(fields, "subject") ?? "").slice(0, longestSubject);
  const id = createHash("sha256").update(`${account.id}\0${token}`).digest("hex").slice(0, 32);
  root.setHeader({
    From: { name: account.name, address },
    To: { name: "", address: to },
    Subject: `Auto: ${subject}`.trim(),
    Date: headerDate(now),
    "Message-ID": `<${id}@${domainOf(address)}>`,
    ...threadOf(fields),
    "Auto-Submitted": "auto-replied",
    // Exchange and Outlook read this one.
    "X-Auto-Response-Suppress": "All",
  });
  const plain = html ? asPlain(text.content) : text.content;
  const content = (plain.trim() || subject).replace(/\r\n|\r|\n/g, "\r\n");
  if (html) {
    root.createChild("text/plain; charset=utf-8").setContent(content);
    root.createChild("text/html; charset=utf-8").setContent(text.content);
  } else root.setContent(content);
  return root.build();
}

/** RFC 5322 §3.6.4 */
function threadOf(fields: readonly Field[]): Record<string, string> {
  const idsIn = (name: string) => (firstValue(fields, name) ?? "").match(/<[^<>\s]{1,500}>/g) ?? [];
  const [id] = idsIn("message-id");
  if (!id) return {};
  const before = idsIn("references");
  const all = before.length > 0 ? before : idsIn("in-reply-to").slice(0, 1);
  const kept = all.length < mostReferences ? all : [all[0]!, ...all.slice(2 - mostReferences)];
  return { "In-Reply-To": id, References: [...kept, id].join(" ") };
}
