// Tells a sender that a message did not get through, or not yet: a delivery status notification
// (RFC 3464).
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import libmime from "libmime";
import MimeNode from "nodemailer/lib/mime-node";
import { domainOf } from "../address.ts";
import { fields, firstValue, headerDate } from "../header.ts";
import type { Entry, Recipient } from "./entry.ts";
import { withoutBcc } from "./submission.ts";

/** failed: for good. delayed: it is tried again. */
export type Action = "failed" | "delayed";

/** What is reported. */
export interface Report {
  readonly entry: Entry;
  readonly action: Action;
  /** Those who did not get it, with the reason. */
  readonly about: readonly Recipient[];
  /** How this server calls itself. */
  readonly name: string;
  /** The server that refused, where one did. */
  readonly remote: string | undefined;
  readonly now: number;
}

// A reader of a bounce wants to know which message it was, not to have it again.
const headersShown = 32 * 1024;

/** Makes the notification: words for people, fields for programs, the headers of the message. */
export function makeBounce(report: Report): Promise<Uint8Array> {
  const { entry, now } = report;
  const all = fields(entry.head);
  const id = firstValue(all, "message-id");
  const subject = libmime.decodeWords(firstValue(all, "subject") ?? "");
  const domain = domainOf(entry.sender);
  const root = new MimeNode("multipart/report; report-type=delivery-status");
  root.setHeader({
    From: { name: "Mail delivery", address: `mailer-daemon@${domain}` },
    To: entry.sender,
    Subject: `${headline(report)}: ${subject}`.trim(),
    Date: headerDate(now),
    "Message-ID": `<${randomUUID()}@${domain}>`,
    "Auto-Submitted": "auto-replied",
    ...(id && { "In-Reply-To": id, References: id }),
  });
  root.createChild("text/plain; charset=utf-8").setContent(words(report, subject));
  root.createChild("message/delivery-status").setContent(statusFields(report));
  root.createChild("text/rfc822-headers")
    .setContent(Buffer.from(withoutBcc(entry.head).subarray(0, headersShown)));
  return root.build();
}

/** RFC 3463 4.4.2: the connection ended while the relay had the message but had not answered. */
export const uncertainStatus = "4.4.2";

/** The reason where no relay is configured. */
export const noRelayStatus = "5.4.4";

function headline({ about, action }: Report): string {
  if (action === "delayed") return "Delayed";
  const uncertain = about.every(({ status }) => status === uncertainStatus);
  return uncertain ? "Delivery uncertain" : "Not delivered";
}

function words({ entry, about, action, name }: Report, subject: string): string {
  const title = subject ? ` "${subject}"` : "";
  const lines = [
    `This is the mail server ${name}.`,
    "",
    `Your message${title} of ${headerDate(entry.created)} ` +
    `${action === "delayed" ? "has not reached yet" : "did not reach"}:`,
  ];
  for (const { address, diagnostic } of about) {
    lines.push("", `  ${address.replace(/\s+/g, " ")}`, `    ${diagnostic}`);
  }
  const after = action === "delayed" ? [patience] : new Set(about.map(advice));
  return [...lines, "", ...after, ""].join("\r\n");
}

const patience =
  "It is tried again by itself: you need not do anything. If it cannot be delivered " +
  "in the end, you will be told.";

/** What a person can do about it. */
function advice({ status }: Recipient): string {
  if (status === uncertainStatus) {
    return "The connection ended at the very end, so it may have arrived after all. It was not sent " +
      "again, so that nobody gets it twice: please ask before you send it once more.";
  }
  if (status === noRelayStatus) {
    return "This server has no way to other mail servers yet. Its administrator names one in the " +
      'configuration: [mailbox.relay] host = "…". Then please send your message again.';
  }
  if (/^5\.1\./.test(status)) return "Please check the address, and send the message again.";
  if (/^5\.(3\.4|2\.3)$/.test(status)) {
    return "The message is too large for the other side: please send it with smaller attachments.";
  }
  if (/^4\./.test(status)) {
    return "It was tried for a long time without success. It is not tried any more.";
  }
  return "The other side refuses it for good; its reason stands above.";
}

// RFC 3464 §2: one group of fields for the message, one for each recipient.
function statusFields({ entry, about, action, name, remote, now }: Report): string {
  const groups = [
    [`Reporting-MTA: dns; ${name}`, `Arrival-Date: ${headerDate(entry.created)}`],
    ...about.map(({ address, status, diagnostic }) => [
      `Final-Recipient: ${typed(address)}`,
      `Action: ${action}`,
      `Status: ${status}`,
      ...(remote ? [`Remote-MTA: dns; ${remote}`] : []),
      `Diagnostic-Code: ${/^\d{3}[ -]/.test(diagnostic) ? "smtp" : "x-navette"}; ${
        ascii(diagnostic)
      }`,
      `Last-Attempt-Date: ${headerDate(now)}`,
    ]),
  ];
  return groups.map((lines) => lines.map((line) => `${line}\r\n`).join("")).join("\r\n");
}

// RFC 6533 §3: an address beyond ASCII in the form that any report may carry.
function typed(address: string): string {
  if (/^[!-~]*$/.test(address)) return `rfc822; ${address}`;
  const hex = (character: string) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`;
  return `utf-8; ${address.replace(/[^!-~]/gu, hex)}`;
}

function ascii(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, 900);
}
