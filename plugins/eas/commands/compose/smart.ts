// SmartReply and SmartForward: the device sends the new text, the server adds the original.
import type { Host } from "../../../../core/mod.ts";
import { type Field, type Item, newField, splitHead, toHead } from "../../../mailbox/api.ts";
import { atLeast, type Command, type EasCall, Status } from "../../api.ts";
import type { EasConfig } from "../../config.ts";
import { idsField, isShown, whole, written } from "../../letter/build.ts";
import { type Enclosure, enclosuresOf, wholeOf } from "../../letter/enclosure.ts";
import { type Letter, longestHead, once, readLetter } from "../../letter/letter.ts";
import { type Kind, withOriginal } from "../../letter/quote.ts";
import { outline } from "../../outgoing.ts";
import { isSealed } from "../../schema/message_class.ts";
import type { Sent } from "../../sent.ts";
import { type Note, noteMime, readNote } from "./forwardees.ts";
import { findOriginal, markOriginal } from "./original.ts";
import {
  type ComposeRequest,
  documentOf,
  readDocument,
  readMessage,
  readSource,
  type Source,
} from "./read.ts";
import { failure, sendOnce, tokenOf } from "./submit.ts";

interface SmartRequest extends ComposeRequest {
  readonly source: Source;
  /** The message is whole as it is: nothing of the original is added. */
  readonly replaces: boolean;
  /** In place of `mime`: whom to forward it to, and what to say. */
  readonly note: Note | undefined;
}

// MS-ASCMD 2.2.1.20
export function smartReply(sent: Sent): Command<SmartRequest, void> {
  return smart("SmartReply", "reply", sent, () => false);
}

// MS-ASCMD 2.2.1.19
export function smartForward(sent: Sent, host: Host<EasConfig>): Command<SmartRequest, void> {
  return smart("SmartForward", "forward", sent, () => host.config.forward === "attached");
}

function smart(
  name: "SmartReply" | "SmartForward",
  kind: Kind,
  sent: Sent,
  attaches: () => boolean,
): Command<SmartRequest, void> {
  return {
    name,
    root: `ComposeMail:${name}`,
    read: (call) => read(call, kind),
    run: (request, call) =>
      sendOnce(
        call,
        sent,
        request.clientId,
        () => run(request, call, { kind, attached: attaches() }),
      ),
    write: () => undefined,
  };
}

function read(call: EasCall, kind: Kind): SmartRequest {
  const source = readSource(call);
  const plain = { source, replaces: false, note: undefined };
  if (!atLeast(call.version, "14.0")) return { ...readMessage(call), ...plain };
  const document = documentOf(call);
  const note = kind === "forward" && atLeast(call.version, "16.0") ? readNote(document) : undefined;
  if (note) {
    return { ...plain, clientId: note.clientId, saveInSent: true, mime: new Uint8Array(0), note };
  }
  // MS-ASCMD 2.2.3.148
  const replaces = document.child("ComposeMail:ReplaceMime") !== undefined;
  return { ...readDocument(document), ...plain, replaces };
}

interface How {
  readonly kind: Kind;
  /** The original goes along as a file. */
  readonly attached: boolean;
}

async function run(request: SmartRequest, call: EasCall, how: How): Promise<void> {
  const { source, replaces, saveInSent, note } = request;
  const original = await findOriginal(source, call);
  // A message that is whole does not need the original, so it goes out all the same.
  if (!original && !replaces) throw new Status(150, "the original is not there");
  const mime = note ? await whole(noteMime(note, original?.mail)) : request.mime;
  const { from, distinct } = await outline(mime, call.account);
  const letter = await readLetter(mime);
  const token = tokenOf(
    { ...request, mime },
    call.device.id,
    distinct,
    `${how.kind} ${source.item} `,
  );
  const fields = original ? linked(letter.fields, original, how.kind) : letter.fields;
  const message = original && !replaces && !letter.sealed
    ? written(fields, contentOf(letter, original, call, how))
    : unchanged(fields, mime);
  try {
    await call.mailbox.send({ mime: message, from, to: [], saveInSent }, token);
  } catch (error) {
    throw failure(error, how.kind);
  }
  if (original) await markOriginal(original, how.kind, fields, call, token);
}

/** Says which message is answered or forwarded, where the device does not. RFC 5322 §3.6.4 */
function linked(fields: readonly Field[], { mail }: Item, kind: Kind): Field[] {
  const id = mail?.messageId;
  if (!id) return [...fields];
  const has = (name: string) => fields.some((field) => field.name === name);
  const above = mail.references.length > 0 ? mail.references : mail.inReplyTo;
  // The root and the latest say enough of a long conversation.
  const chain = above.length > 20 ? [above[0]!, ...above.slice(-19)] : above;
  return [
    ...fields,
    ...(kind === "reply" && !has("in-reply-to") ? [newField("In-Reply-To", `<${id}>`)] : []),
    ...(has("references") ? [] : [idsField("References", [...new Set([...chain, id])])]),
  ];
}

/** The letter with the original in it. */
function contentOf(letter: Letter, original: Item, { mailbox }: EasCall, how: How) {
  const { mail, id } = original;
  const { text, html, enclosures: own } = letter;
  const readable = mail !== undefined && !isSealed(mail);
  const cut = Boolean(mail?.text?.truncated || mail?.html?.truncated);
  if (how.kind === "forward" && (how.attached || !readable || cut)) {
    return { text, html, enclosures: [...own, wholeOf(mailbox, original)] };
  }
  if (!readable) return { text, html, enclosures: own };
  const texts = withOriginal(letter, mail, how.kind);
  const there = enclosuresOf(mailbox, id, mail)
    // The device may have taken a picture along.
    .filter(({ contentId }) => !contentId || !own.some((one) => one.contentId === contentId));
  const isNeeded = (one: Enclosure) => how.kind === "forward" || isShown(one, texts.html);
  return { ...texts, enclosures: [...own, ...there.filter(isNeeded)] };
}

/** The message as the device made it, with header fields that it did not have. */
async function* unchanged(fields: readonly Field[], mime: Uint8Array): AsyncIterable<Uint8Array> {
  const { body } = await splitHead(once(mime), longestHead);
  yield toHead(fields);
  yield* body;
}
