// A repeated request: may a lost answer be sent again, just as it was, under its key?
import type { ItemId, ItemState, Mailbox } from "../../../mailbox/api.ts";
import type { HandedOut, Held, Session } from "../../api.ts";
import { doubted, fingerprint } from "../../schema/marks.ts";
import { type Effects, viewAfter } from "./effects.ts";
import type { Op } from "./hunt.ts";
import { doneBefore, type Entry, type Filed } from "./journal.ts";
import { wishes } from "./options.ts";
import type { AskedCollection } from "./request.ts";
import { type CollectionState, parseState } from "./state.ts";

/** An answer that is sent again. */
export interface Replay {
  readonly key: string;
  readonly state: CollectionState;
  readonly ops: readonly Op[];
}

/** The answers to a repeated key that may be sent again, the last one first. */
export const answersIn = ({ lost, earlier }: Session): HandedOut[] =>
  lost ? [lost, ...earlier] : [];

/** Whether the repeat asks for what the lost answer brought: nothing new to run, same wishes. */
export function asksTheSame(
  lost: HandedOut,
  request: AskedCollection,
  wantsChanges: boolean,
  filed: readonly Filed[],
  journal: ReadonlyMap<string, Entry>,
): boolean {
  const state = parseState(lost.state);
  if (state.asked !== wantsChanges) return false;
  if (filed.some((one) => !doneBefore(journal, one))) return false;
  return JSON.stringify(wishes(request, state.options)) === JSON.stringify(state.options);
}

/**
 * What the lost answer told, measured against what the device has without it; items are read as they
 * are now. Where one has changed since, the device may have it either way: its record says so, and
 * the next answer tells it once more.
 */
export async function replayed(
  session: Session,
  lost: HandedOut,
  effects: Effects,
  mailbox: Mailbox,
): Promise<Replay> {
  const state = parseState(lost.state);
  const items = [...lost.gone, ...lost.held.map(({ item }) => item)];
  const before = await viewAfter(session, effects).held(items);
  const ops: Op[] = [];
  for (const item of lost.gone) {
    const had = before.get(item);
    const kind = had && had.date < state.floor ? "softDelete" : "delete";
    if (had) ops.push({ kind, item, before: had, after: undefined, state: undefined });
  }
  const told = lost.held.filter(({ item, has }) => before.get(item)?.has !== has);
  const now = await statesOf(mailbox, told.map(({ item }) => item));
  for (const after of told) {
    const had = before.get(after.item);
    const found = now.get(after.item);
    // What vanished meanwhile is told as gone by the next answer.
    if (!found) continue;
    ops.push({ kind: had ? "change" : "add", item: after.item, before: had, after, state: found });
  }
  return { key: lost.key, state, ops };
}

/** Records that need a word more, because an item is not as the lost answer told it. */
export function amendments(ops: readonly Op[]): Held[] {
  return ops.flatMap(({ after, state }) => {
    if (!after || !state) return [];
    const has = doubted(after.has, fingerprint(state.revision, state.marks));
    return has === after.has ? [] : [{ ...after, has }];
  });
}

async function statesOf(mailbox: Mailbox, ids: readonly ItemId[]) {
  const states = new Map<ItemId, ItemState>();
  if (ids.length === 0) return states;
  for await (const { id, state } of mailbox.read(ids, { preview: false })) states.set(id, state);
  return states;
}
