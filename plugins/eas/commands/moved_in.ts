// Items that a device moved itself and has already, where they went: they must not be added again.
import type { FolderId, ItemId } from "../../mailbox/api.ts";
import type { EasCall, Held, Keyed, Look, Session, SyncState } from "../api.ts";
import { hasQuirk } from "../quirks.ts";
import { viewAfter } from "./sync/effects.ts";
import { deviceOf, type Work } from "./work.ts";

/** An item that the device has without having been told of it. */
interface Kept extends Held {
  /** The SyncKey whose answer counted it in; once the device shows that key, it is as any other. */
  readonly told?: string;
}

type ByFolder = Readonly<Record<FolderId, readonly Kept[]>>;

const memory = "movedIn";

/** More are not remembered of one folder: a device that never syncs it must not fill the memory. */
const most = 2000;

/** Notes what a device has after its own move. Only for devices that keep it; see quirks.ts. */
export async function noteMovedIn(
  work: Work,
  call: EasCall,
  folder: FolderId,
  read: () => Promise<readonly Held[]>,
): Promise<void> {
  if (!concerns(call)) return;
  const [all, items] = [await recall(work, call), await read()];
  const fresh = new Set(items.map(({ item }) => item));
  const others = (all[folder] ?? []).filter(({ item }) => !fresh.has(item));
  await remember(work, call, { ...all, [folder]: [...others, ...items].slice(-most) });
}

/**
 * The memory of the engine as this device's requests see it: what it moved by itself counts as what
 * it has, and enters the state with the next answer. For all other devices it is the memory itself.
 */
export function stateFor(work: Work, call: EasCall): Pick<SyncState, "open" | "look"> {
  const { state } = work;
  if (!concerns(call)) return state;
  return {
    async open(device, wanted) {
      const sessions = await state.open(device, wanted);
      const kept = await settled(work, call, wanted);
      for (const { collection } of wanted) {
        const session = sessions.get(collection);
        const items = kept[collection];
        if (session && items) sessions.set(collection, counting(session, items, work, call));
      }
      return sessions;
    },
    async look(device, collections) {
      const looks = await state.look(device, collections);
      const kept = await recall(work, call);
      return new Map([...looks].map(([id, look]) => [id, overlaid(look, kept[id] ?? [])]));
    },
  };
}

const concerns = ({ device }: EasCall) => hasQuirk(device, "keepsMovedItems");

/** Forgets what the device has confirmed by its key, and everything of a folder that starts over. */
async function settled(work: Work, call: EasCall, wanted: readonly Keyed[]): Promise<ByFolder> {
  const all = await recall(work, call);
  const left: Record<FolderId, readonly Kept[]> = { ...all };
  for (const { collection, key } of wanted) {
    const open = (all[collection] ?? []).filter(({ told }) => key !== "0" && told !== key);
    if (open.length > 0) left[collection] = open;
    else delete left[collection];
  }
  if (JSON.stringify(left) !== JSON.stringify(all)) await remember(work, call, left);
  return left;
}

/** A session that counts them in, and makes that durable with what it commits. */
function counting(
  session: Session,
  kept: readonly Kept[],
  work: Work,
  call: EasCall,
): Session {
  const { collection, state, lost, earlier, journal, forgetful } = session;
  const items = plain(kept);
  return {
    ...viewAfter(session, new Map(items.map((held) => [held.item, held]))),
    collection,
    state,
    lost,
    earlier,
    journal,
    ...(forgetful && { forgetful }),
    amend: (held, key) => session.amend(held, key),
    intend: (commands) => session.intend(commands),
    keep: (text) => session.keep(text),
    async commit(next) {
      const said = new Set<ItemId>([...next.gone, ...next.held.map(({ item }) => item)]);
      const held = [...next.held, ...items.filter(({ item }) => !said.has(item))];
      const key = await session.commit({ ...next, held });
      const told = items.map((one): Kept => ({ ...one, told: key }));
      await remember(work, call, { ...await recall(work, call), [collection]: told });
      return key;
    },
  };
}

/** A look counts the last answer as received, and with it what that answer counted in. */
function overlaid(look: Look, kept: readonly Kept[]): Look {
  const open = plain(kept.filter(({ told }) => told === undefined || told !== look.keys[0]));
  if (open.length === 0) return look;
  const { state, keys } = look;
  return { ...viewAfter(look, new Map(open.map((held) => [held.item, held]))), state, keys };
}

const plain = (kept: readonly Kept[]): Held[] =>
  kept.map(({ item, date, has }) => ({ item, date, has }));

async function recall({ state }: Work, call: EasCall): Promise<ByFolder> {
  return JSON.parse(await state.recall(deviceOf(call), memory) ?? "{}");
}

async function remember({ state }: Work, call: EasCall, all: ByFolder): Promise<void> {
  const text = Object.keys(all).length > 0 ? JSON.stringify(all) : undefined;
  await state.remember(deviceOf(call), memory, text);
}
