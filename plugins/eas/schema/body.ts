// The body of an item: which kind a device gets, how much of it, and what to read for that.
import type { Item, ItemId, Mail, Mailbox, Text, Want } from "../../mailbox/api.ts";
import { el, type Element, Leaf } from "../wbxml/element.ts";
import { toHtml, toText } from "./convert.ts";
import { isSmime } from "./message_class.ts";
import { mimeText } from "./mime_text.ts";
import type { BodyPreference, ItemOptions } from "./options.ts";
import { wantedWithPart } from "./body_part.ts";
import { type Source, stub } from "./stub.ts";
import { byteLength, cleanLines, cutHtml, cutText, withoutTail } from "./text.ts";

/** A body as it was chosen and cut for a device. */
export interface Body {
  /** 1 text, 2 HTML, 4 MIME. */
  readonly type: 1 | 2 | 4;
  /** Size of the whole body of this type in bytes; an estimate where it was converted. */
  readonly size: number;
  readonly truncated: boolean;
  /** undefined: nothing is sent. */
  readonly data: string | MimeData | undefined;
  /** Plain text of so many characters as the device asked for. */
  readonly preview: string | undefined;
}

/** A message's MIME, opened when it is written. */
export interface MimeData {
  readonly open: () => AsyncIterable<Uint8Array>;
  /** At most so many bytes; Infinity: all. */
  readonly limit: number;
}

const everything = Number.MAX_SAFE_INTEGER;

/** What `Mailbox.read` has to bring so that {@link chooseBody} and `bodyPart` can do their work. */
export function wantedOf(options: ItemOptions): Want {
  const want = options.bodyPart ? wantedWithPart(wantedForBody(options)) : wantedForBody(options);
  // Fewer devices ask for a preview than do not, and some servers have to be asked for it.
  return options.bodyPreferences.some(({ preview }) => preview)
    ? want
    : { ...want, preview: false };
}

function wantedForBody(options: ItemOptions): Want {
  const mime = options.bodyPreferences.find(({ type }) => type === 4);
  if (options.mimeSupport === 2 && mime && !insists(mime)) return {};
  const readable = readableOf(options);
  const text = readable.find(({ type }) => type === 1);
  const html = readable.find(({ type }) => type === 2);
  // A part of the HTML is enough for a part of the text; but a page's head can be long.
  const source = text ? Math.max(1 << 17, (text.truncationSize ?? everything) * 8) : 0;
  if (!html) return { text: limitOf(text), html: capped(source), enough: "text" };
  if (!text) return { text: limitOf(html), html: limitOf(html), enough: "html" };
  // With AllOrNone the text may have to be made from the HTML that is too long to be sent.
  const most = html.allOrNone ? Math.max(limitOf(html), capped(source)) : limitOf(html);
  return { text: limitOf(text), html: most, enough: "native" };
}

const capped = (bytes: number) => Math.min(bytes, everything);
const limitOf = (preference?: BodyPreference) => preference?.truncationSize ?? everything;

/**
 * The preferences for text and HTML; a device that has none gets text, or where it asks for the own
 * part only, no more than the size.
 */
function readableOf({ bodyPreferences, bodyPart }: ItemOptions): readonly BodyPreference[] {
  const readable = bodyPreferences.filter(({ type }) => type === 1 || type === 2);
  if (readable.length > 0) return readable;
  return bodyPart && bodyPreferences.length === 0
    ? [{ type: 1, truncationSize: 0 }]
    : [{ type: 1 }];
}

/** Chooses, converts and cuts the body of an item. */
// MS-ASAIRS 2.2.2.12
export function chooseBody(item: Item, options: ItemOptions, mailbox: Mailbox): Body {
  if (!item.mail) return readableBody(stub(item.problem), options);
  return mimeBody(item.id, item.mail, options, mailbox) ?? readableBody(item.mail, options);
}

/** The body as MIME, where the device wants that; undefined where it takes a readable kind. */
// MS-ASCMD 2.2.3.110.3
function mimeBody(
  id: ItemId,
  mail: Mail,
  options: ItemOptions,
  mailbox: Mailbox,
): Body | undefined {
  const wanted = options.bodyPreferences.find(({ type }) => type === 4);
  const smime = options.mimeSupport > 0 && isSmime(mail);
  const preference = smime ? wanted ?? { type: 4 } : options.mimeSupport === 2 ? wanted : undefined;
  if (!preference) return undefined;
  const limit = Math.min(limitOf(preference), options.mimeTruncation ?? everything);
  const truncated = mail.size > limit;
  const refused = truncated && insists(preference);
  if (refused && options.bodyPreferences.some(({ type }) => type < 3)) return undefined;
  const open = () => wholeMessage(mailbox, id);
  const data = refused || limit === 0 ? undefined : { open, limit };
  return { type: 4, size: mail.size, truncated, data, preview: previewOf(mail, preference) };
}

