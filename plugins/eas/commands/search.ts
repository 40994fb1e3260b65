// Search: mail by the full-text index, people by the directories. It reads and never writes.
import type { Host } from "../../../core/mod.ts";
import { type Item, type Mailbox, NotFound, type Searches } from "../../mailbox/api.ts";
import {
  type Command,
  type DirectoryEntry,
  type EasCall,
  el,
  type Element,
  Flow,
  itemFailed,
} from "../api.ts";
import { wantedOf } from "../schema/body.ts";
import { mailItem } from "../schema/mail_item.ts";
import type { ItemOptions } from "../schema/options.ts";
import { findPeople, personFields } from "./search/gal.ts";
import { type Range, rangeText } from "./search/range.ts";
import { type Asked, read } from "./search/read.ts";

// MS-ASCMD 2.2.3.177.13
const ok = 1, serverError = 3, connectionFailed = 7, folderSyncFirst = 11, pastEnd = 12;

/** What the store answers: a status, or all that is in it, made while it is written. */
type Outcome = { readonly status: number } | { readonly content: AsyncIterable<Element> };

/** What was found, and how each of it is told. */
interface Found<T> {
  readonly status: number;
  readonly found: AsyncIterable<T> | readonly T[];
  readonly result: (one: T) => Element;
  readonly range: Range;
  readonly total: number;
}

// MS-ASCMD 2.2.1.16
export function search(host: Host): Command<Asked, Outcome> {
  return {
    name: "Search",
    root: "Search:Search",
    read,
    async run(asked, call) {
      if (asked.store === "failed") return asked;
      return asked.store === "mailbox"
        ? await searchMailbox(asked, call, host)
        : await searchPeople(asked, call, host);
    },
    write,
  };
}

async function searchPeople(
  { text, range, picture }: Extract<Asked, { store: "people" }>,
  call: EasCall,
  host: Host,
): Promise<Outcome> {
  const people = await findPeople(host, text, range, call);
  if ("failed" in people) {
    return { status: people.failed === "unreachable" ? connectionFailed : serverError };
  }
  const { found, total } = people;
  const result = (person: DirectoryEntry) =>
    el("Search:Result", el("Search:Properties", ...personFields(person, picture)));
  const status = statusOf(found.length, total);
  return { content: storeContent({ status, found, result, range, total }) };
}

async function searchMailbox(
  { query, range, options }: Extract<Asked, { store: "mailbox" }>,
  call: EasCall,
  host: Host,
): Promise<Outcome> {
  const { mailbox, log } = call;
  if (!isSearchable(mailbox)) return { status: serverError };
  try {
    const page = { offset: range.from, limit: range.to - range.from + 1 };
    const { items, total, complete } = await mailbox.search(query, page);
    if (!complete) log.info({}, "a search went over an index that is not complete yet");
    const found = mailbox.read(items, wantedOf(options));
    const result = (item: Item) => mailResult(item, options, call, host);
    const status = statusOf(items.length, total);
    return { content: storeContent({ status, found, result, range, total }) };
  } catch (error) {
    if (error instanceof NotFound) return { status: folderSyncFirst };
    throw error;
  }
}

/** Whether a mailbox can be searched; not every backend can. */
export function isSearchable(mailbox: Mailbox): mailbox is Mailbox & Searches {
  return "search" in mailbox;
}

/** The end of what there is was passed: no error, only nothing more. */
const statusOf = (results: number, total: number) => results === 0 && total > 0 ? pastEnd : ok;

/** One mail: found again by its LongId alone, in ItemOperations and SmartReply. */
// MS-ASCMD 2.2.3.98.3
function mailResult(item: Item, options: ItemOptions, call: EasCall, host: Host): Element {
  const { fields, problem } = mailItem(item, options, call);
  if (problem !== undefined) {
    const { account, device } = call;
    void host.emit(itemFailed, { account, device, item: item.id, reason: problem });
  }
  return el(
    "Search:Result",
    el("AirSync:Class", "Email"),
    el("Search:LongId", item.id),
    el("AirSync:CollectionId", item.folder),
    el("Search:Properties", ...fields),
  );
}

function write(outcome: Outcome): Element {
  const store = "content" in outcome
    ? el("Search:Store", new Flow(outcome.content))
    : el("Search:Store", el("Search:Status", outcome.status));
  return el("Search:Search", el("Search:Status", ok), el("Search:Response", store));
}

/** Range and Total are always told: Android shows nothing without them. */
async function* storeContent<T>(
  { status, found, result, range, total }: Found<T>,
): AsyncIterable<Element> {
  yield el("Search:Status", status);
  let count = 0;
  for await (const one of found) {
    count++;
    yield result(one);
  }
  if (count === 0) yield el("Search:Result");
  yield el("Search:Range", rangeText(range, count));
  yield el("Search:Total", total);
}
