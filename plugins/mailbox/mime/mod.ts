// Reads messages at arrival: everything that listings and phones need, so that nobody parses later.
import type { Attachment, Mail, Want } from "../model.ts";
import { describeAttachments } from "./attachments.ts";
import type { Shown } from "./bodies.ts";
import { sortParts } from "./bodies.ts";
import { readEnvelope } from "./envelope.ts";
import { meetingPart, readMeeting } from "./meeting.ts";
import type { Part } from "./part.ts";
import { readPreview } from "./preview.ts";
import { leaves } from "./structure.ts";
import type { BodyPlaces, FirstRead, ReadBytes, TextPlace } from "./text.ts";
import { assembleText } from "./text.ts";
import { threadTopic } from "./topic.ts";

export { leaves, scanBytes, settle, StructureScanner } from "./structure.ts";
export type { Part, Told } from "./part.ts";
export { readPart } from "./part.ts";
export { sortParts } from "./bodies.ts";
export { meetingPart } from "./meeting.ts";
export { previewSteps } from "./preview.ts";
export type { BodyPlaces, FirstRead, ReadBytes } from "./text.ts";
export { asHtmlBytes, assembleText, cutText, sparing, utf8Length } from "./text.ts";
export { decodeStream, isIdentity } from "./transfer.ts";
export { isReplySubject, threadTopic } from "./topic.ts";

/** What a message says of itself; conversation and texts are kept apart. */
export type MailFacts = Omit<Mail, "thread" | "text" | "html">;

/** Where a part lies, for reading it later. */
export interface PartPlace {
  readonly number: string;
  readonly type: string;
  readonly name: string;
  readonly encoding: string;
  readonly start: number;
  readonly end: number;
}

/** Where everything lies in the MIME: what is needed to read parts, and texts beyond the kept ones. */
export interface Places {
  readonly bodies: readonly BodyPlaces[];
  readonly parts: readonly PartPlace[];
}

/** A message as read at arrival. */
export interface ReadMail {
  readonly facts: MailFacts;
  readonly text: Mail["text"];
  readonly html: Mail["html"];
  readonly places: Places;
  /** Why the content could not be read; then the facts are empty ones. */
  readonly problem: string | undefined;
}

/**
 * Reads a message whose structure was scanned, with texts of at most `textLimit` UTF-8 bytes. Never
 * throws because of what a message contains: at worst `problem` says why it cannot be shown. What
 * `read` throws comes through.
 */
export function readMail(
  root: Part,
  size: number,
  textLimit: number,
  read: ReadBytes,
): Promise<ReadMail> {
  return readWanted(root, size, { text: textLimit, html: textLimit }, read);
}

/** What somebody who reads a message knows already. */
interface Known {
  /** How many bytes to read at first; less than all of a text where reading is dear. */
  readonly first?: FirstRead;
  /** See {@link planFor}. */
  readonly plan?: Plan;
}

/** As {@link readMail}, with the texts that are wanted and no more. */
export async function readWanted(
  root: Part,
  size: number,
  want: Want,
  read: ReadBytes,
  known: Known = {},
): Promise<ReadMail> {
  let unreachable: unknown;
  const bytes: ReadBytes = async (start, end) => {
    try {
      return await read(start, end);
    } catch (error) {
      unreachable = error;
      throw error;
    }
  };
  try {
    return await readParts(root, size, want, bytes, known);
  } catch (error) {
    if (unreachable) throw unreachable;
    const problem = `The message cannot be read: ${(error as Error).message}`;
    const places = { bodies: [], parts: leaves(root).map(partPlace) };
    return { facts: noFacts(size), text: undefined, html: undefined, places, problem };
  }
}

