// A repeated request: may the lost answer be sent again, just as it was, under its key?
import type { Held, Lost, Session } from "../../api.ts";
import { type Effects, viewAfter } from "./effects.ts";
import type { Op } from "./hunt.ts";
import { doneBefore, type Entry, type Filed } from "./journal.ts";
import type { AskedCollection } from "./request.ts";
import { type CollectionState, parseState } from "./state.ts";

/** An answer that is sent again. */
export interface Replay {
  readonly key: string;
  readonly state: CollectionState;
  readonly ops: readonly Op[];
}

/** Whether the repeat asks for what the lost answer brought: nothing new to run, same wishes. */
export function asksTheSame(
  lost: Lost,
  request: AskedCollection,
  wantsChanges: boolean,
  filed: readonly Filed[],
  journal: ReadonlyMap<string, Entry>,
): boolean {
  const state = parseState(lost.state);
  if (state.asked !== wantsChanges) return false;
  if (filed.some((one) => !doneBefore(journal, one))) return false;
  const { options } = request;
  return options === undefined || JSON.stringify(options) === JSON.stringify(state.options);
}

/** What the lost answer told, measured against what the device has without it. */
export async function replayed(
  session: Session,
  lost: Lost,
  effects: Effects,
): Promise<Replay> {
  const state = parseState(lost.state);
  const items = [...lost.gone, ...lost.held.map(({ item }) => item)];
  const before = await viewAfter(session, effects).held(items);
  const ops: Op[] = [];
  for (const item of lost.gone) {
    const had = before.get(item);
    if (had) ops.push(opOf(had.date < state.floor ? "softDelete" : "delete", had, undefined));
  }
  for (const after of lost.held) {
    const had = before.get(after.item);
    if (!had) ops.push(opOf("add", undefined, after));
    else if (had.has !== after.has) ops.push(opOf("change", had, after));
  }
  return { key: lost.key, state, ops };
}

function opOf(kind: Op["kind"], before: Held | undefined, after: Held | undefined): Op {
  return { kind, item: (after ?? before)!.item, before, after, state: undefined };
}
