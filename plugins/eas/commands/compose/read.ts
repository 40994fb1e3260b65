// Reads what SendMail, SmartReply and SmartForward have in common. No I/O.
import { atLeast, type EasCall, type Element, Status } from "../../api.ts";
import { parseDate } from "../../schema/dates.ts";

/** A message to be sent. */
export interface ComposeRequest {
  /** Tells a repeat from a new message; undefined up to 12.1, which has none. */
  readonly clientId: string | undefined;
  readonly saveInSent: boolean;
  readonly mime: Uint8Array;
}

/** The item that is answered or forwarded. */
export interface Source {
  readonly item: string;
  /** Where it has to be; undefined: anywhere. */
  readonly folder: string | undefined;
}

/** The schema says 40; a longer one is no less an id. */
const longestClientId = 256;

/** Up to 12.1 the body is the message. MS-ASHTTP 2.2.1.1.1.2.4 */
export function readMessage({ rfc822, query }: EasCall): ComposeRequest {
  if (rfc822 === undefined) throw new Status(101, `${query.command} without a message`);
  return { clientId: undefined, saveInSent: query.saveInSent, mime: rfc822 };
}

/** The document, once it is certain that there is one. */
export function documentOf({ document, query }: EasCall): Element {
  if (document === undefined) throw new Status(101, `${query.command} without a document`);
  return document;
}

// MS-ASCMD 2.2.3.109
export function readDocument(document: Element): ComposeRequest {
  const clientId = readClientId(document);
  const mime = document.child("ComposeMail:Mime");
  if (mime === undefined) throw new Status(103, "there is no Mime");
  // MS-ASCMD 2.2.3.157: an empty tag, whose presence says it all
  const saveInSent = document.child("ComposeMail:SaveInSentItems") !== undefined;
  return { clientId, saveInSent, mime: mime.bytes };
}

/** Reads the ClientId, and refuses what concerns other accounts or rights management. */
// MS-ASCMD 2.2.3.28.1
export function readClientId(document: Element): string {
  const clientId = document.textOf("ComposeMail:ClientId") ?? "";
  if (clientId === "" || clientId.length > longestClientId) {
    throw new Status(103, "there is no ClientId, or one too long");
  }
  // Settings tells of no AccountId, so this one is of somebody else's server.
  if (document.textOf("ComposeMail:AccountId")) throw new Status(166, "unknown AccountId");
  if (document.child("RightsManagement:TemplateID")) {
    throw new Status(168, "rights management is switched off");
  }
  return clientId;
}

/** Which item is answered or forwarded, in whichever encoding the command came. */
// MS-ASCMD 2.2.3.173
export function readSource(call: EasCall): Source {
  if (!atLeast(call.version, "14.0")) {
    const { itemId, collectionId, longId, occurrence } = call.query;
    return sourceOf(longId, itemId, collectionId, occurrence);
  }
  const source = call.document?.child("ComposeMail:Source");
  if (source === undefined) throw new Status(103, "there is no Source");
  return sourceOf(
    source.textOf("ComposeMail:LongId"),
    source.textOf("ComposeMail:ItemId"),
    source.textOf("ComposeMail:FolderId"),
    source.textOf("ComposeMail:InstanceId"),
  );
}

/** A mail has one instance only; the id of it is looked at, and has no effect. */
function sourceOf(
  longId: string | undefined,
  itemId: string | undefined,
  folder: string | undefined,
  instance: string | undefined,
): Source {
  if (instance && parseDate(instance) === undefined) {
    throw new Status(104, "the occurrence is not a date");
  }
  if (longId) {
    if (itemId || folder) throw new Status(105, "a LongId stands for itself");
    return { item: longId, folder: undefined };
  }
  if (!itemId || !folder) throw new Status(105, "an item is named by itself and its folder");
  return { item: itemId, folder };
}
