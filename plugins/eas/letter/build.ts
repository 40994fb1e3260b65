// Writes a letter as MIME: given header fields, texts in UTF-8, what hangs on it; streamed.
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import MailComposer from "nodemailer/lib/mail-composer";
import { encodeWords, foldLines } from "nodemailer/lib/mime-funcs";
import MimeNode from "nodemailer/lib/mime-node";
import {
  type Address,
  type Field,
  fields as fieldsOf,
  newField,
  splitHead,
  toHead,
} from "../../mailbox/api.ts";
import type { Enclosure } from "./enclosure.ts";

/** What a letter says, in one form or in both. */
export interface Content {
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly enclosures: readonly Enclosure[];
}

/** The header block of what is built here: a few lines. Bytes. */
const ownHead = 64 * 1024;

/** The bytes of a message: `fields` (but for those that tell of the content), then the content. */
export async function* written(
  fields: readonly Field[],
  content: Content,
): AsyncIterable<Uint8Array> {
  const attachments = arranged(content).map(attachmentOf);
  const { text, html } = content;
  const stream = new MailComposer({
    // Without any text an only attachment would become the message itself.
    text: text || "\r\n",
    ...(html !== undefined && { html }),
    attachments,
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile().createReadStream();
  const { head, body } = await splitHead(stream, ownHead);
  yield toHead([
    ...fields.filter((field) => !tellsContent(field)),
    ...fieldsOf(head).filter(tellsContent),
  ]);
  yield* body;
}

/** Whether a field tells of the content: those change with it. */
export function tellsContent({ name }: Field): boolean {
  return name === "mime-version" || name.startsWith("content-");
}

/** What hangs on a letter, in the order in which its parts are written. */
export function arranged<E extends Enclosure>(
  { html, enclosures }: { readonly html: string | undefined; readonly enclosures: readonly E[] },
): E[] {
  const shown = (one: E) => isShown(one, html);
  const related = enclosures.filter(shown).map((one) => ({ ...one, inline: true }));
  return [
    ...related,
    ...enclosures.filter((one) => !shown(one)).map((one) => ({ ...one, inline: false })),
  ];
}

/** Whether the HTML shows it. */
export function isShown({ contentId }: Enclosure, html: string | undefined): boolean {
  if (!contentId || html === undefined) return false;
  return html.includes(`cid:${contentId}`) || html.includes(`cid:${encodeURIComponent(contentId)}`);
}

function attachmentOf({ name, type, contentId, inline, open }: Enclosure) {
  return {
    filename: name,
    contentType: type,
    contentDisposition: inline ? "inline" as const : "attachment" as const,
    content: Readable.from(open(), { objectMode: false }),
    ...(contentId && inline && { cid: contentId }),
    ...(contentId && !inline && { headers: { "Content-Id": `<${contentId}>` } }),
  };
}

/** A header field with words in any script. */
export function textField(name: string, value: string): Field {
  const line = value.replace(/[\r\n\t\0]+/g, " ").trim();
  return folded(name, encodeWords(line, "Q", 52, true));
}

/** A header field with addresses; a name without an address stays what it is. */
export function addressField(name: string, addresses: readonly Address[]): Field {
  const words = addresses.map(({ name, address }) =>
    address
      ? MimeNode.encodeHeaderValue("To", [{ name, address }])
      : quoted(encodeWords(name, "Q", 52, true))
  );
  return newField(name, words.join(",\r\n "));
}

const quoted = (name: string) =>
  /^[\w ]+$|^=\?/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;

/** A header field with message ids, which come without angle brackets. */
export function idsField(name: string, ids: readonly string[]): Field {
  return newField(name, ids.map((id) => `<${id}>`).join("\r\n "));
}

function folded(name: string, value: string): Field {
  const { raw } = newField(name, value);
  return { name: name.toLowerCase(), raw: `${foldLines(raw.trimEnd(), 76)}\r\n` };
}

/** All of a stream. Only for what is known to be small. */
export async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
