// Runs a Sync: completes the request, works on each collection by itself, waits where it may.
import { Unavailable } from "../../../../core/mod.ts";
import { type FolderId, type Mailbox, NotFound, type Role } from "../../../mailbox/api.ts";
import { type EasCall, hierarchy, Status } from "../../api.ts";
import { Busy } from "../../device_lock.ts";
import { Outdated, type Session } from "../../sync_state.ts";
import { hierarchyDiffers } from "../folder_sync.ts";
import { stateFor } from "../moved_in.ts";
import { atRest, deviceOf, type Work } from "../work.ts";
import { completed, forgetRequest, type FullRequest, keepRequest } from "./cached.ts";
import { type CollectionAnswer, failed, syncCollection } from "./collection.ts";
import { searchTime } from "./hunt.ts";
import { patienceOf } from "./patience.ts";
import { leans } from "./read.ts";
import { type AskedCollection, isRefusal, type Refusal, type SyncRequest } from "./request.ts";

export type SyncOutcome = readonly CollectionAnswer[] | Refusal;

/** Answers a request. Statuses of the whole request are refusals; the rest is said per collection. */
export async function runSync(
  work: Work,
  asked: SyncRequest | Refusal,
  call: EasCall,
): Promise<SyncOutcome> {
  const device = deviceOf(call);
  // Whoever asks again does not read an older answer any more.
  work.waits.end(device);
  if (isRefusal(asked)) return asked;
  try {
    const request = await completed(asked, work.state, device);
    if (isRefusal(request)) return request;
    const limit = limitOf(work, request);
    // MS-ASCMD 2.2.3.177.17: older versions have neither the status nor the Limit.
    if (limit) return leans(call.version) ? limit : { status: 4 };
    return await answer(work, request, call);
  } catch (error) {
    if (!(error instanceof Busy || error instanceof Outdated)) throw error;
    if (leans(call.version)) return { status: 16 };
    throw new Status(111, error.message, { cause: error, headers: { "Retry-After": "5" } });
  }
}

function limitOf({ host }: Work, { collections, patience }: FullRequest): Refusal | undefined {
  const { maxFolders, heartbeat } = host.config;
  if (collections.length > maxFolders) return { status: 15, limit: maxFolders };
  const wait = patience && patienceOf(patience, heartbeat);
  return wait && "limit" in wait ? { status: 14, limit: wait.limit } : undefined;
}

async function answer(work: Work, request: FullRequest, call: EasCall): Promise<SyncOutcome> {
  const device = deviceOf(call);
  const pass = (collections: readonly AskedCollection[]) => {
    // Measured from here: time in the line for the device's lock is time that the device waits.
    const until = call.clock.now() + searchTime;
    const asked = { ...request, collections };
    return work.lock.run(device, call.signal, () => workThrough(work, asked, call, until));
  };
  const first = await pass(request.collections);
  if (isRefusal(first)) return first;
  // Where every key has moved on, nothing can lean on this request.
  const keepOrForget = first.some(({ quiet }) => quiet) ? keepRequest : forgetRequest;
  if (leans(call.version)) await keepOrForget(request, work.state, device);
  const wait = request.patience && patienceOf(request.patience, work.host.config.heartbeat);
  if (!wait || "limit" in wait || first.some(({ quiet }) => !quiet)) return first;
  return await waitFor(work, request.collections, call, wait.ms, pass) ?? first;
}

/** Waits for something to tell. Commands have run by now, and nothing was handed out. */
async function waitFor(
  work: Work,
  collections: readonly AskedCollection[],
  call: EasCall,
  ms: number,
  pass: (collections: readonly AskedCollection[]) => Promise<SyncOutcome>,
): Promise<SyncOutcome | undefined> {
  const device = deviceOf(call);
  const { mailbox } = call;
  return await work.waits.wait<SyncOutcome>(device, {
    ms,
    signal: call.signal,
    folders: ["", ...collections.map(({ id }) => id)],
    watch: (folders, changed) => mailbox.watch(folders, changed),
    async check(folders) {
      if (folders.includes("") && await hierarchyMoved(work, call)) return { status: 12 };
      const touched = collections.filter(({ id }) => folders.includes(id));
      if (touched.length === 0) return undefined;
      const outcome = await pass(touched);
      return isRefusal(outcome) || outcome.some(({ quiet }) => !quiet) ? outcome : undefined;
    },
  });
}

