// Read, Flag and Categories: what changes on a mail while its content stays.
import type { Flag, Marks } from "../../mailbox/api.ts";
import { atLeast, type Version } from "../versions.ts";
import { el, type Element, type Tag } from "../wbxml/element.ts";
import { extended, parseDate } from "./dates.ts";
import { clean } from "./text.ts";

/** A device's change of an item that cannot be taken: Status 6. */
export class BadItem extends Error {
  override name = "BadItem";
}

/** The `Flag` of an item; an empty one stands for none. */
// MS-ASEMAIL 2.2.2.34
export function flagElement(flag: Flag | undefined): Element {
  if (!flag) return el("Email:Flag");
  const time = (tag: Tag, at: number | undefined) =>
    at === undefined ? undefined : el(tag, extended(at));
  const complete = flag.status === "complete";
  const finished = flag.completed ?? flag.dateCompleted;
  return el(
    "Email:Flag",
    flag.subject ? el("Tasks:Subject", clean(flag.subject)) : undefined,
    el("Email:Status", complete ? 1 : 2),
    el("Email:FlagType", clean(flag.type ?? "") || "Flag for follow up"),
    complete ? time("Tasks:DateCompleted", flag.dateCompleted ?? finished) : undefined,
    complete ? time("Email:CompleteTime", finished) : undefined,
    time("Tasks:StartDate", flag.start),
    time("Tasks:DueDate", flag.due),
    time("Tasks:UtcStartDate", flag.utcStart),
    time("Tasks:UtcDueDate", flag.utcDue),
    flag.reminder === undefined ? undefined : el("Tasks:ReminderSet", true),
    time("Tasks:ReminderTime", flag.reminder),
    time("Tasks:OrdinalDate", flag.ordinal),
    flag.subOrdinal ? el("Tasks:SubOrdinalDate", clean(flag.subOrdinal)) : undefined,
  );
}

/** The `Categories` of an item, also where there is none: an item without them would keep old ones. */
// MS-ASEMAIL 2.2.2.16
export function categoriesElement(keywords: readonly string[]): Element {
  const names = [...new Set(keywords.map((keyword) => clean(keyword).trim()))].filter(Boolean);
  return el(
    "Email:Categories",
    ...names.slice(0, 300).map((name) => el("Email:Category", name.slice(0, 255))),
  );
}

/**
 * A short text that stands for an item's state on a device: equal means nothing to tell. The state
 * engine keeps it, and {@link changeSince} reads it.
 */
export function fingerprint(revision: string, marks: Marks): string {
  const other = [marks.answered, marks.forwarded, marks.draft, marks.verb?.kind, marks.verb?.at];
  return [
    hash(revision),
    marks.read ? "1" : "0",
    marks.flag ? hash(sorted(marks.flag)) : "",
    marks.keywords.length > 0 ? hash([...marks.keywords].sort().join("\n")) : "",
    other.some(Boolean) ? hash(other.join()) : "",
  ].join(".");
}

/** FNV-1a over UTF-16 units, 53 bits: short, fast, and a collision only hides one change. */
function hash(text: string): string {
  let low = 0x811c9dc5, high = 0x1000193;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b) ^ (low >>> 13);
  }
  return ((high >>> 0 & 0x1fffff) * 0x1_0000_0000 + (low >>> 0)).toString(36);
}

const sorted = (flag: Flag) => Object.entries(flag).sort(([a], [b]) => (a < b ? -1 : 1)).join();

/**
 * What a device with the state `has` must be told: `same`: nothing. `item`: the whole item. Elements:
 * just the marks that changed, as the protocol wants it where nothing else did.
 */
// MS-ASEMAIL 3.2.5.4
export function changeSince(
  has: string,
  revision: string,
  marks: Marks,
  version: Version,
): "same" | "item" | Element[] {
  const now = fingerprint(revision, marks);
  if (has === now) return "same";
  const [content, read, flag, categories, other] = has.split(".");
  const [newContent, newRead, newFlag, newCategories, newOther] = now.split(".");
  if (content !== newContent || other === undefined) return "item";
  // Up to 12.1 nothing shows whether a mail was answered: nobody is woken for that.
  if (other !== newOther && atLeast(version, "14.0")) return "item";
  const changed = [
    read === newRead ? undefined : el("Email:Read", marks.read),
    flag === newFlag || !atLeast(version, "12.0") ? undefined : changedFlag(marks.flag),
    categories === newCategories || !atLeast(version, "14.0")
      ? undefined
      : categoriesElement(marks.keywords),
  ].filter((element) => element !== undefined);
  return changed.length === 0 ? "same" : changed;
}

// HTC's mail and others do not take an empty Flag in a change for an end of it.
const changedFlag = (flag: Flag | undefined) =>
  flag ? flagElement(flag) : el("Email:Flag", el("Email:Status", 0));

/** Where each mark that devices change has its place in a fingerprint. */
const places = { read: 1, flag: 2, keywords: 3 } as const;

const placesOf = (set: Partial<Marks>) =>
  Object.entries(places).filter(([mark]) => mark in set).map(([, place]) => place);

