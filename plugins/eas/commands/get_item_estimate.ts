// GetItemEstimate: how many things the next Sync of folders will tell.
import { NotFound } from "../../mailbox/api.ts";
import {
  atLeast,
  type Command,
  type EasCall,
  el,
  type Element,
  hierarchy,
  type Look,
  Status,
  type Version,
} from "../api.ts";
import { boolean } from "../schema/options.ts";
import type { Hunt } from "./sync/hunt.ts";
import { huntVanished } from "./sync/phase_audit.ts";
import { huntHistory } from "./sync/phase_history.ts";
import { placeOf } from "./sync/phase_listing.ts";
import { huntBelowFloor } from "./sync/phase_window.ts";
import { isFilter } from "./sync/options.ts";
import { lookingHunt } from "./sync/look.ts";
import { parseState } from "./sync/state.ts";
import { stateFor } from "./moved_in.ts";
import { deviceOf, type Work } from "./work.ts";

interface Asked {
  readonly id: string;
  readonly key: string;
  /** FilterType, where the request says one. */
  readonly filter?: number;
  /** ConversationMode, where the request says it. */
  readonly conversations?: boolean;
}

interface Estimated {
  readonly id: string;
  /** MS-ASCMD 2.2.3.177.7: 1 ok, 2 no such folder, 3 not primed, 4 wrong key. */
  readonly status: 1 | 2 | 3 | 4;
  readonly estimate: number;
}

/** MS-ASCMD 2.2.1.9: folders of one request. */
const mostCollections = 1000;
/** Changes are counted one by one up to here; a phone shows no more than "many". */
const mostCounted = 1024;

/** MS-ASCMD 2.2.1.9 */
export function getItemEstimate(work: Work): Command<readonly Asked[], readonly Estimated[]> {
  return { name: "GetItemEstimate", root: "GetItemEstimate:GetItemEstimate", read, run, write };

  async function run(asked: readonly Asked[], call: EasCall): Promise<readonly Estimated[]> {
    const looks = await stateFor(work, call).look(deviceOf(call), asked.map(({ id }) => id));
    const estimated: Estimated[] = [];
    for (const one of asked) estimated.push(await estimate(one, looks.get(one.id), call));
    return estimated;
  }
}

function read({ document, version }: EasCall): readonly Asked[] {
  const collections = document?.child("GetItemEstimate:Collections");
  if (!collections) throw new Status(103, "no collections");
  const asked = collections.all("GetItemEstimate:Collection").map((element) =>
    readCollection(element, version)
  );
  if (asked.length > mostCollections) throw new Status(103, "too many collections");
  if (asked.length === 0) throw new Status(103, "no collections");
  for (const { filter } of asked) {
    if (filter !== undefined && !isFilter(filter)) {
      // MS-ASCMD 2.2.3.68.1: beyond the codes there are, and of another class.
      throw new Status(filter <= 8 ? 110 : 103, "not a filter for mail", { http: 400 });
    }
  }
  return asked;
}

/** 12.1 says the filter in the collection, later versions in Options. */
function readCollection(element: Element, version: Version): Asked {
  const id = element.textOf("GetItemEstimate:CollectionId")?.trim() ??
    element.textOf("AirSync:CollectionId")?.trim();
  const key = element.textOf("AirSync:SyncKey")?.trim();
  if (!id || !key) throw new Status(103, "a collection without id or key");
  const filter = element.textOf("AirSync:FilterType") ??
    element.child("AirSync:Options")?.textOf("AirSync:FilterType");
  const code = filter === undefined ? undefined : /^\s*\d$/.test(filter) ? Number(filter) : NaN;
  const mode = atLeast(version, "14.0") ? element.textOf("AirSync:ConversationMode") : undefined;
  return {
    id,
    key,
    ...(code !== undefined && { filter: code }),
    ...(mode !== undefined && { conversations: modeOf(mode) }),
  };
}

// MS-ASCMD 2.2.3.36.1
function modeOf(text: string): boolean {
  try {
    return boolean(text, "ConversationMode");
  } catch (error) {
    throw new Status(103, "ConversationMode is neither 0 nor 1", { cause: error });
  }
}

async function estimate(
  { id, key, ...wanted }: Asked,
  look: Look | undefined,
  call: EasCall,
): Promise<Estimated> {
  const none = (status: Estimated["status"]) => ({ id, status, estimate: 0 });
  // The hierarchy has a SyncKey too, but no items.
  if (id === hierarchy) return none(2);
  if (key === "0") return none(3);
  try {
    if (!look) {
      await call.mailbox.changes(id, undefined, 0);
      return none(3);
    }
    if (!look.keys.includes(key)) return none(4);
    const hunt = lookingHunt(id, look, call, wanted);
    const counted = { ...hunt, window: mostCounted };
    await huntHistory(counted);
    await huntBelowFloor(counted);
    await huntVanished(counted);
    return { id, status: 1, estimate: counted.ops.size + await listed(counted, look) };
  } catch (error) {
    if (error instanceof NotFound) return none(2);
    throw error;
  }
}

/** How many items a listing brings beside those that were found already. */
async function listed(
  { mailbox, folder, state, ops, conversations }: Hunt,
  look: Look,
): Promise<number> {
  const begins = state.listing !== undefined && state.listing.next === undefined;
  const isNew = begins || !parseState(look.state).options.conversations;
  // What comes along with the conversations of a listing under way is not known apart.
  const older = isNew ? await conversations?.countOlder(folder, state.floor) ?? 0 : 0;
  if (!state.listing) return older;
  const count = await mailbox.count(folder, placeOf(state)) + older;
  if (state.listing.next !== undefined) return count;
  // It has not begun: what arrived meanwhile is in it as well.
  const found = [...ops.values()].filter(({ kind }) => kind === "add").length;
  return Math.max(0, count - found);
}

function write(estimated: readonly Estimated[], { version }: EasCall): Element {
  return el(
    "GetItemEstimate:GetItemEstimate",
    ...estimated.map(({ id, status, estimate }) =>
      el(
        "GetItemEstimate:Response",
        el("GetItemEstimate:Status", status),
        status === 1
          ? el(
            "GetItemEstimate:Collection",
            atLeast(version, "14.0") ? undefined : el("GetItemEstimate:Class", "Email"),
            el("GetItemEstimate:CollectionId", id),
            el("GetItemEstimate:Estimate", estimate),
          )
          : undefined,
      )
    ),
  );
}
