// Forwardees: the device names people and says a word; the server writes the letter. Since 16.0.
import { type Address, type Mail, normalAddress } from "../../../mailbox/api.ts";
import { type Element, Status } from "../../api.ts";
import { addressField, textField, written } from "../../letter/build.ts";
import type { Texts } from "../../letter/quote.ts";
import { readClientId } from "./read.ts";

/** Whom an item is forwarded to, and what is said about it. */
export interface Note extends Texts {
  readonly clientId: string;
  readonly to: readonly Address[];
}

/**
 * Reads them; undefined where the device sends a message of its own. The specification knows them for
 * appointments only; a mail is forwarded to them just as well. Throws Status 178 where they come
 * together with a message, 179 where they cannot be read.
 */
// MS-ASCMD 2.2.3.169
export function readNote(document: Element): Note | undefined {
  const forwardees = document.child("ComposeMail:Forwardees");
  const body = document.child("AirSyncBase:Body");
  if (!forwardees && !body) return undefined;
  const mixed = [
    "ComposeMail:Mime",
    "ComposeMail:SaveInSentItems",
    "ComposeMail:ReplaceMime",
    "RightsManagement:TemplateID",
  ] as const;
  if (mixed.some((tag) => document.child(tag))) {
    throw new Status(178, "either a message or forwardees");
  }
  const to = forwardees?.all("ComposeMail:Forwardee").map(forwardee) ?? [];
  if (to.length === 0) throw new Status(119, "there are no forwardees");
  return { clientId: readClientId(document), to, ...said(body) };
}

// MS-ASCMD 2.2.3.78
function forwardee(element: Element): Address {
  const address = normalAddress(element.textOf("ComposeMail:ForwardeeEmail") ?? "");
  if (!address) throw new Status(179, "a forwardee has no mail address");
  return { name: element.textOf("ComposeMail:ForwardeeName")?.trim() ?? "", address };
}

function said(body: Element | undefined): Texts {
  const data = body?.textOf("AirSyncBase:Data") ?? "";
  const type = body?.textOf("AirSyncBase:Type")?.trim() ?? "1";
  if (type !== "1" && type !== "2") throw new Status(179, "the Body is neither text nor HTML");
  return type === "2" ? { text: undefined, html: data } : { text: data, html: undefined };
}

/** The message that says so, without the original. */
export function noteMime(note: Note, about: Mail | undefined): AsyncIterable<Uint8Array> {
  const subject = about?.subject ?? "";
  const fields = [
    addressField("To", note.to),
    textField("Subject", /^(fwd?|wg):/i.test(subject) ? subject : `Fwd: ${subject}`.trim()),
  ];
  return written(fields, { text: note.text, html: note.html, enclosures: [] });
}