async function readParts(
  root: Part,
  size: number,
  want: Want,
  read: ReadBytes,
  { first, plan = planFor(root, want) }: Known,
): Promise<ReadMail> {
  const { shown, bodies, limits } = plan;
  const texts: Record<Form, Mail["text"]> = { text: undefined, html: undefined };
  for (const [form, limit] of limits) {
    texts[form] = await assembleText(bodies, form, limit, read, first);
  }
  const native = has(bodies, "html") ? "html" : "text";
  const html = { content: texts.html?.content, whole: isWhole(bodies, texts.html) };
  // Most have none, and each step that waits costs more than the look.
  const attachments = shown.attachments.length > 0
    ? await describeAttachments(shown, html, read)
    : [];
  const envelope = readEnvelope(root.header);
  const invitation = meetingPart(root);
  const meeting = invitation && await readMeeting(invitation, read);
  const facts: MailFacts = {
    ...envelope,
    threadTopic: threadTopic(envelope.subject),
    contentType: root.type,
    contentTypeParameters: tellingParameters(root),
    size,
    preview: want.preview === false ? "" : await readPreview(bodies, texts, read, first),
    native,
    attachments,
    ...(meeting && { meeting }),
  };
  const places = { bodies, parts: namedPlaces(root, attachments) };
  return { facts, ...texts, places, problem: undefined };
}

type Form = "text" | "html";

/** Which parts of a message are shown as its texts, and how much of them is wanted. */
export interface Plan {
  readonly shown: Shown;
  readonly bodies: readonly BodyPlaces[];
  /** The texts to bring, and how many bytes of each. */
  readonly limits: readonly (readonly [Form, number])[];
}

/** What reading a message will need of it. */
export function planFor(root: Part, want: Want): Plan {
  const shown = sortParts(root);
  const bodies = bodyPlaces(shown);
  return { shown, bodies, limits: limitsOf(bodies, want) };
}

function bodyPlaces({ bodies }: Shown): BodyPlaces[] {
  return bodies.map((body) => ({
    text: body.plain.map((part) => textPlace(part, "text")),
    html: body.html.map((part) => textPlace(part, "html")),
  }));
}

function limitsOf(bodies: readonly BodyPlaces[], want: Want): (readonly [Form, number])[] {
  const enough = want.enough === "native" ? (has(bodies, "html") ? "html" : "text") : want.enough;
  const forms: readonly Form[] = enough && has(bodies, enough) ? [enough] : ["text", "html"];
  return forms.flatMap((form) => want[form] === undefined ? [] : [[form, want[form]] as const]);
}

function has(bodies: readonly BodyPlaces[], form: Form): boolean {
  return bodies.some((body) => body[form].length > 0);
}

function isWhole(bodies: readonly BodyPlaces[], html: Mail["html"]): boolean {
  return html ? !html.truncated : !has(bodies, "html");
}

function textPlace(part: Part, kind: TextPlace["kind"]): TextPlace {
  const { start, end, encoding, params } = part;
  const charset = params["charset"];
  const flowed = kind === "text" && /^flowed$/i.test(params["format"]?.trim() ?? "");
  const delsp = /^yes$/i.test(params["delsp"]?.trim() ?? "");
  return {
    kind,
    start,
    end,
    encoding,
    ...(charset ? { charset } : {}),
    ...(flowed ? { flowed: delsp ? "delsp" : "flowed" } : {}),
  };
}

function partPlace({ number, type, name, encoding, start, end }: Part): PartPlace {
  return { number, type, name, encoding, start, end };
}

/** The parts of a message with their names; reads what it needs to name those that have none. */
export async function namedParts(root: Part, read: ReadBytes): Promise<PartPlace[]> {
  const html = { content: undefined, whole: false };
  return namedPlaces(root, await describeAttachments(sortParts(root), html, read));
}

/** Attachments go by the names that their list gives them. */
function namedPlaces(root: Part, attachments: readonly Attachment[]): PartPlace[] {
  const names = new Map(attachments.map(({ part, name }) => [part, name]));
  return leaves(root).map((part) => ({
    ...partPlace(part),
    name: names.get(part.number) ?? part.name,
  }));
}

/** What tells signed mail, reports and invitations apart; no boundary, nothing long. */
function tellingParameters(root: Part): Record<string, string> {
  const telling = Object.entries(root.params).filter(([name, value]) =>
    name !== "boundary" && name.length <= 40 && value.length <= 200
  );
  return Object.fromEntries(telling.slice(0, 20));
}

function noFacts(size: number): MailFacts {
  return {
    subject: "",
    from: [],
    sender: [],
    replyTo: [],
    to: [],
    cc: [],
    bcc: [],
    sent: undefined,
    messageId: undefined,
    inReplyTo: [],
    references: [],
    threadTopic: "",
    importance: "normal",
    contentType: "text/plain",
    contentTypeParameters: {},
    size,
    preview: "",
    native: "text",
    attachments: [],
  };
}