/** Whether two states differ in any of the marks that `set` names. */
export function differIn(has: string, other: string, set: Partial<Marks>): boolean {
  const [a, b] = [has.split("."), other.split(".")];
  return placesOf(set).some((place) => a[place] !== b[place] && a[place] !== doubt);
}

/** In place of a part of a fingerprint: nobody knows what the device has there. Equals nothing. */
const doubt = "?";

/** A state of which a device may have either of two: where they differ it will be told again. */
export function doubted(has: string, other: string): string {
  const [a, b] = [has.split("."), other.split(".")];
  return a.map((part, place) => part === b[place] ? part : doubt).join(".");
}

/**
 * What a device has after it set marks itself: those as they are `now`. The others stay as they were,
 * so that what somebody else changed at the same time is still told.
 */
export function afterOwn(has: string, now: string, set: Partial<Marks>): string {
  const [parts, newest] = [has.split("."), now.split(".")];
  for (const place of placesOf(set)) parts[place] = newest[place]!;
  return parts.join(".");
}

/** Whether the contents of two states differ, or what can only be told with the content. */
export function contentDiffers(has: string, other: string): boolean {
  const [a, b] = [has.split(".")[0], other.split(".")[0]];
  return a !== b && a !== doubt;
}

/** What a device has after it replaced the content itself, and set marks with it. */
export function afterReplacing(has: string, now: string, set: Partial<Marks>): string {
  const [, ...marks] = afterOwn(has, now, set).split(".");
  return [now.split(".")[0], ...marks].join(".");
}

/** A state whose content the device does not have as it is: it will be told whole. */
export function untold(has: string): string {
  const [, ...marks] = has.split(".");
  return [doubt, ...marks].join(".");
}

/** Like {@link changeSince}, from one set of marks to another of the same content. */
export function markFields(before: Marks, after: Marks, version: Version): Element[] | "item" {
  const change = changeSince(fingerprint("", before), "", after, version);
  return change === "same" ? [] : change;
}

/**
 * What a device's Change sets: only Read, Flag and Categories may be changed on a mail that is no
 * draft. Throws {@link BadItem}.
 */
// MS-ASEMAIL 3.1.5.4
export function readMarks(applicationData: Element | undefined): Partial<Marks> {
  const marks: { -readonly [K in keyof Marks]?: Marks[K] } = {};
  for (const element of applicationData?.children ?? []) {
    switch (element.tag) {
      case "Email:Read":
        marks.read = bit(element);
        break;
      case "Email:Flag":
        marks.flag = readFlag(element);
        break;
      case "Email:Categories":
        marks.keywords = readCategories(element);
        break;
      default:
        throw new BadItem(`Cannot change a mail: ${element.tag} cannot be changed`);
    }
  }
  return marks;
}

function bit(element: Element): boolean {
  const text = element.text.trim();
  if (text === "1" || text === "") return true;
  if (text === "0") return false;
  throw new BadItem(`Cannot change a mail: ${element.tag} is neither 0 nor 1`);
}

function readCategories(element: Element): string[] {
  const names = element.all("Email:Category").map(({ text }) => text.trim()).filter(Boolean);
  if (names.length > 300) throw new BadItem("Cannot change a mail: more than 300 categories");
  return [...new Set(names)];
}

// MS-ASEMAIL 3.2.5.4.2
function readFlag(element: Element): Flag | undefined {
  // Some clients clear the flag by an empty element, others by Status 0.
  if (element.children.length === 0) return undefined;
  const status = element.textOf("Email:Status")?.trim();
  if (status === "0") return undefined;
  if (status !== "1" && status !== "2") {
    throw new BadItem("Cannot change a mail: the Status of its Flag is none of 0, 1 and 2");
  }
  const reminds = element.child("Tasks:ReminderSet");
  return {
    status: status === "1" ? "complete" : "active",
    ...text(element, "Email:FlagType", "type"),
    ...text(element, "Tasks:Subject", "subject"),
    ...time(element, "Tasks:StartDate", "start"),
    ...time(element, "Tasks:UtcStartDate", "utcStart"),
    ...time(element, "Tasks:DueDate", "due"),
    ...time(element, "Tasks:UtcDueDate", "utcDue"),
    ...(reminds && bit(reminds) ? time(element, "Tasks:ReminderTime", "reminder") : {}),
    ...time(element, "Email:CompleteTime", "completed"),
    ...time(element, "Tasks:DateCompleted", "dateCompleted"),
    ...time(element, "Tasks:OrdinalDate", "ordinal"),
    ...text(element, "Tasks:SubOrdinalDate", "subOrdinal"),
  };
}

function text<K extends keyof Flag>(element: Element, tag: Tag, key: K): { [P in K]?: string } {
  const value = element.textOf(tag)?.trim();
  return (value ? { [key]: value } : {}) as { [P in K]?: string };
}

function time<K extends keyof Flag>(element: Element, tag: Tag, key: K): { [P in K]?: number } {
  const value = element.textOf(tag);
  // An empty date means none to the clients that send it.
  if (!value?.trim()) return {};
  const at = parseDate(value);
  if (at === undefined) throw new BadItem(`Cannot change a mail: ${tag} is not a date`);
  return { [key]: at } as { [P in K]?: number };
}
