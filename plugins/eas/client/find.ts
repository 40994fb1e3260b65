// Find: the search of 16.1. MS-ASCMD 2.2.1.2
import { el, type Element } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import type { SearchReply, SearchResult } from "./search.ts";
import { optional } from "./sync_options.ts";

export interface FindOptions {
  /** The client's name for this search: the same for all of its pages; the first starts at 0. */
  readonly id: string;
  /** KQL. */
  readonly text: string;
  /** `people`: in the directory. Default: mail. */
  readonly in?: "mail" | "people";
  readonly class?: string;
  /** Absent: all folders. */
  readonly collectionId?: string;
  /** Folders below that one as well. */
  readonly deep?: boolean;
  readonly range?: readonly [first: number, last: number];
}

export async function find(client: EasClient, options: FindOptions): Promise<SearchReply> {
  const given = [
    optional("Find:Range", options.range?.join("-")),
    options.deep ? el("Find:DeepTraversal") : undefined,
  ].filter((option) => option !== undefined);
  const criterion = el(
    options.in === "people" ? "Find:GalSearchCriterion" : "Find:MailBoxSearchCriterion",
    el(
      "Find:Query",
      optional("AirSync:Class", options.class),
      optional("AirSync:CollectionId", options.collectionId),
      el("Find:FreeText", options.text),
    ),
    given.length > 0 ? el("Find:Options", ...given) : undefined,
  );
  const document = el(
    "Find:Find",
    el("Find:SearchId", options.id),
    el("Find:ExecuteSearch", criterion),
  );
  const reply = (await client.command("Find", document)).document;
  const response = reply?.child("Find:Response");
  const total = response?.textOf("Find:Total");
  return {
    status: Number(response?.textOf("Find:Status") ?? reply?.textOf("Find:Status")),
    results: (response?.all("Find:Result") ?? []).map(resultOf),
    range: response?.textOf("Find:Range"),
    total: total === undefined ? undefined : Number(total),
  };
}

function resultOf(result: Element): SearchResult {
  const id = result.textOf("AirSync:ServerId");
  const collectionId = result.textOf("AirSync:CollectionId");
  return {
    ...(id !== undefined && { id }),
    ...(collectionId !== undefined && { collectionId }),
    properties: result.child("Find:Properties") ?? el("Find:Properties"),
  };
}
