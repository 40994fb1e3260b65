// Search: mail by the full-text index, people by the directories. It reads and never writes.
import type { Host } from "../../../core/mod.ts";
import { type Found, type Item, type Mailbox, NotFound, type Searches } from "../../mailbox/api.ts";
import { type Command, type EasCall, el, type Element, Flow, itemFailed } from "../api.ts";
import { wantedOf } from "../schema/body.ts";
import { mailItem } from "../schema/mail_item.ts";
import type { ItemOptions } from "../schema/options.ts";
import { findPeople, personFields } from "./search/gal.ts";
import { type Range, rangeText } from "./search/range.ts";
import { type Asked, read } from "./search/read.ts";

// MS-ASCMD 2.2.3.177.13
const ok = 1, serverError = 3, connectionFailed = 7, folderSyncFirst = 11, pastEnd = 12;

/** What the store answers: results, made while they are written, and how many there are in all. */
type Outcome =
  | { readonly status: number }
  | {
    readonly status: number;
    readonly results: AsyncIterable<Element> | Iterable<Element>;
    readonly range: Range;
    readonly total: number;
  };

// MS-ASCMD 2.2.1.16
export function search(host: Host): Command<Asked, Outcome> {
  return { name: "Search", root: "Search:Search", read, run, write };

  async function run(asked: Asked, call: EasCall): Promise<Outcome> {
    if (asked.store === "failed") return asked;
    if (asked.store === "mailbox") return await searchMailbox(asked, call, host);
    const people = await findPeople(host, asked.text, asked.range, call);
    if ("failed" in people) {
      return { status: people.failed === "unreachable" ? connectionFailed : serverError };
    }
    const { found, total } = people;
    const results = found.map((person) =>
      el("Search:Result", el("Search:Properties", ...personFields(person, asked.picture)))
    );
    return { status: statusOf(found.length, total), results, range: asked.range, total };
  }
}

async function searchMailbox(
  { query, range, options }: Extract<Asked, { store: "mailbox" }>,
  call: EasCall,
  host: Host,
): Promise<Outcome> {
  if (!isSearchable(call.mailbox)) return { status: serverError };
  try {
    const page = { offset: range.from, limit: range.to - range.from + 1 };
    const found = await call.mailbox.search(query, page);
    if (!found.complete) call.log.info({}, "a search went over an index that is not complete yet");
    const { items, total } = found;
    const results = mailResults(found, options, call, host);
    return { status: statusOf(items.length, total), results, range, total };
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

async function* mailResults(
  { items }: Found,
  options: ItemOptions,
  call: EasCall,
  host: Host,
): AsyncIterable<Element> {
  if (items.length === 0) return;
  for await (const item of call.mailbox.read(items, wantedOf(options))) {
    yield await mailResult(item, options, call, host);
  }
}

/** One mail: found again by its LongId alone, in ItemOperations and SmartReply. */
// MS-ASCMD 2.2.3.98.3
async function mailResult(
  item: Item,
  options: ItemOptions,
  call: EasCall,
  host: Host,
): Promise<Element> {
  const { fields, problem } = mailItem(item, options, call);
  if (problem !== undefined) {
    const { account, device } = call;
    await host.emit(itemFailed, { account, device, item: item.id, reason: problem });
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
  const store = "results" in outcome
    ? el("Search:Store", new Flow(storeContent(outcome)))
    : el("Search:Store", el("Search:Status", outcome.status));
  return el("Search:Search", el("Search:Status", ok), el("Search:Response", store));
}

/** Range and Total are always told: Android shows nothing without them. */
async function* storeContent(
  { status, results, range, total }: Extract<Outcome, { range: Range }>,
): AsyncIterable<Element> {
  yield el("Search:Status", status);
  let count = 0;
  for await (const result of results) {
    count++;
    yield result;
  }
  if (count === 0) yield el("Search:Result");
  yield el("Search:Range", rangeText(range, count));
  yield el("Search:Total", total);
}
