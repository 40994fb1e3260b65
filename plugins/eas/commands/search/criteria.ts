// The Query of a mailbox search as a query of the mailbox.
import type { ItemClass, Query } from "../../../mailbox/api.ts";
import type { Element } from "../../api.ts";
import { parseKql } from "../../kql/parse.ts";
import { parseDate } from "../../schema/dates.ts";

/** A Query that cannot be carried out; `status` says why. */
export class BadQuery extends Error {
  override name = "BadQuery";
  /** MS-ASCMD 2.2.3.177.13: 2 wrong, 8 too complex. */
  readonly status: 2 | 8;
  constructor(status: BadQuery["status"], message: string) {
    super(message);
    this.status = status;
  }
}

/** What is asked for in one search. */
interface Context {
  readonly now: number;
  /** Subfolders as well. */
  readonly deep: boolean;
}

/** Beyond this nobody asks by hand. */
const mostCriteria = 100;

const nothing: Query = { or: [] };

const classes: Readonly<Record<string, ItemClass | undefined>> = {
  Email: "mail",
  Calendar: "event",
  Contacts: "contact",
  Tasks: "task",
  Notes: "note",
  // Never stored here, and asked for all the same.
  SMS: undefined,
};

/**
 * Reads the Query of a mailbox search; without Class it is for mail, without CollectionId, or with 0
 * in it, for all folders. Throws {@link BadQuery}.
 */
// MS-ASCMD 2.2.3.142.2
export function readCriteria(query: Element, context: Context): Query {
  if (count(query) > mostCriteria) throw new BadQuery(8, "too many criteria");
  // Some put their text straight into the Query, as a search for people does.
  const parts = query.children.length > 0
    ? allOf(query, context)
    : freeText(query.text, context.now);
  if (!parts) throw new BadQuery(2, "a search for nothing");
  return { and: [parts, ...(says(query, "AirSync:Class") ? [] : [{ class: "mail" } as const])] };
}

const count = (element: Element): number =>
  element.children.reduce((sum, child) => sum + count(child), 1);

const says = (element: Element, tag: Element["tag"]): boolean =>
  element.tag === tag || element.children.some((child) => says(child, tag));

/** All criteria hold; of several classes, and of several folders, one does. */
function allOf(element: Element, context: Context): Query | undefined {
  const parts = element.children
    .filter(({ tag }) => tag !== "AirSync:Class" && tag !== "AirSync:CollectionId")
    .map((child) => criterion(child, context));
  const one = (tag: Element["tag"]) => {
    const choices = element.all(tag).map((child) => criterion(child, context));
    return choices.length === 0 ? undefined : { or: choices.filter((each) => each !== undefined) };
  };
  const all = [one("AirSync:CollectionId"), one("AirSync:Class"), ...parts]
    .filter((part) => part !== undefined);
  return all.length > 0 ? { and: all } : undefined;
}

function anyOf(element: Element, context: Context): Query | undefined {
  const parts = element.children.map((child) => criterion(child, context))
    .filter((part) => part !== undefined);
  return parts.length > 0 ? { or: parts } : undefined;
}

function criterion(element: Element, context: Context): Query | undefined {
  switch (element.tag) {
    case "Search:And":
      return allOf(element, context);
    case "Search:Or":
      return anyOf(element, context);
    case "Search:FreeText":
      return freeText(element.text, context.now);
    case "AirSync:Class":
      return classOf(element.text.trim());
    case "AirSync:CollectionId":
      return folderOf(element.text.trim(), context.deep);
    case "Search:ConversationId":
      return { thread: Array.from(element.bytes, hex).join("") };
    case "Search:GreaterThan":
      return { received: { since: dateOf(element) + 1 } };
    case "Search:LessThan":
      return { received: { until: dateOf(element) } };
  }
  throw new BadQuery(8, `${element.tag} in the search of a mailbox`);
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");

/** A text without any word finds nothing; an empty one is none. */
export function freeText(text: string, now: number): Query | undefined {
  if (text.trim() === "") return undefined;
  return parseKql(text, now) ?? nothing;
}

/** Items of a class. Throws {@link BadQuery} for a name that is none. */
export function classOf(name: string): Query {
  if (!Object.hasOwn(classes, name)) throw new BadQuery(2, `class ${name}`);
  const found = classes[name];
  return found === undefined ? nothing : { class: found };
}

/** Outlook for phones says 0 where it means all folders. */
export function folderOf(id: string, deep: boolean): Query {
  return id === "0" || id === "" ? { and: [] } : { folder: id, below: deep };
}

// MS-ASCMD 2.2.3.78, 2.2.3.97
function dateOf(element: Element): number {
  const value = element.child("Email:DateReceived") && element.textOf("Search:Value");
  const date = value === undefined ? undefined : parseDate(value);
  if (date === undefined) throw new BadQuery(2, "a comparison without a date");
  return date;
}
