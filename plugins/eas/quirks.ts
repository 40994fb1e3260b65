// What single clients do that others do not, and what is done about it: one row each. Where the remedy
// is good for all, nobody is told apart; the row says so, and its conversation holds it in place.
import { clients, type Recognise, type Traits } from "./clients.ts";

export type { Traits } from "./clients.ts";

export interface Quirk {
  /** Which clients, in words. */
  readonly client: string;
  readonly recognise: Recognise;
  /** What it does. */
  readonly behaviour: string;
  /** What is done about it. */
  readonly remedy: string;
  /** Who gets the remedy: only those recognised, or everybody. */
  readonly for: "them" | "all";
  /** Who has seen it. */
  readonly source: string;
  /** The conversation in `tests/wire` that shows it, without `.txt`. */
  readonly conversation: string;
}

/** All of them, by the name that the code asks for. */
export const quirks = {
  losesAnswers: {
    client: "all, on bad links",
    recognise: clients.anybody,
    behaviour: "repeats a request whose answer was lost",
    remedy: "the lost answer is given again; nothing comes twice",
    for: "all",
    source: "SOGo #2982 #3058 #2849; Z-Push lib/core/statemanager; Horde State/Base",
    conversation: "sync_lost",
  },
  doesNotGetOn: {
    client: "all, with a mail that crashes them",
    recognise: clients.anybody,
    behaviour: "asks for the same answer again and again",
    remedy: "it gets less of it, then the mail alone, then a stub with the mail attached",
    for: "all",
    source: "Z-Push ZP-5 ZP-1077",
    conversation: "sync_loop",
  },
  asksForAnyWindow: {
    client: "all",
    recognise: clients.anybody,
    behaviour: "asks for windows of 0 or beyond 512",
    remedy: "both mean 512",
    for: "all",
    source: "Z-Push sync.php; Horde #12443",
    conversation: "quirk_window_size",
  },
  movesItsFilter: {
    client: "all",
    recognise: clients.anybody,
    behaviour: "changes how far back it wants mail without starting over",
    remedy: "the difference comes as Add and SoftDelete",
    for: "all",
    source: "SOGo #3543; Horde #13182 #13781",
    conversation: "sync_filter",
  },
  readsTwoPlaces: {
    client: "Windows phones",
    recognise: clients.windowsPhone,
    behaviour: "finds MoreAvailable before Commands only; fails on empty Responses",
    remedy: "the order is fixed; empty elements are never sent",
    for: "all",
    source: "SOGo; Z-Push; Horde",
    conversation: "quirk_windows_order",
  },
  spinsOnEmptyCollections: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "crashes or spins on a Sync answer with empty Collections",
    remedy: "either a whole body or none",
    for: "all",
    source: "SOGo Dispatcher+Sync; tine20 #4198",
    conversation: "quirk_ios_empty_sync",
  },
  overlooksStatus3: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "does not notice Status 3 for a folder that is gone",
    remedy: "Status 12 for that folder alone: it looks at the hierarchy",
    for: "all",
    source: "Horde Request/Sync.php",
    conversation: "quirk_ios_vanished_folder",
  },
  pingsTooEarly: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "waits for folders that it has not synced yet",
    remedy: "they are passed over; the Ping holds",
    for: "all",
    source: "Horde Request/Ping.php",
    conversation: "quirk_ios_ping_first",
  },
  startsTwice: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "begins a folder a second time within moments",
    remedy: "both starts get the same key",
    for: "all",
    source: "Z-Push PR #186",
    conversation: "quirk_ios_second_start",
  },
  failsOnRange: {
    client: "iOS 10",
    recognise: clients.apple,
    behaviour: "cannot open an attachment with a Range that it did not ask for",
    remedy: "Range is told where it was asked for",
    for: "all",
    source: "SOGo Dispatcher.m",
    conversation: "quirk_ios_attachment_range",
  },
  fetchesByLongId: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "fetches what it found by LongId alone, and searches with MIMESupport",
    remedy: "a LongId is enough; Search takes the options of bodies",
    for: "all",
    source: "SOGo Dispatcher.m; Horde #11900",
    conversation: "quirk_ios_search",
  },
  previewsText: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "shows the beginning of a cut text in its list",
    remedy: "addresses of links and pictures are left out of it",
    for: "all",
    source: "Z-Push ZP-1025",
    conversation: "quirk_ios_preview",
  },
  datesBySync: {
    client: "iOS",
    recognise: clients.apple,
    behaviour: "shows the time of the Sync for mail without DateReceived",
    remedy: "DateReceived is always sent",
    for: "all",
    source: "grommunio-sync mapiprovider",
    conversation: "quirk_ios_undated",
  },
  validates: {
    client: "Android",
    recognise: clients.android,
    behaviour: "checks the account under the DeviceId `validate`",
    remedy: "it is answered and never stored",
    for: "all",
    source: "Z-Push foldersync.php; Horde Request/Base",
    conversation: "quirk_android_validate",
  },
  givesUpEarly: {
    client: "Android, Samsung, unknown clients",
    recognise: clients.android,
    behaviour: "gives up a request without an answer after 30 s (Samsung: 90 s)",
    remedy: "a search ends after 20 s with what there is and MoreAvailable",
    for: "all",
    source: "Z-Push config; AOSP Exchange",
    conversation: "quirk_android_patience",
  },
  waitsForNothing: {
    client: "Android",
    recognise: clients.android,
    behaviour: "waits for its Outbox, or for no folder at all",
    remedy: "it is answered: nothing changed, or Status 4",
    for: "all",
    source: "Z-Push ZP-172 ZP-362",
    conversation: "quirk_android_outbox",
  },
  searchesEverywhere: {
    client: "Android",
    recognise: clients.android,
    behaviour: "searches without a folder or a Range; needs Range and Total",
    remedy: "all folders, the first hundred; both are always told",
    for: "all",
    source: "Z-Push search.php; SOGo Dispatcher.m",
    conversation: "quirk_android_search",
  },
  opensBySize: {
    client: "Android, Windows Phone",
    recognise: clients.android,
    behaviour: "opens attachments only with a size, mails in mails only as .eml",
    remedy: "every attachment has its size and its ending",
    for: "all",
    source: "grommunio-sync mapiprovider",
    conversation: "quirk_android_attachments",
  },
  checksSignatures: {
    client: "Android, BlackBerry",
    recognise: clients.android,
    behaviour: "needs the whole MIME of signed mail",
    remedy: "S/MIME comes as MIME to whoever takes MIME at all",
    for: "all",
    source: "Z-Push ZP-1154",
    conversation: "quirk_android_signed",
  },
  writesLooseDates: {
    client: "Android",
    recognise: clients.android,
    behaviour: "writes dates with and without milliseconds and separators",
    remedy: "all forms are read",
    for: "all",
    source: "SOGo #2609",
    conversation: "quirk_android_dates",
  },
  writesBareMail: {
    client: "HTC and others",
    recognise: clients.htc,
    behaviour: "sends mail without From or Date, and semicolons between addresses",
    remedy: "From and Date are added; both separators count",
    for: "all",
    source: "grommunio-sync; Horde #13784",
    conversation: "quirk_android_send",
  },
  emptiesFlags: {
    client: "HTC",
    recognise: clients.htc,
    behaviour: "takes a flag away by an empty Flag",
    remedy: "an empty Flag is no flag",
    for: "all",
    source: "SOGo #2806; Z-Push mapiprovider",
    conversation: "quirk_htc_flag",
  },
  mixesLineEnds: {
    client: "Nine",
    recognise: clients.nine,
    behaviour: "mixes CRLF and LF in the head of a message",
    remedy: "either ends a line",
    for: "all",
    source: "Horde Rfc822.php",
    conversation: "quirk_nine_line_ends",
  },
  keepsMovedItems: {
    client: "Outlook for Windows, 2013 and later",
    recognise: ({ type }) => type === "WindowsOutlook15",
    behaviour: "keeps the mail that it moved under the new id, and shows it twice after an Add",
    remedy: "the Sync of the destination does not add what the device itself moved there",
    for: "them",
    source: "SOGo #2650; Horde ActiveSync State/Base",
    conversation: "quirk_outlook_move",
  },
  readsTnef: {
    client: "Outlook for Windows",
    recognise: clients.outlookForWindows,
    behaviour: "reads TNEF itself",
    remedy: "winmail.dat goes along as it is",
    for: "all",
    source: "Horde Device.php",
    conversation: "quirk_outlook_winmail",
  },
  searchesFolderZero: {
    client: "Outlook for phones",
    recognise: clients.outlookForPhones,
    behaviour: "searches in CollectionId 0",
    remedy: "that means everywhere",
    for: "all",
    source: "SOGo Dispatcher.m",
    conversation: "quirk_outlook_mobile_search",
  },
  wantsNoPolicy: {
    client: "TbSync",
    recognise: clients.tbSync,
    behaviour: "goes on without a policy only after Status 2",
    remedy: "Status 2 says that there is none",
    for: "all",
    source: "TbSync #18",
    conversation: "quirk_tbsync_no_policy",
  },
  asksForMore: {
    client: "TbSync",
    recognise: clients.tbSync,
    behaviour: "asks for ever while MoreAvailable is said",
    remedy: "it is said only where the next answer brings something",
    for: "all",
    source: "EAS-4-TbSync sync",
    conversation: "quirk_tbsync_more",
  },
} as const satisfies Readonly<Record<string, Quirk>>;

/** Those that the code has to ask for: their remedy would be wrong for others. */
export type QuirkName = {
  [Name in keyof typeof quirks]: (typeof quirks)[Name]["for"] extends "them" ? Name : never;
}[keyof typeof quirks];

/** Whether a client has a quirk. */
export function hasQuirk(client: Traits, name: QuirkName): boolean {
  return quirks[name].recognise(client);
}
