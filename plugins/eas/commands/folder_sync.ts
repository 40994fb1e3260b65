// FolderSync: the folders of the mailbox, and what changed among them.
import type { Cursor, Mailbox } from "../../mailbox/api.ts";
import { type Command, type EasCall, el, type Element, hierarchy, Status } from "../api.ts";
import { Busy } from "../device_lock.ts";
import { type Look, type Lost, Outdated, type Session } from "../sync_state.ts";
import { type HierarchyChanges, hierarchyChanges } from "./hierarchy.ts";
import { answersIn } from "./sync/replay.ts";
import { deviceOf, type Work } from "./work.ts";

/** The key that the device sent; undefined: the request is malformed. */
type Request = { readonly key: string | undefined };

// MS-ASCMD 2.2.3.177.4
const ok = 1, badKey = 9, malformed = 10;

type Outcome =
  | { readonly status: typeof badKey | typeof malformed }
  | { readonly status: typeof ok; readonly key: string; readonly changes: HierarchyChanges };

/** What the engine remembers of the hierarchy. */
interface State {
  /** Absent: the next FolderSync compares all that there is with what the device has. */
  readonly cursor?: Cursor;
}

/** The state of a device whose place in the history says nothing of what it has. */
export const placeless = JSON.stringify({} satisfies State);

/** MS-ASCMD 2.2.1.5 */
export function folderSync(work: Work): Command<Request, Outcome> {
  return { name: "FolderSync", root: "FolderHierarchy:FolderSync", read, run, write };

  function read({ document }: EasCall): Request {
    return { key: document?.textOf("FolderHierarchy:SyncKey")?.trim() || undefined };
  }

  async function run({ key }: Request, call: EasCall): Promise<Outcome> {
    if (key === undefined) return { status: malformed };
    try {
      return await work.lock.run(deviceOf(call), call.signal, () => answer(work, key, call));
    } catch (error) {
      if (error instanceof Busy || error instanceof Outdated) {
        throw new Status(111, error.message, { cause: error, headers: { "Retry-After": "5" } });
      }
      throw error;
    }
  }
}

async function answer(work: Work, key: string, call: EasCall): Promise<Outcome> {
  const device = deviceOf(call);
  const sessions = await work.state.open(device, [{ collection: hierarchy, key }]);
  const session = sessions.get(hierarchy);
  if (!session) return { status: badKey };
  const before = session.state === undefined ? undefined : (JSON.parse(session.state) as State);
  const changes = await hierarchyChanges(session, call.mailbox, before?.cursor);
  const next = await handOut(session, key, before, changes);
  await tidy(work, call, before === undefined, changes);
  return { status: ok, key: next, changes };
}

/** Makes durable what the answer will say; returns its key. */
async function handOut(
  session: Session,
  key: string,
  before: State | undefined,
  changes: HierarchyChanges,
): Promise<string> {
  const { shown, gone, cursor } = changes;
  const state = JSON.stringify({ cursor } satisfies State);
  const next = { state, held: shown.map(({ held }) => held), gone, journal: [] };
  const same = answersIn(session).find((answer) => isSame(answer, next));
  if (same) return same.key;
  // Where the lost answer told something, that there is nothing any more is news.
  const news = before === undefined || shown.length + gone.length > 0 || session.lost;
  if (news) return await session.commit(next);
  if (before.cursor !== cursor) await session.keep(state);
  return key;
}

/**
 * Whether the lost answer said just this: then its key is good for this one too. An older cursor
 * behind that key does no harm: what comes after it is compared with what the device has.
 */
export function isSame(lost: Pick<Lost, "held" | "gone">, next: typeof lost): boolean {
  const text = ({ held, gone }: typeof next) =>
    JSON.stringify([
      held.map(({ item, has }) => JSON.stringify([item, has])).sort(),
      [...gone].sort(),
    ]);
  return text(lost) === text(next);
}

/** Forgets what devices have of folders that are gone. Starting over never touches the others. */
async function tidy(
  { state }: Work,
  call: EasCall,
  startsOver: boolean,
  { shown, gone }: HierarchyChanges,
): Promise<void> {
  const device = deviceOf(call);
  let ended = gone;
  if (startsOver) {
    const present = new Set<string>([hierarchy, ...shown.map(({ id }) => id)]);
    ended = (await state.collections(device)).filter((collection) => !present.has(collection));
  }
  if (ended.length > 0) await state.drop(device, ended);
}

function write(outcome: Outcome): Element {
  const status = el("FolderHierarchy:Status", outcome.status);
  if (outcome.status !== ok) return el("FolderHierarchy:FolderSync", status);
  const { shown, gone } = outcome.changes;
  const described = (known: boolean) =>
    shown.filter((folder) => folder.known === known).map(({ id, parent, name, type }) =>
      el(
        known ? "FolderHierarchy:Update" : "FolderHierarchy:Add",
        el("FolderHierarchy:ServerId", id),
        el("FolderHierarchy:ParentId", parent),
        el("FolderHierarchy:DisplayName", name),
        el("FolderHierarchy:Type", type),
      )
    );
  return el(
    "FolderHierarchy:FolderSync",
    status,
    el("FolderHierarchy:SyncKey", outcome.key),
    el(
      "FolderHierarchy:Changes",
      el("FolderHierarchy:Count", shown.length + gone.length),
      ...described(true),
      ...gone.map((id) => el("FolderHierarchy:Delete", el("FolderHierarchy:ServerId", id))),
      ...described(false),
    ),
  );
}

/** Whether the next FolderSync of the device would bring anything. False before its first one. */
export async function hierarchyDiffers(
  look: Look | undefined,
  mailbox: Mailbox,
): Promise<boolean> {
  if (!look) return false;
  const { cursor } = JSON.parse(look.state) as State;
  const { shown, gone } = await hierarchyChanges(look, mailbox, cursor);
  return shown.length + gone.length > 0;
}