async function* wholeMessage(mailbox: Mailbox, item: ItemId): AsyncIterable<Uint8Array> {
  yield* (await mailbox.part(item, "")).bytes;
}

/** AllOrNone, which means nothing without a TruncationSize. */
// MS-ASAIRS 2.2.2.3.2
const insists = (preference: BodyPreference) =>
  preference.allOrNone === true && preference.truncationSize !== undefined;

function readableBody(mail: Source, options: ItemOptions): Body {
  const native = mail.native === "html" ? 2 : 1;
  const preferences = [...readableOf(options)].sort((a, b) =>
    Number(b.type === native) - Number(a.type === native)
  );
  for (const preference of preferences) {
    const body = cut(mail, preference, render(mail, preference));
    if (!body.truncated || !insists(preference)) return body;
  }
  const first = preferences[0]!;
  const withheld = { ...cut(mail, first, render(mail, first)), data: undefined };
  return { ...withheld, preview: previewOf(mail, first) };
}

/** A whole text of some kind, or as much of it as was read. */
interface Rendered {
  readonly content: string;
  readonly size: number;
  readonly partial: boolean;
}

function render({ text, html }: Source, { type, truncationSize }: BodyPreference): Rendered {
  const [same, other] = type === 1 ? [text, html] : [html, text];
  // Nothing to convert and nothing to estimate, as nearly always.
  if (same && !same.truncated) return { content: same.content, size: same.size, partial: false };
  if (same) return rendered(same, (content) => content);
  if (!other) return { content: "", size: 0, partial: false };
  // A short text is what the phone shows in its list: the addresses of links would fill it.
  const preview = truncationSize !== undefined && truncationSize <= 1024;
  return rendered(
    other,
    type === 1
      ? (content) => cleanLines(toText(other.truncated ? withoutTail(content) : content, preview))
      : toHtml,
  );
}

function rendered(source: Text, convert: (content: string) => string): Rendered {
  const content = source.content === "" ? "" : convert(source.content);
  const bytes = byteLength(content);
  if (!source.truncated) return { content, size: bytes, partial: false };
  // The whole was not read: its size after conversion is estimated from the part that was.
  const scale = source.content === "" ? 1 : bytes / byteLength(source.content);
  return { content, size: Math.max(bytes, Math.round(source.size * scale)), partial: true };
}

function cut(mail: Source, preference: BodyPreference, whole: Rendered): Body {
  const limit = limitOf(preference);
  const isHtml = preference.type === 2;
  const piece = isHtml ? cutHtml(whole.content, limit) : cutText(whole.content, limit);
  const data = isHtml && whole.partial ? withoutTail(piece) : piece;
  return {
    type: isHtml ? 2 : 1,
    size: whole.size,
    truncated: whole.partial || data.length < whole.content.length,
    data: data === "" ? undefined : data,
    preview: !isHtml && data !== "" ? undefined : previewOf(mail, preference),
  };
}

// MS-ASAIRS 2.2.2.35.1
function previewOf(mail: Source, { preview }: BodyPreference): string | undefined {
  if (!preview) return undefined;
  return cleanLines([...mail.preview].slice(0, preview).join("")) || undefined;
}

/**
 * The `Body` element. `part`: the index of the part of a multipart answer that carries the data in
 * place of the element.
 */
// MS-ASAIRS 2.2.2.9
export function bodyElement(body: Body, part?: number): Element {
  const { data } = body;
  const content = typeof data === "object" ? new Leaf(mimeText(data.open(), data.limit)) : data;
  return el(
    "AirSyncBase:Body",
    el("AirSyncBase:Type", body.type),
    el("AirSyncBase:EstimatedDataSize", body.size),
    body.truncated ? el("AirSyncBase:Truncated", true) : undefined,
    part === undefined && content !== undefined ? el("AirSyncBase:Data", content) : undefined,
    body.preview === undefined ? undefined : el("AirSyncBase:Preview", body.preview),
    part === undefined ? undefined : el("ItemOperations:Part", part),
  );
}

/** A body's data as the bytes of a part of a multipart answer: MIME then is as it arrived. */
export async function* bodyBytes({ data }: Body): AsyncIterable<Uint8Array> {
  if (typeof data === "string") yield new TextEncoder().encode(data);
  if (typeof data !== "object") return;
  let left = data.limit;
  for await (const chunk of data.open()) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