async function hierarchyMoved(work: Work, call: EasCall): Promise<boolean> {
  return await atRest(work, call, async () => {
    const looks = await work.state.look(deviceOf(call), [hierarchy]);
    return await hierarchyDiffers(looks.get(hierarchy), call.mailbox);
  });
}

/** One pass over collections, in their order; each fails alone. */
async function workThrough(
  work: Work,
  request: FullRequest,
  call: EasCall,
  until: number,
): Promise<SyncOutcome> {
  const { collections, assumed } = request;
  const sessions = await stateFor(work, call).open(
    deviceOf(call),
    collections.map(({ id, key }) => ({ collection: id, key })),
  );
  // Key 0 is always known, and starts over: nobody wants that who says nothing.
  const isDoubtful = ({ id, key }: AskedCollection) =>
    key === "0" || !sessions.has(id) || sessions.get(id)!.lost !== undefined;
  if (collections.some((one) => assumed.has(one.id) && isDoubtful(one))) return { status: 13 };
  const trash = once(() => specialOf(call.mailbox, "trash"));
  const drafts = once(() => specialOf(call.mailbox, "drafts"));
  const answers: CollectionAnswer[] = [];
  let room = request.window;
  let isolated = false;
  let failures: unknown[] = [];
  for (const collection of collections) {
    const session = sessions.get(collection.id);
    // Beside a folder that the device does not get on with, others that it asks for again say that
    // there is more: it would not come back for what a lost answer had told.
    const isLeftOut = room <= 0 && !(isolated && session?.lost);
    if (isLeftOut && collection.commands.length === 0 && collection.key !== "0") continue;
    const first = answers.every(({ ops }) => ops.length === 0);
    const parts = { work, call, room: Math.max(0, room), trash, drafts, until, first };
    const outcome = await alone(collection, session, parts);
    isolated ||= outcome.answer.alone === true;
    room = isolated ? 0 : room - outcome.answer.ops.length;
    answers.push(outcome.answer);
    if (outcome.failure !== undefined) failures = [...failures, outcome.failure];
  }
  return whole(answers, failures);
}

interface Alone {
  readonly answer: CollectionAnswer;
  readonly failure?: unknown;
}

/** A collection's answer, or what is said of its failure. */
async function alone(
  request: AskedCollection,
  session: Session | undefined,
  parts: Omit<Parameters<typeof syncCollection>[1], "session">,
): Promise<Alone> {
  const { call } = parts;
  if (request.malformed !== undefined) {
    call.log.info({ collection: request.id, reason: request.malformed }, "a collection is refused");
    return { answer: failed(request, 4) };
  }
  // The hierarchy has a SyncKey too, but no items.
  if (request.id === hierarchy) return { answer: failed(request, 12) };
  if (!session) return { answer: failed(request, 3) };
  try {
    return { answer: await syncCollection(request, { ...parts, session }) };
  } catch (error) {
    if (error instanceof Outdated || error instanceof Status) throw error;
    // The folder is gone: the device looks at the hierarchy and finds out.
    if (error instanceof NotFound) return { answer: failed(request, 12) };
    if (error instanceof Unavailable) {
      const reason = error.message;
      call.log.warn({ reason, collection: request.id }, "a collection has to wait");
    } else call.log.error({ err: error, collection: request.id }, "a collection failed");
    return { answer: failed(request, 5), failure: error };
  }
}

/** Where the store cannot be reached at all, the device had better come back later. */
function whole(answers: readonly CollectionAnswer[], failures: readonly unknown[]): SyncOutcome {
  const away = failures.find((failure) => failure instanceof Unavailable);
  if (away !== undefined && failures.length === answers.length) throw away;
  return answers;
}

async function specialOf(mailbox: Mailbox, role: Role): Promise<FolderId | undefined> {
  let page = await mailbox.folders(undefined);
  for (;;) {
    const found = page.changes.find(({ folder }) => folder?.role === role);
    if (found || !page.more) return found?.id;
    page = await mailbox.folders(page.cursor);
  }
}

function once<R>(get: () => Promise<R>): () => Promise<R> {
  let value: Promise<R> | undefined;
  return () => value ??= get();
}
