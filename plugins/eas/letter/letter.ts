// What a person wrote on a device, read from the message that the device made of it.
import PostalMime, { type Attachment } from "postal-mime";
import { type Field, fields, firstValue, splitHead } from "../../mailbox/api.ts";
import { Status } from "../status.ts";
import type { Enclosure } from "./enclosure.ts";

export interface Letter {
  /** Its header, as the device wrote it. */
  readonly fields: readonly Field[];
  /** Signed or encrypted: nothing can be added to it without breaking that. */
  readonly sealed: boolean;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly enclosures: readonly Enclosure[];
}

/** Longer header blocks come from nobody who writes mail. Bytes. */
export const longestHead = 256 * 1024;

/** Reads a letter. Throws Status 107 for what is no message. */
export async function readLetter(mime: Uint8Array): Promise<Letter> {
  const { head } = await splitHead(once(mime), longestHead);
  const all = fields(head);
  const type = firstValue(all, "content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const sealed = /^(multipart\/(signed|encrypted)|application\/(x-)?pkcs7-mime)$/.test(type);
  if (sealed) return { fields: all, sealed, text: undefined, html: undefined, enclosures: [] };
  try {
    const { text, html, attachments } = await PostalMime.parse(mime, {
      forceRfc822Attachments: true,
      maxNestingDepth: 100,
    });
    return { fields: all, sealed, text, html, enclosures: attachments.map(enclosure) };
  } catch (error) {
    throw new Status(107, "the message cannot be read", { cause: error });
  }
}

function enclosure(attachment: Attachment, index: number): Enclosure {
  const { filename, mimeType, disposition, related, contentId, content } = attachment;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : new Uint8Array(content);
  return {
    name: filename || `attachment-${index + 1}`,
    type: mimeType,
    contentId: contentId?.replace(/^<|>$/g, "") || undefined,
    inline: related === true || disposition === "inline",
    open: () => once(bytes),
  };
}

/** A stream of bytes that are there already. */
export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
