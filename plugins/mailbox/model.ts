// The nouns of the mailbox port: folders, items, marks, mail. Protocol-neutral: RFC 5322 and MIME.

/** A folder's id: stable for ever, at most 40 characters of [A-Za-z0-9._-]. */
export type FolderId = string;
/**
 * An item's id: unique in the account, stable while the item stays in its folder, at most 60
 * characters of [A-Za-z0-9._:-]. A move gives a new one.
 */
export type ItemId = string;
/** A place in a folder's (or the hierarchy's) history; only its backend reads it. */
export type Cursor = string;

/** What a folder holds. */
export type ItemClass = "mail" | "event" | "contact" | "task" | "note";

/** What a special folder is for (RFC 6154 names, and the inbox). */
export type Role = "inbox" | "drafts" | "sent" | "trash" | "junk" | "archive" | "outbox";

export interface Folder {
  readonly id: FolderId;
  /** undefined: at the top. */
  readonly parent: FolderId | undefined;
  readonly name: string;
  readonly class: ItemClass;
  readonly role: Role | undefined;
}

/** A folder as it is now, or its end (`folder` undefined). */
export interface FolderChange {
  readonly id: FolderId;
  readonly folder: Folder | undefined;
}

/** A follow-up flag with its task fields. Times are milliseconds since the epoch. */
export interface Flag {
  readonly status: "active" | "complete";
  /** The words that the client shows, for example "Follow up". */
  readonly type?: string;
  readonly subject?: string;
  readonly start?: number;
  readonly utcStart?: number;
  readonly due?: number;
  readonly utcDue?: number;
  readonly reminder?: number;
  readonly completed?: number;
  /** When the task itself was finished, where the client tells it apart. */
  readonly dateCompleted?: number;
  readonly ordinal?: number;
  readonly subOrdinal?: string;
}

/** What can change on a mail without changing its content. */
export interface Marks {
  readonly read: boolean;
  readonly flag: Flag | undefined;
  readonly answered: boolean;
  readonly forwarded: boolean;
  readonly draft: boolean;
  /** Keywords or categories, in the user's words, without order or repetition. */
  readonly keywords: readonly string[];
  /** The last thing done with it (reply, reply to all, forward) and when. */
  readonly verb?: { readonly kind: "reply" | "replyAll" | "forward"; readonly at: number };
}

/** An item as listings know it: cheap to get for many. */
export interface ItemState {
  readonly id: ItemId;
  /** When it arrived (mail), in milliseconds: what time windows are measured by. */
  readonly date: number;
  /** Changes whenever the content does; never because of marks. */
  readonly revision: string;
  readonly marks: Marks;
  /** Its conversation (`Mail.thread`), where the backend knows conversations. */
  readonly thread?: string;
}

/** An item as it is now, or its end (`state` undefined). */
export interface ItemChange {
  readonly id: ItemId;
  readonly state: ItemState | undefined;
  /** Of an item that is gone: its conversation, where that is still known. */
  readonly thread?: string;
}

/** An RFC 5322 mailbox; `name` is decoded and may be empty. */
export interface Address {
  readonly name: string;
  readonly address: string;
}

/** A MIME part that a person would call an attachment, or an inline picture. */
export interface Attachment {
  /** The part's number (RFC 3501 section syntax, for example `2` or `1.3`). */
  readonly part: string;
  readonly name: string;
  /** `type/subtype`, lower case. */
  readonly type: string;
  /** Decoded size in bytes; an estimate within 3 %, or two bytes, is allowed. */
  readonly size: number;
  /** Without angle brackets. */
  readonly contentId: string | undefined;
  readonly contentLocation: string | undefined;
  /** Referred to by the HTML body, or marked inline with a content id. */
  readonly inline: boolean;
  /** An embedded message (message/rfc822). */
  readonly embedded: boolean;
}

