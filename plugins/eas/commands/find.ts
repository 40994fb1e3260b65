// Find: the search of 16.1, for mail and people. It reads and never writes, nor touches sync state.
import { LRUCache } from "lru-cache";
import type { Host } from "../../../core/mod.ts";
import { NotFound } from "../../mailbox/api.ts";
import { type Command, type EasCall, el, type Element, Flow } from "../api.ts";
import { foundFields } from "./find/properties.ts";
import { type Asked, read } from "./find/read.ts";
import { isSearchable } from "./search.ts";
import { findPeople, personFields } from "./search/gal.ts";
import { type Range, rangeText } from "./search/range.ts";

// MS-ASCMD 2.2.3.177.2
const ok = 1, wrong = 2, folderSyncFirst = 3, mustStartAtZero = 4;

/** Devices whose last search is remembered. */
const remembered = 10_000;

type Outcome =
  | { readonly status: number }
  | {
    readonly results: AsyncIterable<Element> | Iterable<Element>;
    readonly range: Range;
    readonly total: number;
  };

// MS-ASCMD 2.2.1.2
export function find(host: Host): Command<Asked, Outcome> {
  /** The search that a device is looking through. A lost one costs a device one more request. */
  const searches = new LRUCache<string, string>({ max: remembered });
  return { name: "Find", since: "16.1", root: "Find:Find", read, run, write };

  async function run(asked: Asked, call: EasCall): Promise<Outcome> {
    if (asked.kind === "wrong") return { status: wrong };
    const { id, range } = asked;
    const device = `${call.account.id} ${call.device.id}`;
    if (range.from > 0 && searches.get(device) !== id) return { status: mustStartAtZero };
    searches.set(device, id);
    if (asked.kind === "mail") return await findMail(asked, call);
    const people = await findPeople(host, asked.text, range, call);
    if ("failed" in people) return { status: wrong };
    const { found, total } = people;
    const results = found.map((person) =>
      el("Find:Result", el("Find:Properties", ...personFields(person, asked.picture)))
    );
    return { results, range, total };
  }
}

async function findMail(
  { query, range }: Extract<Asked, { kind: "mail" }>,
  call: EasCall,
): Promise<Outcome> {
  if (!isSearchable(call.mailbox)) return { status: wrong };
  try {
    const page = { offset: range.from, limit: range.to - range.from + 1 };
    const { items, total, complete } = await call.mailbox.search(query, page);
    if (!complete) call.log.info({}, "a search went over an index that is not complete yet");
    return { results: mailResults(items, call), range, total };
  } catch (error) {
    if (error instanceof NotFound) return { status: folderSyncFirst };
    throw error;
  }
}

async function* mailResults(items: readonly string[], call: EasCall): AsyncIterable<Element> {
  if (items.length === 0) return;
  for await (const item of call.mailbox.read(items, {})) {
    yield el(
      "Find:Result",
      el("AirSync:Class", "Email"),
      el("AirSync:ServerId", item.id),
      el("AirSync:CollectionId", item.folder),
      el("Find:Properties", ...foundFields(item, call.version, call.account)),
    );
  }
}

function write(outcome: Outcome): Element {
  if ("status" in outcome) return el("Find:Find", el("Find:Status", outcome.status));
  const response = el("Find:Response", new Flow(content(outcome)));
  return el("Find:Find", el("Find:Status", ok), response);
}

async function* content(
  { results, range, total }: Extract<Outcome, { range: Range }>,
): AsyncIterable<Element> {
  yield el("ItemOperations:Store", "Mailbox");
  yield el("Find:Status", ok);
  let count = 0;
  for await (const result of results) {
    count++;
    yield result;
  }
  yield el("Find:Range", rangeText(range, count));
  yield el("Find:Total", total);
}
