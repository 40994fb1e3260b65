// What a mail server may tell otherwise of a message than the message itself, and why.
import { Buffer, isUtf8 } from "node:buffer";
import { isIdentity, leaves, type Part } from "../../plugins/mailbox/mime/mod.ts";
import { decodeTransfer } from "../../plugins/mailbox/mime/transfer.ts";
import type { Attachment, Mail } from "../../plugins/mailbox/model.ts";

/** Hears of each thing that was allowed, or seen. */
export type Note = (what: string) => void;

/** A part as the message has it. */
export interface Known {
  readonly part: Part;
  /** The header of the part as it is, in Latin-1, and its body. */
  readonly header: string;
  readonly body: string;
}

/** Parts by their numbers. */
export function knownParts(root: Part, bytes: Uint8Array): Map<string, Known> {
  const text = Buffer.from(bytes).toString("latin1");
  return new Map(
    leaves(root).map((part) => {
      const before = text.slice(0, part.start).replace(/(\r\n){0,2}$/, "");
      // From the delimiter, or the end of the header outside of it.
      const header = before.slice(
        Math.max(before.lastIndexOf("\r\n\r\n"), before.lastIndexOf("\r\n--")) + 2,
      );
      return [part.number, { part, header, body: text.slice(part.start, part.end) }];
    }),
  );
}

/** A text that names no charset and is UTF-8 at most in its beginning. */
export function isGuessed({ part, body }: Known): boolean {
  const known = /^(?!us-ascii|utf-?8|x-unknown)./i.test(part.params["charset"] ?? "");
  const bytes = decodeTransfer(part.encoding, Buffer.from(body, "latin1"));
  return part.type.startsWith("text/") && !known && !isUtf8(bytes);
}

type Reasons = readonly (readonly [string, (one: Known) => boolean])[];

/** Why a name may be told otherwise. */
const otherNames: Reasons = [
  // The server reads the first word, as the grammar has it, and does not tell the others.
  [
    "a name with blanks that is not quoted",
    ({ header }) => /name=[^"\s;]+[ \t]+[^\s;]/.test(header),
  ],
  // RFC 5322 3.6: there is one. ENVELOPE has the last one.
  [
    "the name of a message with two subjects",
    ({ part, body }) => part.type === "message/rfc822" && /\bSubject:[^]*\r\nSubject:/.test(body),
  ],
  // RFC 2046 5.2.1: it must not be. To the server it has no header.
  [
    "the name of a message that is encoded",
    ({ part }) => part.type === "message/rfc822" && !isIdentity(part.encoding),
  ],
];

/** Why a size may be told otherwise, without reading all of a part. */
const otherSizes: Reasons = [
  [
    "the size of quoted-printable and uuencoded data",
    ({ part }) => /quoted|uu/.test(part.encoding),
  ],
  [
    "the size of base64 that is not in lines of 76 characters",
    ({ part, body }) =>
      part.encoding === "base64" && !/^([\w+/]{76}\r\n)*[\w+/]{0,76}={0,2}$/.test(body),
  ],
];

/** Why the name of a part may be told otherwise. */
export const reasonForName = (known: Known) => reasonIn(otherNames, known);

const reasonIn = (reasons: Reasons, known: Known): string | undefined =>
  reasons.find(([, applies]) => applies(known))?.[0];

/** What is told of attachments, made as it is where it may be told otherwise. */
export function allowed(
  mail: Mail,
  own: Mail,
  parts: ReadonlyMap<string, Known>,
  note: Note,
): Attachment[] {
  return mail.attachments.map((told, at) => {
    const mine = own.attachments[at];
    const known = parts.get(told.part);
    if (!mine || !known) return told;
    let { name, size } = told;
    if (name !== mine.name) {
      const reason = reasonIn(otherNames, known);
      if (reason) [name] = [mine.name, note(reason)];
    }
    if (size !== mine.size) {
      const near = Math.abs(size - mine.size) <= Math.max(2, mine.size * 0.03);
      const reason = near ? "a size as good as told" : reasonIn(otherSizes, known);
      if (reason && (near || size <= known.body.length)) [size] = [mine.size, note(reason)];
    }
    let { inline } = told;
    // A picture that belongs to a text may be spoken of where the text was not read.
    if (inline !== mine.inline && known.part.contentId && mail.html?.truncated !== false) {
      [inline] = [
        mine.inline,
        note("whether an attachment is inline, where its text was not read"),
      ];
    }
    return { ...told, name, size, inline };
  });
}

/** To the server it has an empty part, to us it is the text that it is. */
const emptyInside = (root: Part) => leaves(root).some((part) => part !== root && isMultipart(part));

/**
 * Whether a server found other parts than we do; then it is said why it may, or (`undefined`) nobody
 * knows.
 */
export function otherParts(own: Part, told: Part): { readonly reason: string | undefined } | false {
  const [ours, theirs] = [shape(own), shape(told)];
  const alike = ours.length === theirs.length &&
    ours.every(({ part, length, slack }, at) =>
      part === theirs[at]!.part && Math.abs(length - theirs[at]!.length) <= slack
    );
  if (alike) return false;
  return { reason: emptyInside(own) ? "a multipart without parts in another one" : undefined };
}

/** The parts of a message, to be compared. */
export const shape = (root: Part) =>
  leaves(root).map((part) => {
    const { number, type, encoding, start, end } = part;
    // Of a multipart without parts the server counts nothing.
    const unknown = part === root && isMultipart(root);
    // Dovecot counts the line end behind the end of a multipart that is all of a message.
    const slack = type === "message/rfc822" ? 2 : 0;
    const length = unknown ? 0 : end - start;
    return { part: `${number} ${type} ${isIdentity(encoding) ? "" : encoding}`, length, slack };
  });

/** What its header says it is, whatever it has turned out to be. */
export const isMultipart = ({ header }: Part) =>
  /^\s*multipart/i.test(header.get("content-type") ?? "");
