// Search: mail and people, as pages of results. MS-ASCMD 2.2.1.16
import { el, type Element } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import { type BodyPreference, bodyPreference, optional } from "./sync_options.ts";

/** What mail to look for; at least one criterion. */
export interface SearchOptions {
  /** Words, or KQL where the server takes it. */
  readonly text?: string;
  readonly class?: string;
  /** Folders; absent: all. */
  readonly folders?: readonly string[];
  /** Folders below those as well. */
  readonly deep?: boolean;
  /** 16 bytes. */
  readonly conversation?: Uint8Array;
  /** Milliseconds: later than this, earlier than this. */
  readonly after?: number;
  readonly before?: number;
  /** First and last result, counted from 0. */
  readonly range?: readonly [first: number, last: number];
  readonly bodies?: readonly BodyPreference[];
  readonly mimeSupport?: 0 | 1 | 2;
}

export interface PeopleOptions {
  readonly range?: readonly [first: number, last: number];
  /** Photos, from 14.1. */
  readonly picture?: boolean;
}

/** One thing that was found. */
export interface SearchResult {
  /** Of mail found by Search: what `fetch` and SmartReply take. */
  readonly longId?: string;
  /** Of mail found by Find. */
  readonly id?: string;
  readonly collectionId?: string;
  readonly properties: Element;
}

export interface SearchReply {
  /** Of the store; 1 is well, 12 well and beyond the end. */
  readonly status: number;
  readonly results: readonly SearchResult[];
  readonly range: string | undefined;
  readonly total: number | undefined;
}

export async function search(client: EasClient, options: SearchOptions): Promise<SearchReply> {
  const { deep, range, bodies, mimeSupport } = options;
  const query = el("Search:Query", el("Search:And", ...criteria(options)));
  return await ask(client, "Mailbox", query, [
    optional("Search:Range", range?.join("-")),
    deep ? el("Search:DeepTraversal") : undefined,
    optional("AirSync:MIMESupport", mimeSupport),
    ...(bodies ?? []).map(bodyPreference),
  ]);
}

/** Looks for people in the server's directory. */
export async function searchPeople(
  client: EasClient,
  text: string,
  { range, picture }: PeopleOptions = {},
): Promise<SearchReply> {
  return await ask(client, "GAL", el("Search:Query", text), [
    optional("Search:Range", range?.join("-")),
    picture ? el("Search:Picture") : undefined,
  ]);
}

function criteria(options: SearchOptions): Element[] {
  const { text, folders = [], conversation, after, before } = options;
  return [
    optional("AirSync:Class", options.class),
    ...folders.map((id) => el("AirSync:CollectionId", id)),
    optional("Search:FreeText", text),
    conversation && el("Search:ConversationId", conversation),
    compared("Search:GreaterThan", after),
    compared("Search:LessThan", before),
  ].filter((element) => element !== undefined);
}

function compared(
  tag: "Search:GreaterThan" | "Search:LessThan",
  time: number | undefined,
): Element | undefined {
  if (time === undefined) return undefined;
  const value = new Date(time).toISOString();
  return el(tag, el("Email:DateReceived"), el("Search:Value", value));
}

async function ask(
  client: EasClient,
  name: string,
  query: Element,
  options: readonly (Element | undefined)[],
): Promise<SearchReply> {
  const given = options.filter((option) => option !== undefined);
  const store = el(
    "Search:Store",
    el("Search:Name", name),
    query,
    given.length > 0 ? el("Search:Options", ...given) : undefined,
  );
  const reply = (await client.command("Search", el("Search:Search", store))).document;
  const answer = reply?.child("Search:Response")?.child("Search:Store");
  const total = answer?.textOf("Search:Total");
  return {
    status: Number(answer?.textOf("Search:Status") ?? reply?.textOf("Search:Status")),
    results: (answer?.all("Search:Result") ?? []).flatMap(resultOf),
    range: answer?.textOf("Search:Range"),
    total: total === undefined ? undefined : Number(total),
  };
}

/** An empty Result stands for none. */
function resultOf(result: Element): SearchResult[] {
  const properties = result.child("Search:Properties");
  const longId = result.textOf("Search:LongId");
  const collectionId = result.textOf("AirSync:CollectionId");
  if (!properties) return [];
  return [{
    ...(longId !== undefined && { longId }),
    ...(collectionId !== undefined && { collectionId }),
    properties,
  }];
}
