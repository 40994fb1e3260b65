// Ping: a held request that is answered as soon as the next Sync would bring something.
import { type Cursor, type FolderId, NotFound } from "../../mailbox/api.ts";
import {
  type Command,
  type DeviceRef,
  type EasCall,
  el,
  type Element,
  hierarchy,
  type Look,
  type SyncState,
} from "../api.ts";
import { hierarchyDiffers } from "./folder_sync.ts";
import { stateFor } from "./moved_in.ts";
import { type Looking, looksChanged } from "./sync/look.ts";
import { atRest, deviceOf, type Work } from "./work.ts";

/** What a request says; the rest holds as the last time. */
interface Request {
  /** Seconds. */
  readonly interval?: number;
  readonly folders?: readonly FolderId[];
}

/** MS-ASCMD 2.2.3.177.11 */
const expired = 1, changes = 2, missing = 3, malformed = 4, outOfRange = 5, tooMany = 6, moved = 7;

interface Outcome {
  readonly status: number;
  readonly folders?: readonly FolderId[];
  readonly interval?: number;
  readonly maxFolders?: number;
}

const memory = "ping";

/** MS-ASCMD 2.2.1.13 */
export function ping(work: Work): Command<Request | undefined, Outcome> {
  return { name: "Ping", root: "Ping:Ping", read, run, write };

  async function run(request: Request | undefined, call: EasCall): Promise<Outcome> {
    const device = deviceOf(call);
    work.waits.end(device);
    if (!request) return { status: malformed };
    const kept = await work.state.recall(device, memory);
    const full: Request = { ...(kept !== undefined && JSON.parse(kept)), ...request };
    const { interval, folders } = full;
    if (interval === undefined || folders === undefined) return { status: missing };
    const { heartbeat: { min, max }, maxFolders } = work.host.config;
    if (interval < min) return { status: outOfRange, interval: min };
    if (interval > max) return { status: outOfRange, interval: max };
    if (folders.length > maxFolders) return { status: tooMany, maxFolders };
    const text = JSON.stringify({ interval, folders } satisfies Request);
    if (text !== kept) await work.state.remember(device, memory, text);
    return await hold(work, call, interval * 1000, folders);
  }
}

/** Undefined: it does not say what a Ping says. */
function read({ document }: EasCall): Request | undefined {
  if (!document) return {};
  const interval = document.textOf("Ping:HeartbeatInterval");
  if (interval !== undefined && !/^\s*\d{1,9}\s*$/.test(interval)) return undefined;
  const ids = document.child("Ping:Folders")?.all("Ping:Folder")
    .map((folder) => folder.textOf("Ping:Id")?.trim() ?? "");
  if (ids?.includes("")) return undefined;
  return {
    ...(interval !== undefined && { interval: Number(interval) }),
    ...(ids && ids.length > 0 && { folders: [...new Set(ids)] }),
  };
}

/** Waits; nothing of the request is kept meanwhile but its folders. */
async function hold(
  work: Work,
  call: EasCall,
  ms: number,
  folders: readonly FolderId[],
): Promise<Outcome> {
  const { mailbox, version, signal, clock } = call;
  const device = deviceOf(call);
  const looking = { mailbox, version, clock };
  const state = stateFor(work, call);
  // Up to where a folder was looked through without finding anything.
  const seen = new Map<FolderId, Cursor>();
  const found = await work.waits.wait<Outcome>(device, {
    ms,
    signal,
    folders: ["", ...folders],
    watch: (where, changed) => mailbox.watch(where, changed),
    check: (touched) => {
      // A Sync of a folder that pauses brings nothing: a Ping that speaks of it would loop.
      const open = touched.filter((id) => !work.addRates.pauses(device, id, clock.now()));
      return atRest(work, call, () => look(state, device, looking, open, seen));
    },
  });
  return found ?? { status: expired };
}

/** What there is to tell of folders, if anything. */
async function look(
  state: Pick<SyncState, "look">,
  device: DeviceRef,
  looking: Looking,
  touched: readonly FolderId[],
  seen: Map<FolderId, Cursor>,
): Promise<Outcome | undefined> {
  const items = touched.filter((id) => id !== "");
  const watched = touched.includes("") ? [hierarchy, ...items] : items;
  const looks = await state.look(device, watched);
  if (touched.includes("") && await hierarchyDiffers(looks.get(hierarchy), looking.mailbox)) {
    return { status: moved };
  }
  const changed: FolderId[] = [];
  for (const id of items) if (await differs(id, looks.get(id), looking, seen)) changed.push(id);
  return changed.length > 0 ? { status: changes, folders: changed } : undefined;
}

/** Folders without a SyncKey have nothing to compare with, and a Sync that shows nothing loops. */
async function differs(
  id: FolderId,
  look: Look | undefined,
  looking: Looking,
  seen: Map<FolderId, Cursor>,
): Promise<boolean> {
  // The hierarchy has a SyncKey too, but no items.
  if (!look || id === hierarchy) return false;
  try {
    const { changed, cursor } = await looksChanged(id, look, looking, seen.get(id));
    if (!changed) seen.set(id, cursor);
    return changed;
  } catch (error) {
    // The hierarchy tells that a folder is gone.
    if (error instanceof NotFound) return false;
    throw error;
  }
}

function write({ status, folders, interval, maxFolders }: Outcome): Element {
  return el(
    "Ping:Ping",
    el("Ping:Status", status),
    folders && el("Ping:Folders", ...folders.map((id) => el("Ping:Folder", id))),
    maxFolders === undefined ? undefined : el("Ping:MaxFolders", maxFolders),
    interval === undefined ? undefined : el("Ping:HeartbeatInterval", interval),
  );
}
