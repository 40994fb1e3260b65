// Searching on the server: its SEARCH in every folder, then what its keys cannot say.
import type { Clock } from "../../../../../core/mod.ts";
import { NotFound } from "../../../api.ts";
import type { FolderId, ItemId } from "../../../model.ts";
import { type Found, mostCounted, type Query, type SearchPage } from "../../../query.ts";
import type { OpenFolder } from "../connections/connections.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { headerFacts, structureFacts } from "./header_facts.ts";
import { judge, type Needs, needsOf, wordsToAsk } from "./judge.ts";
import { flagsText, marksOf } from "../items/marks.ts";
import type { Place } from "../folders/places.ts";
import type { Reading } from "../reading/read.ts";
import { type Hit, type InFolder, searchFolder } from "./search_folder.ts";
import { searchKeys } from "./search_keys.ts";
import { findRoots } from "./thread_roots.ts";

export interface Searching extends Reading {
  readonly clock: Clock;
}

/** Milliseconds after which what was found by then is the answer. Phones wait for half a minute. */
const PATIENCE = 15_000;
/** Folders that are searched at a time. */
const AT_ONCE = 2;

/**
 * Finds items, newest first; in all folders where the query names none. Throws NotFound for a folder
 * that is not there.
 *
 * Words are what the server takes for words, mostly any run of letters: in the text of a mail parts
 * of words are found as well, words of a phrase need not stand in a row, and accents count, except
 * that a word typed with accents is found without them too. Names of attachments are looked at only
 * where they are asked for. In single header fields, dates, attachments and conversations a query
 * means just what it does in other backends, but for accents.
 *
 * Some commands for each folder, however large it is. Where time runs out, or too many messages would
 * have to be looked at, `complete` is false.
 */
export async function searchItems(
  searching: Searching,
  query: Query,
  page: SearchPage,
): Promise<Found> {
  const { connections, places, clock } = searching;
  const everywhere = await places.all();
  const scopeOf = folderScopes(query, everywhere);
  const deadline = clock.now() + PATIENCE;
  const late = () => clock.now() >= deadline;
  const roots = await findRoots(searching, query, everywhere, late);
  const end = page.offset + page.limit;
  const most = Math.max(mostCounted, end);
  const found = await inFolders(everywhere, late, async (place) => {
    const holds = scopeOf(place);
    const scope = { holds, root: (thread: string) => roots.known.get(thread) };
    const keys = searchKeys(query, scope);
    if (keys === false) return undefined;
    return await searchFolder(connections, place, keys, {
      needs: needsOf(query),
      fits: (told, needs, said) => judged(query, holds, told, needs, said),
      ask: wordsToAsk(query).map((part) => [part, searchKeys(part, scope)] as const),
      most,
      late,
    });
  });
  const hits = found.folders.flatMap((each) => each.hits).sort(byDate);
  const total = found.folders.reduce((sum, { count }) => sum + count, 0);
  return {
    items: await identified(searching, hits.slice(page.offset, end)),
    total: Math.min(total, most),
    more: total > end,
    complete: found.complete && roots.complete,
  };
}

const byDate = (a: Hit, b: Hit) =>
  b.date - a.date || b.place.number - a.place.number || b.uid - a.uid;

type FolderQuery = Extract<Query, { folder: string } | { class: string }>;

/** What conditions on folders mean in each of them. */
function folderScopes(query: Query, places: readonly Place[]) {
  const known = new Map(places.map((place) => [place.id, place]));
  for (const id of foldersIn(query)) {
    if (!known.has(id)) throw new NotFound(`Cannot find folder ${id}`);
  }
  return (place: Place) => (condition: FolderQuery): boolean => {
    if ("class" in condition) return condition.class === "mail";
    for (let at: Place | undefined = place; at; at = at.parent ? known.get(at.parent) : undefined) {
      if (at.id === condition.folder) return true;
      if (!condition.below) return false;
    }
    return false;
  };
}

function foldersIn(query: Query): readonly FolderId[] {
  if ("and" in query) return query.and.flatMap(foldersIn);
  if ("or" in query) return query.or.flatMap(foldersIn);
  if ("not" in query) return foldersIn(query.not);
  return "folder" in query ? [query.folder] : [];
}

/** Searches folders, some at a time, the inbox first, until it is late. */
async function inFolders(
  places: readonly Place[],
  late: () => boolean,
  search: (place: Place) => Promise<InFolder | undefined>,
): Promise<{ folders: InFolder[]; complete: boolean }> {
  const waiting = places.filter(({ selectable }) => selectable)
    .sort((a, b) => Number(b.role === "inbox") - Number(a.role === "inbox"));
  const folders: InFolder[] = [];
  let complete = true;
  const work = async () => {
    for (let place = waiting.shift(); place; place = waiting.shift()) {
      const found = late() ? { hits: [], count: 0, complete: false } : await search(place);
      if (found) folders.push(found);
      complete &&= found?.complete ?? true;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { folders, complete };
}

async function judged(
  query: Query,
  holds: (condition: FolderQuery) => boolean,
  told: Told,
  needs: Needs,
  said: ReadonlyMap<Query, boolean>,
): Promise<boolean> {
  const facts = needs.structure
    ? await structureFacts(told)
    : needs.header
    ? headerFacts(told)
    : undefined;
  const marks = marksOf(flagsText(told.flags ?? []));
  const hit = { date: told.date ?? 0, marks, said, ...(facts && { facts }) };
  return judge(query, hit, holds) !== false;
}

/** The ids of messages, in their order; one visit to each folder. Those that went are left out. */
async function identified(
  { connections, index }: Searching,
  hits: readonly Hit[],
): Promise<ItemId[]> {
  const folders = new Map<Place, number[]>();
  for (const { place, uid } of hits) folders.set(place, [...folders.get(place) ?? [], uid]);
  const ids = new Map<Place, Map<number, { readonly id: ItemId }>>();
  for (const [place, uids] of folders) {
    const identify = (open: OpenFolder) => index.identify(place, open, uids);
    ids.set(
      place,
      await connections.inFolder(place.path, identify, { repeatable: true, asks: true }),
    );
  }
  return hits.map(({ place, uid }) => ids.get(place)!.get(uid)?.id).filter((id) =>
    id !== undefined
  );
}
