// What a draft says, as elements. MS-ASEMAIL 2.2.2
import { el, type Element } from "../wbxml/mod.ts";

export interface DraftOptions {
  /** Addresses as a person types them: `"Ben" <b@example.org>; cleo@example.org`. */
  readonly to?: string;
  readonly cc?: string;
  readonly bcc?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** A whole message, as iOS writes its drafts. */
  readonly mime?: string;
  readonly add?: readonly DraftAttachment[];
  /** FileReferences of attachments that go. */
  readonly remove?: readonly string[];
}

export interface DraftAttachment {
  readonly clientId: string;
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array;
  /** Shown inside the HTML under this id. */
  readonly contentId?: string;
}

/** The fields of a draft, for `Collection.add`, `change` and `send`. */
export function draftFields(options: DraftOptions): Element[] {
  const { to, cc, bcc, subject, add = [], remove = [] } = options;
  const attachments = [...remove.map(removed), ...add.map(added)];
  return [
    to !== undefined && el("Email:To", to),
    cc !== undefined && el("Email:Cc", cc),
    subject !== undefined && el("Email:Subject", subject),
    bodyOf(options),
    attachments.length > 0 && el("AirSyncBase:Attachments", ...attachments),
    bcc !== undefined && el("Email2:Bcc", bcc),
  ].filter((field) => field !== false);
}

function bodyOf({ text, html, mime }: DraftOptions): Element | false {
  const bodies = [[1, text], [2, html], [4, mime]] as const;
  const [type, data] = bodies.find(([, data]) => data !== undefined) ?? [];
  if (type === undefined || data === undefined) return false;
  return el("AirSyncBase:Body", el("AirSyncBase:Type", type), el("AirSyncBase:Data", data));
}

function added({ clientId, name, type, content, contentId }: DraftAttachment): Element {
  const inline = contentId !== undefined;
  return el(
    "AirSyncBase:Add",
    el("AirSyncBase:ClientId", clientId),
    el("AirSyncBase:Method", type === "message/rfc822" ? 5 : 1),
    el("AirSyncBase:Content", content),
    el("AirSyncBase:DisplayName", name),
    el("AirSyncBase:ContentType", type),
    inline && el("AirSyncBase:ContentId", contentId),
    inline && el("AirSyncBase:IsInline", true),
  );
}

const removed = (reference: string) =>
  el("AirSyncBase:Delete", el("AirSyncBase:FileReference", reference));
