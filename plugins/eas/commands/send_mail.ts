// SendMail: a message goes out, once, from the user's own address.
import { createHash, randomUUID } from "node:crypto";
import { atLeast, type Command, type EasCall, Status } from "../api.ts";
import { NotFound, Refused } from "../../mailbox/api.ts";
import { outline } from "../outgoing.ts";
import type { Sent } from "../sent.ts";

interface SendMailRequest {
  /** Tells a repeat from a new message; undefined up to 12.1, which has none. */
  readonly clientId: string | undefined;
  readonly saveInSent: boolean;
  readonly mime: Uint8Array;
}

/** The schema says 40; a longer one is no less an id. */
const longestClientId = 256;

// MS-ASCMD 2.2.1.17
export function sendMail(sent: Sent): Command<SendMailRequest, void> {
  return {
    name: "SendMail",
    root: "ComposeMail:SendMail",
    read: (call) => atLeast(call.version, "14.0") ? readDocument(call) : readMessage(call),
    run: (request, call) => send(request, call, sent),
    write: () => undefined,
  };
}

/** Up to 12.1 the body is the message. MS-ASHTTP 2.2.1.1.1.2.4 */
function readMessage({ rfc822, query }: EasCall): SendMailRequest {
  if (rfc822 === undefined) throw new Status(101, "SendMail without a message");
  return { clientId: undefined, saveInSent: query.saveInSent, mime: rfc822 };
}

function readDocument({ document }: EasCall): SendMailRequest {
  if (document === undefined) throw new Status(101, "SendMail without a document");
  const clientId = document.textOf("ComposeMail:ClientId") ?? "";
  const mime = document.child("ComposeMail:Mime");
  if (clientId === "" || clientId.length > longestClientId) {
    throw new Status(103, "SendMail without a ClientId, or with one too long");
  }
  if (mime === undefined) throw new Status(103, "SendMail without Mime");
  // Settings tells of no AccountId, so this one is of somebody else's server.
  if (document.textOf("ComposeMail:AccountId")) throw new Status(166, "unknown AccountId");
  if (document.child("RightsManagement:TemplateID")) {
    throw new Status(168, "rights management is switched off");
  }
  return {
    clientId,
    saveInSent: document.child("ComposeMail:SaveInSentItems") !== undefined,
    mime: mime.bytes,
  };
}

async function send(request: SendMailRequest, call: EasCall, sent: Sent): Promise<void> {
  const { account, device, clock } = call;
  const { clientId } = request;
  if (clientId !== undefined && await sent.has(account.id, device.id, clientId)) {
    throw new Status(118, "the message was sent before");
  }
  const { from, distinct } = await outline(request.mime, account);
  const { mime, saveInSent } = request;
  try {
    // Its token makes a repeat harmless that comes while this one runs, or after a crash.
    await call.mailbox.send(
      { mime, from, to: [], saveInSent },
      tokenOf(request, device.id, distinct),
    );
  } catch (error) {
    throw failure(error);
  }
  if (clientId !== undefined) {
    await sent.remember(account.id, device.id, clientId, clock.now());
  }
}

/**
 * What tells this message apart. Without a ClientId it is the message itself, unless it carries
 * nothing that makes it one of a kind: then two equal ones are two.
 */
function tokenOf({ clientId, mime }: SendMailRequest, device: string, distinct: boolean): string {
  if (clientId === undefined && !distinct) return `send:${randomUUID()}`;
  const hash = createHash("sha256").update(`${device} `).update(clientId ?? mime);
  return `send:${hash.digest("base64url")}`;
}

// MS-ASCMD 2.2.2
const statusOf: Partial<Record<Refused["reason"], number>> = {
  recipient: 116,
  sender: 167,
  quota: 115,
  tooLarge: 122,
};

function failure(error: unknown): unknown {
  if (error instanceof Refused) {
    return new Status(statusOf[error.reason] ?? 120, error.message, { cause: error });
  }
  if (error instanceof NotFound) return new Status(120, error.message, { cause: error });
  return error;
}
