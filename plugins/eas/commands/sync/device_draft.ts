// Drafts from the device: written, changed, sent. Since 16.0, in the folder for drafts.
import { createHash, type Hash } from "node:crypto";
import {
  type Attachment,
  type Item,
  type ItemState,
  type Marks,
  NotFound,
  Refused,
} from "../../../mailbox/api.ts";
import { atLeast, type Element, Status } from "../../api.ts";
import { canBeSent, composeDraft, type Draft, senderOf, storedBase } from "../../letter/draft.ts";
import { attachmentReference } from "../../schema/attachments.ts";
import { readDraft } from "../../schema/draft.ts";
import {
  afterReplacing,
  BadItem,
  contentDiffers,
  fingerprint,
  untold,
} from "../../schema/marks.ts";
import type { CommandContext, Items } from "./device_commands.ts";
import type { NewFile, Outcome } from "./journal.ts";
import type { DeviceCommand } from "./request.ts";

/** A command on a draft, on its way. */
export interface DraftTask {
  readonly command: DeviceCommand;
  /** Its token; with an attempt: that of another content under the same id. */
  token(attempt?: number): string;
  /** The token of its sending. */
  readonly sendToken: string;
  /** Another content came under this id before. */
  readonly again: boolean;
  /** Begun before with this content, and then the server stopped. */
  readonly interrupted: boolean;
}

/** What a command is to do with a draft, as a short text; "bad" where it cannot be read. */
export function draftWork({ data, send }: DeviceCommand): string {
  try {
    readDraft(data);
  } catch (error) {
    if (error instanceof BadItem) return "bad";
    throw error;
  }
  const hash = createHash("sha256").update(send ? "send" : "save");
  if (data) digest(data, hash);
  return `draft:${hash.digest("base64url")}`;
}

/** Tells the work on drafts from other work. */
export const isDraftWork = (what: string) => what.startsWith("draft:");

function digest(element: Element, hash: Hash): void {
  hash.update(`<${element.tag}>`);
  if (element.children.length > 0) { for (const child of element.children) digest(child, hash); }
  else hash.update(element.bytes);
  hash.update("</>");
}

/** Mail is added by delivery and by SendMail; a device adds drafts only. */
// MS-ASEMAIL 3.1.5.3
export async function addDraft(context: CommandContext, task: DraftTask): Promise<Outcome> {
  if (!await takesDrafts(context)) return { status: 6 };
  const { mailbox, folder } = context;
  try {
    const draft = await composed(context, task);
    const marks = { read: true, ...readDraft(task.command.data).marks, draft: true };
    if (task.command.send) {
      const failure = await send(context, task, draft);
      if (failure !== undefined) return { status: failure };
      // The device may have saved it before it sent it, and never heard of that.
      if (task.again) await remove(context, task, (await makeAgain(context, task, marks)).id);
      return { status: 1 };
    }
    if (task.again) {
      const made = await makeAgain(context, task, marks);
      return await added(context, made, await composed(context, task));
    }
    const made = await mailbox.create(folder, { mime: draft.mime, marks }, task.token(1));
    const outcome = await added(context, made, draft);
    // It may be a repeat that no journal tells from a first time: somebody may have changed it since.
    return context.session.forgetful ? { ...outcome, doubtful: made.id } : outcome;
  } catch (error) {
    // The folder is gone: that concerns more than this draft.
    if (error instanceof NotFound) throw error;
    return { status: refusal(error) };
  }
}

/** Stores a draft whose first content may be stored already: then under the id that this one has. */
async function makeAgain(
  context: CommandContext,
  task: DraftTask,
  marks: Partial<Marks>,
): Promise<ItemState> {
  const { mailbox, folder, clock } = context;
  const content = async () => ({ mime: (await composed(context, task)).mime, marks });
  const { id } = await mailbox.create(folder, await content(), task.token(1));
  try {
    const dated = { ...await content(), date: clock.now() };
    return await mailbox.replace(id, dated, `${task.token()}:save`);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    return await mailbox.create(folder, await content(), task.token());
  }
}

// MS-ASEMAIL 3.1.5.4
export async function changeDraft(
  context: CommandContext,
  items: Items,
  task: DraftTask,
): Promise<Outcome> {
  const { id, data, send: sends } = task.command;
  if (!await takesDrafts(context)) return { status: 6 };
  const [item, before] = [items.now.get(id), items.held.get(id)];
  if (!item) return { status: sends && await wasSent(context, task) ? 1 : 8 };
  const now = fingerprint(item.state.revision, item.state.marks);
  // What differs after an interrupted attempt is its own doing.
  const differs = before !== undefined && contentDiffers(before.has, now);
  if (context.serverWins && differs && !task.interrupted) return { status: 7, doubtful: id };
  try {
    if (!sends) return await save(context, items, task, item);
    const failure = await send(context, task, await composed(context, task, item));
    if (failure === undefined) {
      await remove(context, task, id);
      items.now.delete(id);
      // The device is told that the draft is gone: it is an item of this folder to it still.
      return { status: 1 };
    }
    // What was written is kept, though it could not be sent.
    const saved = data ? await save(context, items, task, item) : {};
    return { ...saved, status: failure };
  } catch (error) {
    return { status: refusal(error) };
  }
}

