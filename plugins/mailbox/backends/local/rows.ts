// Between rows and the port's values: ids, marks, item states.
import { NotFound } from "../../api.ts";
import { firstMarks } from "../../marks.ts";
import type { Folder, FolderId, ItemClass, ItemId, ItemState, Marks, Role } from "../../model.ts";

/** The columns of a folder that make a {@link Folder}. */
export interface FolderRow {
  readonly id: number;
  readonly parent: number | null;
  readonly name: string;
  readonly class: ItemClass;
  readonly role: Role | null;
}

export function folderOf(row: FolderRow): Folder {
  return {
    id: String(row.id),
    parent: row.parent === null ? undefined : String(row.parent),
    name: row.name,
    class: row.class,
    role: row.role ?? undefined,
  };
}

/** The columns of an item that make an {@link ItemState}. */
export interface ItemRow {
  readonly id: number;
  readonly folder: number;
  readonly message: number;
  readonly date: number;
  readonly thread: string;
  readonly read: number;
  readonly answered: number;
  readonly forwarded: number;
  readonly draft: number;
  readonly flag: string | null;
  readonly keywords: string | null;
  readonly verb: string | null;
}

/** They, for a SELECT. */
export const itemColumns =
  "i.id, i.folder, i.message, i.date, i.thread, i.read, i.answered, i.forwarded, i.draft, i.flag, i.keywords, i.verb";

export function itemId(folder: number, item: number): ItemId {
  return `${folder}:${item}`;
}

export function stateOf(row: ItemRow): ItemState {
  const { date, thread } = row;
  return {
    id: itemId(row.folder, row.id),
    date,
    revision: String(row.message),
    marks: marksOf(row),
    thread,
  };
}

function marksOf(row: ItemRow): Marks {
  const marks = {
    read: row.read === 1,
    flag: row.flag === null ? undefined : JSON.parse(row.flag),
    answered: row.answered === 1,
    forwarded: row.forwarded === 1,
    draft: row.draft === 1,
    keywords: row.keywords === null ? [] : JSON.parse(row.keywords),
  };
  return row.verb === null ? marks : { ...marks, verb: JSON.parse(row.verb) };
}

/** The mark columns, in the order `read, answered, forwarded, draft, flag, keywords, verb`. */
export function markValues(marks: Marks): (number | string | null)[] {
  const json = (value: object | undefined) => value === undefined ? null : JSON.stringify(value);
  return [
    Number(marks.read),
    Number(marks.answered),
    Number(marks.forwarded),
    Number(marks.draft),
    json(marks.flag),
    marks.keywords.length ? json(marks.keywords) : null,
    json(marks.verb),
  ];
}

/** A state that was kept as JSON. */
export function reviveState(state: ItemState): ItemState {
  return { ...state, marks: firstMarks(state.marks) };
}

/** The number of a folder. Throws NotFound for what is no id of ours. */
export function folderNumber(id: FolderId): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new NotFound(`Cannot find folder ${id}`);
  return Number(id);
}

/** The numbers of an item and its folder; undefined for what is no id of ours. */
export function itemNumbers(id: ItemId): { folder: number; item: number } | undefined {
  const match = /^([1-9]\d{0,14}):([1-9]\d{0,14})$/.exec(id);
  return match ? { folder: Number(match[1]), item: Number(match[2]) } : undefined;
}
