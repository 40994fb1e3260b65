// Sends a message once, however often the device asks for it.
import { createHash, randomUUID } from "node:crypto";
import { NotFound, Refused } from "../../../mailbox/api.ts";
import { type EasCall, Status } from "../../api.ts";
import type { Kind } from "../../letter/quote.ts";
import type { Sent } from "../../sent.ts";
import type { ComposeRequest } from "./read.ts";

/** Runs `work` unless it was done before under this ClientId: then Status 118. */
// MS-ASCMD 2.2.2
export async function sendOnce(
  { account, device, clock }: EasCall,
  sent: Sent,
  clientId: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  if (clientId !== undefined && await sent.has(account.id, device.id, clientId)) {
    throw new Status(118, "the message was sent before");
  }
  await work();
  if (clientId !== undefined) {
    await sent.remember(account.id, device.id, clientId, clock.now());
  }
}

/**
 * What tells this message apart: a repeat is harmless that comes while the first one runs, or after a
 * crash. Without a ClientId it is the message itself, unless it carries nothing that makes it one of
 * a kind: then two equal ones are two. `about`: the item that is answered or forwarded.
 */
export function tokenOf(
  { clientId, mime }: Pick<ComposeRequest, "clientId" | "mime">,
  device: string,
  distinct: boolean,
  about = "",
): string {
  if (clientId === undefined && !distinct) return `send:${randomUUID()}`;
  const hash = createHash("sha256").update(`${device} `);
  if (clientId === undefined) hash.update(about);
  return `send:${hash.update(clientId ?? mime).digest("base64url")}`;
}

// MS-ASCMD 2.2.2
const statusOf: Partial<Record<Refused["reason"], number>> = {
  recipient: 116,
  sender: 167,
  quota: 115,
  tooLarge: 122,
};

/**
 * What a device hears of a message that could not be sent; what is no refusal stays as it is. `about`
 * is said where it answers or forwards something, of which a part may be missing by now.
 */
export function failure(error: unknown, about?: Kind): unknown {
  if (error instanceof Refused) {
    const other = about === "reply" ? 121 : 120;
    return new Status(statusOf[error.reason] ?? other, error.message, { cause: error });
  }
  if (error instanceof NotFound) {
    return new Status(about ? 150 : 120, error.message, { cause: error });
  }
  return error;
}
