// What a device writes into a draft: which fields, which body, which attachments come and go.
import { Buffer } from "node:buffer";
import addressparser from "nodemailer/lib/addressparser";
import type { Address, Mail, Marks } from "../../mailbox/api.ts";
import type { Enclosure } from "../letter/enclosure.ts";
import { once } from "../letter/letter.ts";
import { el, type Element, type Tag } from "../wbxml/element.ts";
import { BadItem, readMarks } from "./marks.ts";

/** A file that the device adds; `clientId` is what it calls it until it learns the reference. */
export interface AddedFile extends Enclosure {
  readonly clientId: string;
}

/** The body in the form that the device has it in; MIME is a whole message. */
export type DraftBody =
  | { readonly type: "text" | "html"; readonly content: string }
  | { readonly type: "mime"; readonly bytes: Uint8Array };

/** Address fields of a draft, by the names of their headers. */
export const addressFields = ["From", "To", "Cc", "Bcc", "Reply-To"] as const;

/** What a device says of a draft. Absent: as it was. */
export interface DraftChange {
  /** Names without an address are kept: somebody is still typing. */
  readonly addresses: Readonly<Partial<Record<(typeof addressFields)[number], readonly Address[]>>>;
  readonly subject?: string;
  readonly importance?: Mail["importance"];
  readonly body?: DraftBody;
  readonly added: readonly AddedFile[];
  /** FileReferences. */
  readonly removed: readonly string[];
  readonly marks: Partial<Marks>;
}

const addressTags: Readonly<Partial<Record<Tag, (typeof addressFields)[number]>>> = {
  "Email:From": "From",
  "Email:To": "To",
  "Email:Cc": "Cc",
  "Email2:Bcc": "Bcc",
  "Email:ReplyTo": "Reply-To",
};
const markTags: readonly Tag[] = ["Email:Read", "Email:Flag", "Email:Categories"];

/** Reads it. Elements that only the server sets are passed over. Throws {@link BadItem}. */
// MS-ASEMAIL 3.1.5.4
export function readDraft(applicationData: Element | undefined): DraftChange {
  const children = applicationData?.children ?? [];
  const addresses: { -readonly [K in keyof DraftChange["addresses"]]: readonly Address[] } = {};
  for (const { tag, text } of children) {
    const name = addressTags[tag];
    if (name) addresses[name] = people(text);
  }
  const data = el("AirSync:ApplicationData", ...children);
  const subject = data.textOf("Email:Subject");
  const importance = data.textOf("Email:Importance")?.trim();
  const body = readBody(data.child("AirSyncBase:Body"));
  const attachments = data.child("AirSyncBase:Attachments");
  return {
    addresses,
    ...(subject !== undefined && { subject }),
    ...(importance && { importance: levelOf(importance) }),
    ...(body && { body }),
    added: attachments?.all("AirSyncBase:Add").map(readFile) ?? [],
    removed:
      attachments?.all("AirSyncBase:Delete").flatMap((one) =>
        one.textOf("AirSyncBase:FileReference")?.trim() || []
      ) ?? [],
    marks: readMarks(
      el("AirSync:ApplicationData", ...children.filter(({ tag }) => markTags.includes(tag))),
    ),
  };
}

/** Devices separate by commas, by semicolons, or by both. */
function people(text: string): Address[] {
  return addressparser(text, { flatten: true })
    .map(({ name, address }) => ({ name, address }))
    .filter(({ name, address }) => name || address);
}

function levelOf(text: string): Mail["importance"] {
  const level = (["low", "normal", "high"] as const)[Number(text)];
  if (!level) throw new BadItem("Cannot write the draft: its Importance is none of 0, 1 and 2");
  return level;
}

/** A body that the device itself knows only in part says nothing. */
// MS-ASAIRS 2.2.2.9
function readBody(body: Element | undefined): DraftBody | undefined {
  if (!body || body.textOf("AirSyncBase:Truncated")?.trim() === "1") return undefined;
  const data = body.child("AirSyncBase:Data");
  switch (body.textOf("AirSyncBase:Type")?.trim()) {
    case "1":
      return { type: "text", content: data?.text ?? "" };
    case "2":
      return { type: "html", content: data?.text ?? "" };
    case "4":
      // iOS and Nine send a draft so.
      return { type: "mime", bytes: data?.bytes ?? new Uint8Array(0) };
    default:
      throw new BadItem("Cannot write the draft: its Body is neither text nor HTML nor MIME");
  }
}

// MS-ASAIRS 2.2.2.2
function readFile(add: Element): AddedFile {
  const text = (tag: Tag) => add.textOf(tag)?.trim() || undefined;
  const clientId = text("AirSyncBase:ClientId");
  const content = add.child("AirSyncBase:Content");
  const method = text("AirSyncBase:Method") ?? "1";
  if (!clientId || !content || (method !== "1" && method !== "5")) {
    throw new BadItem("Cannot write the draft: an attachment lacks what it needs");
  }
  const embedded = method === "5";
  const contentId = text("AirSyncBase:ContentId")?.replace(/^<|>$/g, "");
  const inline = add.child("AirSyncBase:IsInline");
  const bytes = bytesOf(content);
  return {
    clientId,
    name: text("AirSyncBase:DisplayName") ?? (embedded ? "message.eml" : "attachment"),
    type: embedded ? "message/rfc822" : typeOf(text("AirSyncBase:ContentType")),
    contentId,
    inline: contentId !== undefined && inline !== undefined && inline.text.trim() !== "0",
    open: () => once(bytes),
  };
}

const typeOf = (text: string | undefined) => {
  const type = text?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) ? type : "application/octet-stream";
};

/** Bytes as they are; a text can only be their base64. */
function bytesOf({ value, text }: Element): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return new Uint8Array(Buffer.from(text, "base64"));
}