async function composed(
  { mailbox, account, device, clock }: CommandContext,
  { command }: DraftTask,
  before?: Item,
): Promise<Draft> {
  const base = before && await storedBase(mailbox, before);
  const now = clock.now();
  const name = [account.id, device.device, command.id, now].join("\n");
  return await composeDraft(base, readDraft(command.data), { account, now, name });
}

async function save(
  context: CommandContext,
  items: Items,
  task: DraftTask,
  item: Item,
): Promise<Outcome> {
  const { mailbox, clock } = context;
  const { marks } = readDraft(task.command.data);
  const draft = await composed(context, task, item);
  const content = { mime: draft.mime, marks: { ...marks, draft: true }, date: clock.now() };
  const state = await mailbox.replace(item.id, content, `${task.token()}:save`);
  items.now.set(item.id, { ...item, state });
  const { files, whole } = await filesOf(context, state, draft);
  const before = items.held.get(item.id);
  if (!before) return { status: 1, ...files };
  const has = afterReplacing(before.has, fingerprint(state.revision, state.marks), marks);
  const held = { item: item.id, date: state.date, has: whole ? untold(has) : has };
  return { status: 1, held, ...files, ...(whole && { doubtful: item.id }) };
}

async function added(
  context: CommandContext,
  state: ItemState,
  draft: Draft,
): Promise<Outcome> {
  const { files, whole } = await filesOf(context, state, draft);
  const has = fingerprint(state.revision, state.marks);
  const held = { item: state.id, date: state.date, has: whole ? untold(has) : has };
  return { status: 1, serverId: state.id, held, ...files, ...(whole && { doubtful: state.id }) };
}

/**
 * The references of new attachments. `whole`: the device cannot know all references now, because
 * parts have moved or came inside of MIME: it must be told the item.
 */
async function filesOf(
  { mailbox }: CommandContext,
  state: ItemState,
  { files }: Draft,
): Promise<{ readonly files: Pick<Outcome, "files">; readonly whole: boolean }> {
  if (files === "same") return { files: {}, whole: false };
  const { id } = state;
  const stored = await attachmentsOf(mailbox, id);
  if (files === "unknown" || files.length !== stored.length) {
    return { files: {}, whole: stored.length > 0 };
  }
  const references = stored.map((attachment) => attachmentReference({ id, state }, attachment));
  const fresh = files.flatMap(({ clientId, name }, at): NewFile[] =>
    clientId === undefined ? [] : [{ clientId, reference: references[at]!, name }]
  );
  const whole = files.some(({ reference, clientId }, at) =>
    clientId === undefined && reference !== references[at]
  );
  return { files: fresh.length > 0 ? { files: fresh } : {}, whole };
}

async function attachmentsOf(
  mailbox: CommandContext["mailbox"],
  id: string,
): Promise<readonly Attachment[]> {
  for await (const { mail } of mailbox.read([id], { preview: false })) {
    return mail?.attachments ?? [];
  }
  return [];
}

/** Sends a draft once; a status where it cannot be sent. */
// MS-ASEMAIL 2.2.2.69
async function send(
  { mailbox, account, device, sent, clock }: CommandContext,
  task: DraftTask,
  { fields, mime }: Draft,
): Promise<Outcome["status"] | undefined> {
  // MS-ASCMD 2.2.2
  if (!canBeSent(fields)) return 183;
  const token = task.sendToken;
  try {
    const from = senderOf(fields, account);
    await mailbox.send({ mime, from, to: [], saveInSent: true }, token);
  } catch (error) {
    return refusal(error);
  }
  await sent.remember(account.id, device.device, token, clock.now());
  return undefined;
}

async function wasSent({ account, device, sent }: CommandContext, task: DraftTask) {
  return await sent.has(account.id, device.device, task.sendToken);
}

async function remove({ mailbox }: CommandContext, task: DraftTask, id: string): Promise<void> {
  await mailbox.remove(id, `${task.token()}:sent`);
}

/** Devices up to 14.1 only read drafts. */
async function takesDrafts({ version, folder, drafts }: CommandContext): Promise<boolean> {
  return atLeast(version, "16.0") && await drafts() === folder;
}

/** The status for what will never work; everything else is thrown on. */
function refusal(error: unknown): Outcome["status"] {
  if (error instanceof Status) return 6;
  if (error instanceof NotFound) return 8;
  if (!(error instanceof Refused)) throw error;
  if (error.reason === "recipient") return 183;
  return error.reason === "quota" ? 9 : 6;
}
