// What FolderCreate, FolderUpdate and FolderDelete share: the hierarchy's key, a journal, statuses.
import { createHash } from "node:crypto";
import { type EditsFolders, type FolderId, type Mailbox, Refused } from "../../mailbox/api.ts";
import {
  type Command,
  type EasCall,
  el,
  type Element,
  type Held,
  hierarchy,
  Status,
  type Tag,
} from "../api.ts";
import { Busy } from "../device_lock.ts";
import { Outdated, type Session } from "../sync_state.ts";
import { isSame, placeless } from "./folder_sync.ts";
import { deviceOf, type Work } from "./work.ts";

// MS-ASCMD 2.2.3.177.2 to 2.2.3.177.5: what all three commands say alike
export const ok = 1, exists = 2, special = 3, missing = 4, noParent = 5, malformed = 10;
const badKey = 9;

/** The folder of people that the user writes to, which no device may touch. MS-ASCMD 2.2.3.186.3 */
export const recipients = "RI";

/** What became of an edit: what the device has of the folder from now on. JSON. */
export interface Edited {
  readonly status: typeof ok;
  readonly serverId?: FolderId;
  readonly held?: Held;
  readonly gone?: FolderId;
}

/** An edit that was refused; nothing has changed, and the key stays. */
export interface RefusedEdit {
  readonly status: number;
}

export type EditOutcome = Edited | RefusedEdit;

/** What an edit works with. */
export interface Editing {
  readonly mailbox: Mailbox & EditsFolders;
  /** For the write: the same for each repeat of this request. */
  readonly token: string;
  /** The same request began before, and the server stopped before it could note the end. */
  readonly begun: boolean;
  /** Makes durable that the edit begins: for what cannot be told from its repeat otherwise. */
  begin(): Promise<void>;
}

/** A request, as the commands read it. */
export interface FolderEdit {
  readonly key: string;
  /** Tells it apart from others under the same key: a repeat is just this again. */
  readonly id: string;
  /** What the device hears where the folder, or all of the mailbox, may not be changed. */
  readonly forbidden: number;
  run(editing: Editing): Promise<EditOutcome>;
}

/** An answer. */
export type FolderAnswer = EditOutcome & { readonly key?: string };

export type EditCommand = Command<FolderEdit | undefined, FolderAnswer>;

/** The command of this name; `read` answers undefined where a request is malformed. */
export function editCommand(
  work: Work,
  name: "FolderCreate" | "FolderUpdate" | "FolderDelete",
  read: (call: EasCall) => FolderEdit | undefined,
): EditCommand {
  const root = `FolderHierarchy:${name}` as const;
  return {
    name,
    root,
    read,
    run: (edit, call) => editFolders(work, edit, call),
    write: (answer) => writeEdit(root, answer),
  };
}

/** Runs an edit once under its key; a repeat is answered as the first time. */
async function editFolders(
  work: Work,
  edit: FolderEdit | undefined,
  call: EasCall,
): Promise<FolderAnswer> {
  if (!edit) return { status: malformed };
  try {
    return await work.lock.run(deviceOf(call), call.signal, () => answer(work, edit, call));
  } catch (error) {
    if (error instanceof Busy || error instanceof Outdated) {
      throw new Status(111, error.message, { cause: error, headers: { "Retry-After": "5" } });
    }
    throw error;
  }
}

async function answer(work: Work, edit: FolderEdit, call: EasCall): Promise<FolderAnswer> {
  const device = deviceOf(call);
  const sessions = await work.state.open(device, [{ collection: hierarchy, key: edit.key }]);
  const session = sessions.get(hierarchy);
  // Key 0 is for FolderSync: whoever does not know the folders cannot change them.
  if (session?.state === undefined) return { status: badKey };
  const before = recordOf(session, edit);
  const outcome = before?.done ?? await run(edit, session, before !== undefined, call);
  if (!isDone(outcome)) return outcome;
  const key = await handOut(session, edit, outcome);
  if (outcome.gone !== undefined) await work.state.drop(device, [outcome.gone]);
  return { ...outcome, key };
}

export const isDone = (outcome: EditOutcome): outcome is Edited => outcome.status === ok;

/** What the journal says of an edit: that it began, and, if so, how it ended. */
interface Entry {
  readonly done?: Edited;
}

function recordOf({ journal }: Session, { id }: FolderEdit): Entry | undefined {
  const journalled = journal.get(id);
  return journalled && JSON.parse(journalled.record) as Entry;
}

async function run(
  edit: FolderEdit,
  session: Session,
  begun: boolean,
  call: EasCall,
): Promise<EditOutcome> {
  const { mailbox } = call;
  if (!editsFolders(mailbox)) return { status: edit.forbidden };
  try {
    return await edit.run({
      mailbox,
      token: tokenOf(call, edit),
      begun,
      begin: () => session.intend([{ id: edit.id, record: JSON.stringify({} satisfies Entry) }]),
    });
  } catch (error) {
    if (error instanceof Refused) return { status: statusOf(error, edit) };
    throw error;
  }
}

export function editsFolders(mailbox: Mailbox): mailbox is Mailbox & EditsFolders {
  return "createFolder" in mailbox;
}

function statusOf(error: Refused, { forbidden }: FolderEdit): number {
  switch (error.reason) {
    case "exists":
      return exists;
    case "special":
    case "readonly":
      return forbidden;
    case "quota":
      throw new Status(113, error.message, { cause: error });
    default:
      return malformed;
  }
}

function tokenOf(call: EasCall, { key, id }: FolderEdit): string {
  const { account, device } = deviceOf(call);
  const name = [account, device, hierarchy, key, id].join("\n");
  return `folder:${createHash("sha256").update(name).digest("base64url")}`;
}

/**
 * Makes durable what the answer says; returns its key. The place in the history stays where it was:
 * what others did comes with the next FolderSync, which finds that the device knows of its own edit.
 * Not so where a folder was made: a repeat is told of the one that its first attempt made before the
 * server stopped. If that is gone again, a FolderSync in between had nothing to say and went past it.
 */
async function handOut(session: Session, { id }: FolderEdit, done: Edited): Promise<string> {
  const held = done.held ? [done.held] : [];
  const gone = done.gone === undefined ? [] : [done.gone];
  if (session.lost && isSame(session.lost, { held, gone })) return session.lost.key;
  const record = JSON.stringify({ done } satisfies Entry);
  const state = done.serverId === undefined ? session.state! : placeless;
  return await session.commit({ state, held, gone, journal: [{ id, record }] });
}

/** The answer's document: a key and an id only where the edit was done. */
function writeEdit(root: Tag, { status, key, ...rest }: FolderAnswer): Element {
  const serverId = "serverId" in rest ? rest.serverId : undefined;
  return el(
    root,
    el("FolderHierarchy:Status", status),
    key === undefined ? undefined : el("FolderHierarchy:SyncKey", key),
    serverId === undefined ? undefined : el("FolderHierarchy:ServerId", serverId),
  );
}

/** The id, or the key, in a required element; undefined where it is absent or empty. */
export function required(document: Element | undefined, tag: Tag): string | undefined {
  return document?.textOf(tag)?.trim() || undefined;
}
