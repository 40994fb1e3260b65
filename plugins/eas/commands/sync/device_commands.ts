// Runs a device's commands once each: intent, write with a token, outcome for the commit.
import { createHash } from "node:crypto";
import type { Account, Clock } from "../../../../core/mod.ts";
import type { FolderId, Item, ItemId, Mailbox, Marks } from "../../../mailbox/api.ts";
import {
  atLeast,
  type DeviceRef,
  type Held,
  type Journalled,
  type Session,
  type Version,
} from "../../api.ts";
import { BadItem, readMarks } from "../../schema/marks.ts";
import type { Sent } from "../../sent.ts";
import { applyChange } from "./device_change.ts";
import { applyDelete } from "./device_delete.ts";
import { addDraft, changeDraft, type DraftTask, draftWork, isDraftWork } from "./device_draft.ts";
import type { Effects } from "./effects.ts";
import {
  doneBefore,
  type Entry,
  type Filed,
  inOrder,
  journalled,
  type Outcome,
} from "./journal.ts";
import type { DeviceCommand } from "./request.ts";

/** What commands work with. */
export interface CommandContext {
  readonly device: DeviceRef;
  readonly session: Session;
  readonly key: string;
  readonly mailbox: Mailbox;
  readonly folder: FolderId;
  readonly serverWins: boolean;
  readonly deletesAsMoves: boolean;
  /** The folder that deleted items go to; undefined where there is none. */
  trash(): Promise<FolderId | undefined>;
  readonly version: Version;
  readonly account: Account;
  readonly clock: Clock;
  /** Which drafts were sent. */
  readonly sent: Sent;
  /** The folder for drafts; undefined where there is none. */
  drafts(): Promise<FolderId | undefined>;
}

/** A command's answer; the journal's come back even where the request no longer carries them. */
export interface Answered {
  readonly kind: DeviceCommand["kind"];
  readonly id: string;
  readonly outcome: Outcome;
}

export interface Commanded {
  readonly answers: readonly Answered[];
  /** Of all commands under this key, those of lost answers too. */
  readonly effects: Effects;
  readonly doubtful: readonly ItemId[];
  readonly journal: readonly Journalled[];
}

/** Commands with their names in the journal: a second one for the same item gets a number. */
export function file(commands: readonly DeviceCommand[], version: Version): Filed[] {
  const counts = new Map<string, number>();
  return commands.filter(({ kind }) => kind !== "fetch").map((command) => {
    const name = `${command.kind}:${command.id}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return { id: count === 0 ? name : `${name}#${count}`, command, what: whatOf(command, version) };
  });
}

/** What a command is to do, as text. */
function whatOf(command: DeviceCommand, version: Version): string {
  const { kind, data, send } = command;
  if (kind === "delete") return kind;
  const marks = kind === "change" && !send ? marksOf(data) : undefined;
  // Undefined is a value here: no flag.
  if (marks) return JSON.stringify(marks, (_, value) => value === undefined ? null : value);
  return atLeast(version, "16.0") ? draftWork(command) : "bad";
}

function marksOf(data: DeviceCommand["data"]): Partial<Marks> | undefined {
  try {
    return readMarks(data);
  } catch (error) {
    if (error instanceof BadItem) return undefined;
    throw error;
  }
}

/** Runs what has not run yet under this key, and answers all of it. */
export async function runCommands(
  context: CommandContext,
  filed: readonly Filed[],
  journal: Map<string, Entry>,
): Promise<Commanded> {
  const fresh = filed.filter((one) => !doneBefore(journal, one));
  const begun = new Set(journal.keys());
  const interrupted = new Set([...journal].filter(([, { done }]) => !done).map(([id]) => id));
  const writing = fresh.filter(({ what }) => what !== "bad");
  const order = journal.size;
  const started = fresh.map((one, at): [Filed, Entry] => [one, {
    kind: one.command.kind,
    item: one.command.id,
    what: one.what,
    attempt: attemptOf(journal.get(one.id), one),
    order: order + at,
  }]);
  if (writing.length > 0) {
    await context.session.intend(started.map(([{ id }, entry]) => journalled(id, entry)));
  }
  const items = await lookUp(context, writing, outcomesOf(journal));
  const changed: Journalled[] = [];
  for (const [one, entry] of started) {
    const task: DraftTask = {
      command: one.command,
      token: (attempt = entry.attempt) => tokenOf(context, one, attempt),
      sendToken: `${tokenOf(context, one, 1, sending(context, one))}:send`,
      again: entry.attempt > 1,
      interrupted: interrupted.has(one.id),
    };
    const outcome = await runOne(context, one, task, items, begun);
    const done = { ...entry, done: outcome };
    journal.set(one.id, done);
    changed.push(journalled(one.id, done));
    if (outcome.held) items.held.set(outcome.held.item, outcome.held);
  }
  return { ...outcomes(journal, filed), journal: changed };
}

