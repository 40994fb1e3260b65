// SendMail, in both of its forms. MS-ASCMD 2.2.1.17
import { atLeast } from "../versions.ts";
import { el } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import { EasError, rootStatus } from "./reply.ts";

export interface SendMailOptions {
  /** Tells a repeat from a second message; at most 40 characters. Default: a random one. */
  readonly clientId?: string;
  /** Default: true. */
  readonly saveInSent?: boolean;
}

export async function sendMail(
  client: EasClient,
  mime: Uint8Array | string,
  { clientId, saveInSent = true }: SendMailOptions = {},
): Promise<void> {
  const bytes = typeof mime === "string" ? new TextEncoder().encode(mime) : mime;
  if (!atLeast(client.version, "14.0")) {
    await client.command("SendMail", bytes, {
      parameters: { saveInSent },
      contentType: "message/rfc822",
    });
    return;
  }
  const document = el(
    "ComposeMail:SendMail",
    el("ComposeMail:ClientId", clientId ?? crypto.randomUUID().replaceAll("-", "")),
    saveInSent && el("ComposeMail:SaveInSentItems"),
    el("ComposeMail:Mime", bytes),
  );
  // Success is an empty body: whatever else comes is a failure.
  const reply = await client.command("SendMail", document);
  const status = rootStatus(reply.document);
  if (status !== undefined && status !== 1) throw new EasError("SendMail", reply, status);
}
