// Attachments of a mail, and the references by which devices fetch them.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Attachment, Item, ItemId } from "../../mailbox/api.ts";
import { atLeast, type Version } from "../versions.ts";
import { el, type Element } from "../wbxml/element.ts";
import { clean } from "./text.ts";

/** A part of an item: what a FileReference stands for. Part `""` is the whole message. */
export interface PartRef {
  readonly item: ItemId;
  readonly part: string;
}

/** A FileReference: URL-safe, the same for ever, unique in the mailbox, at most 180 characters. */
// MS-ASAIRS 2.2.2.24
export function fileReference({ item, part }: PartRef): string {
  return Buffer.from(`${item}/${part}`, "utf8").toString("base64url");
}

/** What a FileReference stands for; undefined where this server never made it. */
export function parseFileReference(text: string): PartRef | undefined {
  if (text.length > 256) return undefined;
  const plain = Buffer.from(text, "base64url").toString("utf8");
  const match = /^([\w.:-]{1,60})\/([\w.]{0,60})$/.exec(plain);
  if (!match) return undefined;
  const ref = { item: match[1]!, part: match[2]! };
  if (fileReference(ref) !== text) return undefined;
  return { ...ref, part: ref.part.replace(/_[0-9a-f]{8}$/, "") };
}

/**
 * The FileReference of an item's attachment. The parts of a draft move when files come and go: there
 * it also says which file it is, so that no reference is ever used for another file.
 */
export function attachmentReference(
  { id, state }: Pick<Item, "id" | "state">,
  { part, name, type, size, contentId }: Attachment,
): string {
  if (!state.marks.draft) return fileReference({ item: id, part });
  const file = createHash("sha256").update(JSON.stringify([name, type, size, contentId ?? ""]));
  return fileReference({ item: id, part: `${part}_${file.digest("hex").slice(0, 8)}` });
}

/** What devices are told of an attachment. */
interface Told {
  readonly name: string;
  readonly reference: string;
  readonly method: 1 | 5 | 6;
  /** Bytes. Some clients show nothing without a size; undefined only where nobody knows it. */
  readonly size: number | undefined;
  /** Where in the HTML it belongs. */
  readonly place: Pick<Attachment, "contentId" | "contentLocation" | "inline"> | undefined;
}

/** The `Attachments` of an item; undefined where it has none. */
// MS-ASAIRS 2.2.2.8
export function attachmentsElement(item: Item, version: Version): Element | undefined {
  const list = item.mail
    ? item.mail.attachments.map((attachment) => told(item, attachment))
    : [original(item.id)];
  if (list.length === 0) return undefined;
  return atLeast(version, "12.0")
    ? el("AirSyncBase:Attachments", ...list.map(attachmentElement))
    : el("Email:Attachments", ...list.map(legacyAttachment));
}

function told(item: Item, attachment: Attachment): Told {
  const { size, embedded } = attachment;
  return {
    name: displayName(attachment),
    reference: attachmentReference(item, attachment),
    method: method(attachment, embedded),
    size: Math.max(0, Math.round(size)),
    place: attachment,
  };
}

function attachmentElement({ name, reference, method, size, place }: Told): Element {
  const { contentId, contentLocation, inline } = place ?? {};
  return el(
    "AirSyncBase:Attachment",
    el("AirSyncBase:DisplayName", name),
    el("AirSyncBase:FileReference", reference),
    el("AirSyncBase:Method", method),
    size === undefined ? undefined : el("AirSyncBase:EstimatedDataSize", size),
    contentId ? el("AirSyncBase:ContentId", clean(contentId)) : undefined,
    contentLocation ? el("AirSyncBase:ContentLocation", clean(contentLocation)) : undefined,
    inline ? el("AirSyncBase:IsInline", true) : undefined,
  );
}

/** In 2.5, where the FileReference is called a name: GetAttachment fetches by it. */
// MS-ASEMAIL 2.2.2
function legacyAttachment({ name, reference, method, size }: Told): Element {
  return el(
    "Email:Attachment",
    el("Email:AttName", reference),
    size === undefined ? undefined : el("Email:AttSize", size),
    el("Email:AttMethod", method),
    el("Email:DisplayName", name),
  );
}

/** 1 a file, 5 a message, 6 an OLE object. */
// MS-ASAIRS 2.2.2.31
function method({ type }: Attachment, embedded: boolean): 1 | 5 | 6 {
  if (embedded) return 5;
  return type === "application/x-oleobject" ? 6 : 1;
}

/** A message that could not be read goes along as a file, as it arrived. */
function original(item: ItemId): Told {
  const reference = fileReference({ item, part: "" });
  return { name: "message.eml", reference, method: 1, size: undefined, place: undefined };
}

/** Endings for attachments that come without a name: phones choose the viewer by it. */
const endings: Readonly<Record<string, string>> = {
  "application/pdf": "pdf",
  "application/zip": "zip",
  "application/json": "json",
  "application/msword": "doc",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/webp": "webp",
  "text/calendar": "ics",
  "text/csv": "csv",
  "text/html": "html",
  "text/plain": "txt",
  "text/vcard": "vcf",
};

function displayName({ name, type, part, embedded }: Attachment): string {
  const shown = clean(name).replace(/[\r\n\t]+/g, " ").trim();
  if (embedded) {
    const base = shown || "message";
    // Android and Windows Phone open an embedded message only by its ending.
    return /\.eml$/i.test(base) ? base : `${base}.eml`;
  }
  if (shown) return shown;
  return `attachment-${part}.${endings[type] ?? "bin"}`;
}
