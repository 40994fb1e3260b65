// What a Search asks for: mail, people, or what there is none of.
import type { Query } from "../../../mailbox/api.ts";
import { atLeast, type EasCall, type Element, Status } from "../../api.ts";
import { BadOptions, type ItemOptions, readOptions } from "../../schema/options.ts";
import { BadQuery, readCriteria } from "./criteria.ts";
import { type Range, readRange } from "./range.ts";

export type Asked =
  | {
    readonly store: "mailbox";
    readonly query: Query;
    readonly range: Range;
    readonly options: ItemOptions;
  }
  | {
    readonly store: "people";
    readonly text: string;
    readonly range: Range;
    readonly picture: boolean;
  }
  /** MS-ASCMD 2.2.3.177.13 */
  | { readonly store: "failed"; readonly status: number };

// MS-ASCMD 2.2.3.177.13
const wrong = 2, blocked = 13;

/** MS-ASCMD 2.2.3.143.3 */
const mostResults = 100;

const failed = (status: number): Asked => ({ store: "failed", status });

/** Throws Status where there is no search at all. */
// MS-ASCMD 2.2.1.16
export function read(call: EasCall): Asked {
  const store = call.document?.child("Search:Store");
  if (call.document === undefined) throw new Status(101, "Search without a document");
  if (store === undefined) throw new Status(103, "Search without a Store");
  const query = store.child("Search:Query");
  const options = store.child("Search:Options");
  const range = readRange(options?.textOf("Search:Range"), mostResults);
  switch (store.textOf("Search:Name")?.trim().toLowerCase()) {
    case "mailbox":
      return query && range ? mailboxSearch(query, options, range, call) : failed(wrong);
    case "gal":
      return query && range ? peopleSearch(query, options, range, call) : failed(wrong);
    case "document library":
    case "documentlibrary":
      return failed(atLeast(call.version, "12.0") ? blocked : wrong);
  }
  return failed(wrong);
}

function mailboxSearch(
  query: Element,
  options: Element | undefined,
  range: Range,
  { version, clock }: EasCall,
): Asked {
  // Before 12.0 only people could be searched.
  if (!atLeast(version, "12.0")) return failed(wrong);
  const deep = options?.child("Search:DeepTraversal") !== undefined;
  try {
    return {
      store: "mailbox",
      query: readCriteria(query, { now: clock.now(), deep }),
      range,
      options: bodyOf(readOptions(options, version)),
    };
  } catch (error) {
    if (error instanceof BadQuery) return failed(error.status);
    if (error instanceof BadOptions) return failed(wrong);
    throw error;
  }
}

/** Nobody who does not ask for bodies gets a hundred of them: only their sizes. */
function bodyOf(options: ItemOptions): ItemOptions {
  if (options.bodyPreferences.length > 0) return options;
  return { ...options, bodyPreferences: [{ type: 1, truncationSize: 0 }] };
}

function peopleSearch(
  query: Element,
  options: Element | undefined,
  range: Range,
  { version }: EasCall,
): Asked {
  const text = query.text.trim();
  if (text === "") return failed(wrong);
  // An empty Picture stands for photos without limits.
  const picture = atLeast(version, "14.1") && options?.child("Search:Picture") !== undefined;
  return { store: "people", text, range, picture };
}
