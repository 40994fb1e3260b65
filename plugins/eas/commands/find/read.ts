// What a Find asks for: mail or people, and which part of the results.
import type { Query } from "../../../mailbox/api.ts";
import { type EasCall, type Element, Status } from "../../api.ts";
import { BadQuery, classOf, folderOf, freeText } from "../search/criteria.ts";
import { type Range, readRange } from "../search/range.ts";

/** `id`: the device's name for this search; its first request starts at 0. */
export type Asked =
  | {
    readonly kind: "mail";
    readonly id: string;
    readonly query: Query;
    readonly range: Range;
  }
  | {
    readonly kind: "people";
    readonly id: string;
    readonly text: string;
    readonly range: Range;
    readonly picture: boolean;
  }
  | { readonly kind: "wrong" };

/** MS-ASCMD 2.2.3.143.1 */
const mostResults = 1000;
/** Longer ids are no less ids, but nobody needs to keep them. */
const longestId = 256;

const wrong: Asked = { kind: "wrong" };

/** Throws Status where there is no document. */
// MS-ASCMD 2.2.1.2
export function read({ document, clock }: EasCall): Asked {
  if (document === undefined) throw new Status(101, "Find without a document");
  const id = document.textOf("Find:SearchId")?.trim() ?? "";
  const execute = document.child("Find:ExecuteSearch");
  if (id === "" || id.length > longestId || !execute) return wrong;
  const mail = execute.child("Find:MailBoxSearchCriterion");
  const criterion = mail ?? execute.child("Find:GalSearchCriterion");
  const query = criterion?.child("Find:Query");
  const options = criterion?.child("Find:Options");
  const range = readRange(options?.textOf("Find:Range"), mostResults);
  // Of a search for people, the Query may be the text itself.
  const text = query?.textOf("Find:FreeText") ?? (mail ? undefined : query?.text);
  if (!query || !range || range.from >= mostResults || !text?.trim()) return wrong;
  if (!mail) {
    const picture = options?.child("Find:Picture") !== undefined;
    return { kind: "people", id, text: text.trim(), range, picture };
  }
  const deep = options?.child("Find:DeepTraversal") !== undefined;
  const wanted = mailQuery(query, text, deep, clock.now());
  return wanted ? { kind: "mail", id, query: wanted, range } : wrong;
}

/** undefined: a class that is none. */
function mailQuery(query: Element, text: string, deep: boolean, now: number): Query | undefined {
  const folder = query.textOf("AirSync:CollectionId")?.trim();
  const name = query.textOf("AirSync:Class")?.trim() || "Email";
  try {
    const parts = [freeText(text, now), classOf(name)];
    if (folder !== undefined) parts.push(folderOf(folder, deep));
    return { and: parts.filter((part) => part !== undefined) };
  } catch (error) {
    if (error instanceof BadQuery) return undefined;
    throw error;
  }
}
