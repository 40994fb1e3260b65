// What hangs on a letter: files and pictures, opened only when they are written.
import type { Attachment, Item, ItemId, Mail, Mailbox } from "../../mailbox/api.ts";

export interface Enclosure {
  readonly name: string;
  /** `type/subtype`. */
  readonly type: string;
  /** Without angle brackets. */
  readonly contentId: string | undefined;
  /** Meant to be shown inside the text. */
  readonly inline: boolean;
  /** Can be opened again and again. */
  open(): AsyncIterable<Uint8Array>;
}

/** Signatures fit the message that they came with, and no other. */
const signature = /^application\/(x-)?(pkcs7|pgp)-signature$/;

/** What hangs on a mail, without signatures. */
export function enclosuresOf(mailbox: Mailbox, item: ItemId, mail: Mail): Enclosure[] {
  return mail.attachments.filter(({ type }) => !signature.test(type))
    .map((attachment) => enclosureOf(mailbox, item, attachment));
}

/** One attachment of a mail. */
export function enclosureOf(mailbox: Mailbox, item: ItemId, attachment: Attachment): Enclosure {
  const { name, type, contentId, inline, part } = attachment;
  return { name, type, contentId, inline, open: () => partOf(mailbox, item, part) };
}

/** The whole message as a file, as it arrived. */
export function wholeOf(mailbox: Mailbox, { id, mail }: Item): Enclosure {
  const subject = mail?.subject.replace(/[\\/:*?"<>|\s]+/g, " ").trim().slice(0, 120);
  return {
    name: `${subject || "message"}.eml`,
    type: "message/rfc822",
    contentId: undefined,
    inline: false,
    open: () => partOf(mailbox, id, ""),
  };
}

async function* partOf(mailbox: Mailbox, item: ItemId, part: string): AsyncIterable<Uint8Array> {
  yield* (await mailbox.part(item, part)).bytes;
}