/** The same command begun before goes on with its token; other content gets a new one. */
function attemptOf(entry: Entry | undefined, { what }: Filed): number {
  if (!entry) return 1;
  return entry.what === what && !entry.done ? entry.attempt : entry.attempt + 1;
}

function tokenOf(
  context: CommandContext,
  one: Filed,
  attempt: number,
  under = placeOf(context, one),
): string {
  const { device, folder } = context;
  const name = [device.account, device.device, folder, under, one.id, attempt].join("\n");
  return `sync:${createHash("sha256").update(name).digest("base64url")}`;
}

/**
 * What a command's id is unique under: its key. Where no journal is kept, a device whose answer was
 * lost starts over and sends its Adds under another key: there their content is what tells a repeat
 * from another item, because ids of devices that count from one come again.
 */
const placeOf = ({ session, key }: CommandContext, { command, what }: Filed) =>
  session.forgetful && command.kind === "add" ? what : key;

/** A device composes a repeat anew: its id counts, not its content. A draft goes out once only. */
const sending = (context: CommandContext, one: Filed) =>
  context.session.forgetful && one.command.kind === "change" ? "" : placeOf(context, one);

/** Items as they are and as the device has them; commands keep both up to date for the next. */
export interface Items {
  readonly now: Map<ItemId, Item>;
  readonly held: Map<ItemId, Held>;
}

/** The items that commands touch, in few round trips. */
async function lookUp(
  { session, mailbox, folder }: CommandContext,
  filed: readonly Filed[],
  earlier: readonly Outcome[],
): Promise<Items> {
  const touching = filed.filter(({ command }) => command.kind !== "add");
  const ids = [...new Set(touching.map(({ command }) => command.id))];
  if (ids.length === 0) return { now: new Map(), held: new Map() };
  const now = new Map<ItemId, Item>();
  for await (const item of mailbox.read(ids, { preview: false })) {
    if (item.folder === folder) now.set(item.id, item);
  }
  const held = await session.held(ids);
  // A device that took part of a lost answer may already act on what it got.
  for (const one of session.lost?.held ?? []) if (!held.has(one.item)) held.set(one.item, one);
  // What its commands made of them before the answer was lost is the device's own doing.
  for (const outcome of earlier) if (outcome.held) held.set(outcome.held.item, outcome.held);
  return { now, held };
}

const outcomesOf = (journal: ReadonlyMap<string, Entry>): Outcome[] =>
  inOrder(journal).map(([, { done }]) => done).filter((done) => done !== undefined);

function runOne(
  context: CommandContext,
  { id: name, command, what }: Filed,
  task: DraftTask,
  items: Items,
  begun: ReadonlySet<string>,
): Outcome | Promise<Outcome> {
  const { id } = command;
  // Status 6 tells the device to keep it to itself and to go on.
  if (what === "bad") return { status: 6 };
  switch (command.kind) {
    case "change":
      if (isDraftWork(what)) return changeDraft(context, items, task);
      return applyChange(context, items, id, marksOf(command.data)!, task.token());
    case "delete":
      return applyDelete(context, items, id, begun.has(name), task.token());
    default:
      return addDraft(context, task);
  }
}

/** The answers in the order of the request, then those which it no longer carries. */
function outcomes(
  journal: ReadonlyMap<string, Entry>,
  filed: readonly Filed[],
): Omit<Commanded, "journal"> {
  const effects = new Map<ItemId, Held | undefined>();
  const doubtful = new Set<ItemId>();
  const asked = new Set(filed.map(({ id }) => id));
  const answers = filed.map(({ id, command }): Answered => ({
    kind: command.kind,
    id: command.id,
    outcome: journal.get(id)!.done!,
  }));
  for (const [name, { kind, item, done }] of inOrder(journal)) {
    if (!done) continue;
    if (done.held) effects.set(done.held.item, done.held);
    if (done.gone !== undefined) effects.set(done.gone, undefined);
    if (done.doubtful !== undefined) doubtful.add(done.doubtful);
    if (!asked.has(name)) answers.push({ kind, id: item, outcome: done });
  }
  return { answers, effects, doubtful: [...doubtful] };
}
