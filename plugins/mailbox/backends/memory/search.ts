// Searching in memory: every item is looked at, so that the meaning of a query can be read here.
import { NotFound } from "../../api.ts";
import type { Folder, FolderId, ItemState } from "../../model.ts";
import { type Found, mostCounted, type Query, type SearchPage } from "../../query.ts";
import { fieldWords } from "../../search/content.ts";
import { matches } from "../../search/matches.ts";
import type { Message } from "./message.ts";

interface Searched {
  readonly number: number;
  readonly folder: FolderId;
  readonly state: ItemState;
  readonly message: Message;
  readonly thread: string;
}

/** The items that a query finds, newest first. Throws NotFound for a folder that is not there. */
export function searchAll(
  items: Iterable<Searched>,
  folders: ReadonlyMap<FolderId, Folder>,
  query: Query,
  { offset, limit }: SearchPage,
): Found {
  for (const folder of foldersIn(query)) {
    if (!folders.has(folder)) throw new NotFound(`Cannot find folder ${folder}`);
  }
  const found = [...items]
    .filter((item) => matches(query, candidateOf(item, folders)))
    .sort((a, b) => b.state.date - a.state.date || b.number - a.number);
  return {
    items: found.slice(offset, offset + limit).map(({ state }) => state.id),
    total: Math.min(found.length, Math.max(mostCounted, offset + limit)),
    more: found.length > offset + limit,
    complete: true,
  };
}

function candidateOf({ message, ...item }: Searched, folders: ReadonlyMap<FolderId, Folder>) {
  const { facts, text, html } = message.read;
  const words = fieldWords(facts, text?.content, html?.content);
  return { ...item, facts, words, path: pathOf(item.folder, folders) };
}

function pathOf(id: FolderId | undefined, folders: ReadonlyMap<FolderId, Folder>): Folder[] {
  const folder = id === undefined ? undefined : folders.get(id);
  return folder ? [folder, ...pathOf(folder.parent, folders)] : [];
}

function foldersIn(query: Query): readonly FolderId[] {
  if ("and" in query) return query.and.flatMap(foldersIn);
  if ("or" in query) return query.or.flatMap(foldersIn);
  if ("not" in query) return foldersIn(query.not);
  return "folder" in query ? [query.folder] : [];
}