/**
 * A text of a mail, decoded to well-formed Unicode without control characters (as XML 1.0 has it),
 * line ends CRLF; cut where fewer bytes were wanted, but in no character and no CRLF.
 */
export interface Text {
  readonly content: string;
  /** Size of the whole text in UTF-8 bytes. */
  readonly size: number;
  readonly truncated: boolean;
}

/** A scheduling message in a mail (RFC 5546, RFC 6047). */
export interface Meeting {
  /** The part that it is, as in {@link Attachment}. */
  readonly part: string;
  /** What is to be done with it, lower case: `request`, `cancel`, `reply` … */
  readonly method: string;
  /** What is answered, where it is an answer. */
  readonly answer?: "accepted" | "declined" | "tentative";
}

/** A mail as read. Absent headers are empty strings, lists or undefined. */
export interface Mail {
  readonly subject: string;
  readonly from: readonly Address[];
  readonly sender: readonly Address[];
  readonly replyTo: readonly Address[];
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  /** The Date header, in milliseconds; undefined where it does not parse. */
  readonly sent: number | undefined;
  /** Without angle brackets. */
  readonly messageId: string | undefined;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** Same for all messages of a conversation in this account: 32 hex digits. */
  readonly thread: string;
  /** The conversation's subject: without Re:, Fwd: and their like. */
  readonly threadTopic: string;
  readonly importance: "low" | "normal" | "high";
  /** Top level `type/subtype` and parameters that matter: how signed mail and reports are told. */
  readonly contentType: string;
  readonly contentTypeParameters: Readonly<Record<string, string>>;
  /** The whole MIME, in bytes. */
  readonly size: number;
  /** The first 255 characters or so as plain text on one line. */
  readonly preview: string;
  /** Which text the sender wrote. */
  readonly native: "text" | "html";
  /** Present where wanted and where the mail has such a part. */
  readonly text: Text | undefined;
  readonly html: Text | undefined;
  readonly attachments: readonly Attachment[];
  /** Absent where the mail is about no meeting. */
  readonly meeting?: Meeting;
}

/** What `read` shall bring of each item. Sizes are UTF-8 bytes; absent: not wanted. */
export interface Want {
  readonly text?: number;
  readonly html?: number;
  /**
   * A hint that saves work: where the mail has this text, the other one is not needed (bringing it
   * does no harm). `native`: the one that the sender wrote.
   */
  readonly enough?: "text" | "html" | "native";
  /** A hint that saves work: `false` where nobody looks at `Mail.preview`, which may then be empty. */
  readonly preview?: boolean;
}

/** An item as read. An item that cannot be read carries `problem` in place of its content. */
export interface Item {
  readonly id: ItemId;
  readonly folder: FolderId;
  readonly state: ItemState;
  readonly mail: Mail | undefined;
  /** Why the content cannot be shown; then the raw bytes are still there as part "". */
  readonly problem: string | undefined;
}

/** The bytes of a part (decoded), or of the whole message. */
export interface PartBytes {
  readonly type: string;
  readonly name: string;
  /** Exact number of bytes of the whole part, where known before reading. */
  readonly size: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Who writes: somebody of this server, somebody outside whom the owner has written to, a stranger. */
export type Audience = "internal" | "known" | "unknown";

/** What one audience is told. */
export interface ReplyText {
  readonly enabled: boolean;
  readonly content: string;
  readonly format: "text" | "html";
}

/** What a mailbox answers by itself while its owner is away. Times are milliseconds. */
export interface AutoReply {
  /** timed: from `start` up to `end`. */
  readonly state: "off" | "on" | "timed";
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly replies: Readonly<Record<Audience, ReplyText>>;
  /** Another one after every change: whoever was answered before it may be answered again. */
  readonly revision: number;
}

/** No marks at all: an unread mail as it arrives. */
export const noMarks: Marks = {
  read: false,
  flag: undefined,
  answered: false,
  forwarded: false,
  draft: false,
  keywords: [],
};
