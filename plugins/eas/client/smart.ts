// SmartReply and SmartForward, in both of their forms. MS-ASCMD 2.2.1.19, 2.2.1.20
import { atLeast } from "../versions.ts";
import { el } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import { EasError, rootStatus } from "./reply.ts";
import type { SendMailOptions } from "./send_mail.ts";

/** What is answered or forwarded. */
export type SmartSource =
  | { readonly folder: string; readonly item: string }
  | { readonly longId: string };

export interface SmartOptions extends SendMailOptions {
  /** The message is whole: the server adds nothing. From 14.0. */
  readonly replaceMime?: boolean;
}

/** Sends the new text; the server adds the original. */
export async function smart(
  client: EasClient,
  name: "SmartReply" | "SmartForward",
  source: SmartSource,
  mime: Uint8Array | string,
  { clientId, saveInSent = true, replaceMime = false }: SmartOptions = {},
): Promise<void> {
  const bytes = typeof mime === "string" ? new TextEncoder().encode(mime) : mime;
  if (!atLeast(client.version, "14.0")) {
    const named = "longId" in source
      ? { longId: source.longId }
      : { collectionId: source.folder, itemId: source.item };
    const parameters = { saveInSent, ...named };
    await client.command(name, bytes, { parameters, contentType: "message/rfc822" });
    return;
  }
  const named = "longId" in source
    ? [el("ComposeMail:LongId", source.longId)]
    : [el("ComposeMail:FolderId", source.folder), el("ComposeMail:ItemId", source.item)];
  const document = el(
    `ComposeMail:${name}`,
    el("ComposeMail:ClientId", clientId ?? crypto.randomUUID().replaceAll("-", "")),
    el("ComposeMail:Source", ...named),
    saveInSent && el("ComposeMail:SaveInSentItems"),
    replaceMime && el("ComposeMail:ReplaceMime"),
    el("ComposeMail:Mime", bytes),
  );
  // Success is an empty body: whatever else comes is a failure.
  const reply = await client.command(name, document);
  const status = rootStatus(reply.document);
  if (status !== undefined && status !== 1) throw new EasError(name, reply, status);
}
