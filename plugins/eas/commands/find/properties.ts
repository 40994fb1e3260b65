// A found mail as Find tells it: what a list of results shows, and no body.
import type { Account } from "../../../../core/mod.ts";
import type { Address, Item, Mail } from "../../../mailbox/api.ts";
import { el, type Element, type Tag, type Version } from "../../api.ts";
import { emailFields } from "../../schema/email.ts";
import { clean } from "../../schema/text.ts";

/** Those that a Sync tells as well. */
const shared: ReadonlySet<Tag> = new Set<Tag>([
  "Email:Subject",
  "Email:DateReceived",
  "Email:DisplayTo",
  "Email:Importance",
  "Email:Read",
  "Email2:IsDraft",
  "Email:From",
]);

/** The children of Properties. */
// MS-ASCMD 2.2.3.137.1
export function foundFields(item: Item, version: Version, account: Account): Element[] {
  const fields = emailFields(item, [], version, account);
  const { mail } = item;
  const told = fields.filter(({ tag }) => shared.has(tag));
  if (!mail) return [...told, el("Find:HasAttachments", true)];
  // Blind copies are told where a Sync tells them: to those who sent them.
  const blind = fields.some(({ tag }) => tag === "Email2:Bcc");
  return [
    ...told,
    ...names("Find:DisplayCc", mail.cc),
    ...(blind ? names("Find:DisplayBcc", mail.bcc) : []),
    ...(mail.preview ? [el("Find:Preview", clean(mail.preview))] : []),
    el("Find:HasAttachments", hasAttachments(mail)),
  ];
}

function names(tag: Tag, list: readonly Address[]): Element[] {
  const text = list.map(({ name, address }) => clean(name || address).trim()).join("; ");
  return text === "" ? [] : [el(tag, text)];
}

/** Pictures inside the text are none that a person looks for. */
const hasAttachments = ({ attachments }: Mail) => attachments.some(({ inline }) => !inline);
