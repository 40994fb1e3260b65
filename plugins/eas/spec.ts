// What of the protocol's specifications is supported, section by section.

/** A section of a specification, the sections below it included unless they have a row. */
export interface Section {
  /** `MS-ASCMD 2.2.1.21`. */
  readonly section: string;
  readonly title: string;
  readonly support: "yes" | "partial" | "no";
  /** What is missing; empty only where `support` is `yes`. */
  readonly missing?: string;
}

const yes = (section: string, title: string): Section => ({ section, title, support: "yes" });
const partial = (section: string, title: string, missing: string): Section => ({
  section,
  title,
  support: "partial",
  missing,
});
const no = (section: string, title: string, missing: string): Section => ({
  section,
  title,
  support: "no",
  missing,
});

/** All sections that code refers to, and those that somebody could look for in vain. */
export const spec: readonly Section[] = [
  yes("MS-ASHTTP 2.2.1", "Requests: method, query, headers"),
  yes("MS-ASHTTP 2.2.1.1.1.1", "Base64 encoded query, from 12.1 on"),
  yes("MS-ASHTTP 2.2.1.1.1.2", "Plain text query"),
  partial("MS-ASHTTP 2.2.2", "Responses: status codes and headers", "451 and 456/457 are not sent"),
  yes("MS-ASHTTP 2.2.3", "OPTIONS"),
  yes("MS-ASWBXML 2.1", "Compact binary form of documents, all 26 code pages"),
  yes("MS-ASDTYPE 2", "Data types"),
  no("MS-ASCMD 2.2.1.1", "Autodiscover", "comes with its own plugin"),
  partial("MS-ASCMD 2.2.1.2", "Find", "mail and people only; no photos"),
  partial("MS-ASCMD 2.2.1.3", "FolderCreate", "folders of mail only"),
  yes("MS-ASCMD 2.2.1.4", "FolderDelete"),
  yes("MS-ASCMD 2.2.1.5", "FolderSync"),
  yes("MS-ASCMD 2.2.1.6", "FolderUpdate"),
  yes("MS-ASCMD 2.2.1.7", "GetAttachment"),
  yes("MS-ASCMD 2.2.1.8", "GetHierarchy"),
  yes("MS-ASCMD 2.2.1.9", "GetItemEstimate"),
  partial("MS-ASCMD 2.2.1.10", "ItemOperations", "no document library, no rights management"),
  no("MS-ASCMD 2.2.1.11", "MeetingResponse", "comes with the calendar"),
  yes("MS-ASCMD 2.2.1.12", "MoveItems"),
  yes("MS-ASCMD 2.2.1.13", "Ping"),
  yes("MS-ASCMD 2.2.1.14", "Provision"),
  partial(
    "MS-ASCMD 2.2.1.15",
    "ResolveRecipients",
    "asks directories that plugins bring, and none comes along yet; no free times, certificates, pictures",
  ),
  partial("MS-ASCMD 2.2.1.16", "Search", "mail and people only; no photos, no document library"),
  yes("MS-ASCMD 2.2.1.17", "SendMail"),
  partial(
    "MS-ASCMD 2.2.1.18",
    "Settings",
    "recovery passwords are refused until a plugin keeps them",
  ),
  partial("MS-ASCMD 2.2.1.19", "SmartForward", "mail only; no appointments, no rights management"),
  partial("MS-ASCMD 2.2.1.20", "SmartReply", "no rights management"),
  partial("MS-ASCMD 2.2.1.21", "Sync", "mail only; no SMS"),
  partial("MS-ASCMD 2.2.1.22", "ValidateCert", "no authorities: says what is wrong, never yes"),
  yes("MS-ASCMD 2.2.2", "Common status codes"),
  yes("MS-ASCMD 2.2.3", "Elements of the commands that are supported"),
  partial(
    "MS-ASCMD 2.2.3.36",
    "ConversationMode",
    "of one conversation, at most 200 mails older than the filter come along",
  ),
  partial(
    "MS-ASAIRS 2.2.2",
    "Bodies and attachments",
    "no locations",
  ),
  yes("MS-ASAIRS 2.2.2.3", "AllOrNone"),
  yes("MS-ASAIRS 2.2.2.8", "Attachments"),
  partial("MS-ASAIRS 2.2.2.9", "Body", "no RTF: a device that asks for it gets text"),
  yes("MS-ASAIRS 2.2.2.10", "BodyPart: a message without the conversation that it quotes"),
  yes("MS-ASAIRS 2.2.2.11", "BodyPartPreference"),
  yes("MS-ASAIRS 2.2.2.12", "BodyPreference"),
  partial("MS-ASEMAIL 2.2.2", "Mail, in the form of 2.5 too", "no unified messaging, no SMS"),
  yes("MS-ASEMAIL 2.2.2.16", "Categories"),
  partial("MS-ASEMAIL 2.2.2.20", "ContentClass", "as MessageClass"),
  partial(
    "MS-ASEMAIL 2.2.2.22",
    "ConversationIndex",
    "its levels are stable marks of the messages, not differences of time",
  ),
  yes("MS-ASEMAIL 2.2.2.34", "Flag"),
  no(
    "MS-ASEMAIL 2.2.2.48",
    "MeetingRequest",
    "comes with the calendar; until then invitations and cancellations are plain mails, because phones show buttons for them by their class",
  ),
  partial(
    "MS-ASEMAIL 2.2.2.49",
    "MessageClass",
    "no invitations and cancellations, no voice mail, no SMS",
  ),
  yes("MS-ASEMAIL 3", "Changes of mails, by the server and by the device; drafts"),
  no("MS-ASCAL 2", "Calendar", "not yet"),
  no("MS-ASCNTC 2", "Contacts", "not yet"),
  no("MS-ASTASK 2", "Tasks", "not yet"),
  no("MS-ASNOTE 2", "Notes", "not yet"),
  no("MS-ASMS 2", "SMS", "not yet"),
  no("MS-ASDOC 2", "Document library", "optional feature"),
  partial(
    "MS-ASCON 2.2.2",
    "Conversations: told, moved, synced whole, their messages by parts",
    "ConversationIndex as in MS-ASEMAIL 2.2.2.22, ConversationMode as in MS-ASCMD 2.2.3.36",
  ),
  yes("MS-ASCON 3.1.4.9", "Filters by conversation"),
  no("MS-ASRM 2", "Rights management", "told as not available"),
  partial("MS-ASPROV 2.2.2", "Policies and remote wipe", "answers that there is no policy"),
  partial("MS-ASPROV 3", "Provisioning, step by step", "answers that there is no policy"),
];

/** The row that a section falls under: its own, or that of the nearest section above. */
export function sectionOf(reference: string): Section | undefined {
  for (let at = reference; at.includes(" "); at = at.replace(/(\.| )\d+$/, "")) {
    const row = spec.find(({ section }) => section === at);
    if (row) return row;
    if (!/\d$/.test(at)) return undefined;
  }
  return undefined;
}
