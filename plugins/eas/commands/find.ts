// Find: the search of 16.1, for mail and people. It reads and never writes, nor touches sync state.
import { LRUCache } from "lru-cache";
import type { Host } from "../../../core/mod.ts";
import { type Item, NotFound } from "../../mailbox/api.ts";
import { type Command, type EasCall, el, type Element } from "../api.ts";
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
  | { readonly results: readonly Element[]; readonly range: Range; readonly total: number };

// MS-ASCMD 2.2.1.2
export function find(host: Host): Command<Asked, Outcome> {
  /** The search that a device is looking through. A lost one costs a device one more request. */
  const searches = new LRUCache<string, string>({ max: remembered });
  return {
    name: "Find",
    since: "16.1",
    root: "Find:Find",
    read,
    async run(asked, call) {
      if (asked.kind === "wrong") return { status: wrong };
      const { id, range } = asked;
      const device = `${call.account.id} ${call.device.id}`;
      if (range.from > 0 && searches.get(device) !== id) return { status: mustStartAtZero };
      searches.set(device, id);
      return asked.kind === "mail"
        ? await findMail(asked, call)
        : await findPersons(asked, call, host);
    },
    write,
  };
}

async function findPersons(
  { text, range, picture }: Extract<Asked, { kind: "people" }>,
  call: EasCall,
  host: Host,
): Promise<Outcome> {
  const people = await findPeople(host, text, range, call);
  if ("failed" in people) return { status: wrong };
  const results = people.found.map((person) =>
    el("Find:Result", el("Find:Properties", ...personFields(person, picture)))
  );
  return { results, range, total: people.total };
}

async function findMail(
  { query, range }: Extract<Asked, { kind: "mail" }>,
  call: EasCall,
): Promise<Outcome> {
  const { mailbox, log } = call;
  if (!isSearchable(mailbox)) return { status: wrong };
  try {
    const page = { offset: range.from, limit: range.to - range.from + 1 };
    const { items, total, complete } = await mailbox.search(query, page);
    if (!complete) log.info({}, "a search went over an index that is not complete yet");
    // No bodies: all of it together is smaller than one picture.
    const results: Element[] = [];
    for await (const item of mailbox.read(items, {})) results.push(mailResult(item, call));
    return { results, range, total };
  } catch (error) {
    if (error instanceof NotFound) return { status: folderSyncFirst };
    throw error;
  }
}

function mailResult(item: Item, { version, account }: EasCall): Element {
  return el(
    "Find:Result",
    el("AirSync:Class", "Email"),
    el("AirSync:ServerId", item.id),
    el("AirSync:CollectionId", item.folder),
    el("Find:Properties", ...foundFields(item, version, account)),
  );
}

function write(outcome: Outcome): Element {
  if ("status" in outcome) return el("Find:Find", el("Find:Status", outcome.status));
  const { results, range, total } = outcome;
  return el(
    "Find:Find",
    el("Find:Status", ok),
    el(
      "Find:Response",
      el("ItemOperations:Store", "Mailbox"),
      el("Find:Status", ok),
      ...results,
      el("Find:Range", rangeText(range, results.length)),
      el("Find:Total", total),
    ),
  );
}
