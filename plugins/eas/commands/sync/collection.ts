// One collection of a Sync: repeat the lost answer, or run the device's commands and find changes.
import type { FolderId } from "../../../mailbox/api.ts";
import type { EasCall, HandedOut, Session } from "../../api.ts";
import type { ItemOptions } from "../../schema/options.ts";
import { deviceOf, type Work } from "../work.ts";
import { type Brake, released } from "./brake.ts";
import {
  type Answered,
  type CommandContext,
  type Commanded,
  file,
  runCommands,
} from "./device_commands.ts";
import { viewAfter } from "./effects.ts";
import { findChanges } from "./find.ts";
import { beginHunt, type Hunt, type Op } from "./hunt.ts";
import { beginReading, type Begun } from "./items.ts";
import { type Entry, type Filed, readJournal } from "./journal.ts";
import { type CollectionOptions, floorOf, standardOptions, wishes } from "./options.ts";
import { amendments, answersIn, asksTheSame, replayed } from "./replay.ts";
import type { AskedCollection } from "./request.ts";
import { addsTooMuch, slowedDown, type Stubs, stubsOf } from "./relief.ts";
import {
  type CollectionState,
  formatState,
  parseState,
  startOf,
  withFloor,
  withOptions,
} from "./state.ts";

/** What is told of a collection. MS-ASCMD 2.2.3.177.17 */
export interface CollectionAnswer {
  readonly id: string;
  readonly key: string;
  readonly status: 1 | 3 | 4 | 5 | 8 | 12;
  readonly more: boolean;
  readonly answers: readonly Answered[];
  /** Items to be fetched. */
  readonly fetches: readonly string[];
  readonly ops: readonly Op[];
  /** Where the items are being read already. */
  readonly begun?: Begun;
  readonly options: ItemOptions;
  /** Items older than this come without their bodies. */
  readonly briefBefore?: number;
  /** Items that go out as stubs, and why. */
  readonly stubs?: Stubs;
  /** The device does not get on with this: nothing of other folders may come with it. */
  readonly alone?: boolean;
  /** Nothing to say: it may be left out. */
  readonly quiet: boolean;
}

/** What a collection's work needs besides its request. */
export interface CollectionWork {
  readonly work: Work;
  readonly call: EasCall;
  readonly session: Session;
  /** How many items the answer may still hold. */
  readonly room: number;
  /** Nothing else is read for the answer yet. */
  readonly first: boolean;
  /** When the search for changes ends, by the clock. */
  readonly until: number;
  trash(): Promise<FolderId | undefined>;
  drafts(): Promise<FolderId | undefined>;
}

/** Answers one collection. Throws NotFound where its folder is gone, Outdated, Unavailable. */
export async function syncCollection(
  request: AskedCollection,
  parts: CollectionWork,
): Promise<CollectionAnswer> {
  const plan = planOf(request, parts);
  // With key 0 changes must not be asked for; phones that do expect items and get them.
  const { strict } = parts.work.host.config;
  if (strict && plan.wants && plan.before === undefined) return failed(request, 4);
  // Status 5 is the one after which devices keep what they have to tell, and come back later.
  if (await addsTooMuch(plan)) return failed(request, 5);
  return await sentAgain(plan) ?? await madeAnew(plan);
}

/** What a request comes down to, together with what is remembered. */
interface Plan extends CollectionWork {
  readonly request: AskedCollection;
  /** Undefined: the device starts over. */
  readonly before: CollectionState | undefined;
  readonly options: CollectionOptions;
  /** Changes of the server are asked for. */
  readonly wants: boolean;
  /** The answers that brought just what is asked for, the last one first. */
  readonly wanted: readonly HandedOut[];
  readonly window: number;
  readonly brake: Brake | undefined;
  /** The most things that the answer may tell because of a brake; Infinity: there is none. */
  readonly most: number;
  readonly filed: readonly Filed[];
  readonly journal: Map<string, Entry>;
  readonly fetches: readonly string[];
}

function planOf(request: AskedCollection, parts: CollectionWork): Plan {
  const { session, room } = parts;
  const before = session.state === undefined ? undefined : parseState(session.state);
  // Commands with key 0 are ignored: some clients send them.
  const commands = before ? request.commands : [];
  const wants = request.getChanges ?? before !== undefined;
  const filed = file(commands, parts.call.version);
  const journal = readJournal(session);
  const wanted = answersIn(session).filter((one) =>
    asksTheSame(one, request, wants, filed, journal)
  );
  const brake = slowedDown(parts, request, wanted[0]);
  const most = brake?.window ?? released(before?.eased);
  return {
    ...parts,
    brake,
    request,
    before,
    options: wishes(request, before?.options),
    wants,
    wanted,
    window: Math.min(request.window, room, most),
    most,
    filed,
    journal,
    fetches: commands.filter(({ kind }) => kind === "fetch").map(({ id }) => id),
  };
}

/** The answer that brought just what the device asks for, not only the last; undefined: make another. */
async function sentAgain(plan: Plan): Promise<CollectionAnswer | undefined> {
  const { session, request, wanted, filed, journal, fetches } = plan;
  // Also where less is left of it than it told: the next step goes by what the new one tells.
  if (plan.brake?.tightened) return undefined;
  for (const answer of wanted) {
    const { answers, effects } = await runCommands(contextOf(plan), filed, journal);
    const { key, state, ops } = await replayed(session, answer, effects, plan.call.mailbox);
    if (ops.length > plan.window) continue;
    await session.amend(amendments(ops), key);
    const { more } = state;
    const told = { more, answers, fetches, ops, quiet: false };
    return { ...frame(request, key, state), ...told, ...await relieved(plan, ops) };
  }
  return undefined;
}

async function madeAnew(plan: Plan): Promise<CollectionAnswer> {
  const { session, request, call, wants, filed, journal, fetches } = plan;
  const commanded = await runCommands(contextOf(plan), filed, journal);
  const hunt = beginHunt({
    view: viewAfter(session, commanded.effects),
    mailbox: call.mailbox,
    folder: request.id,
    version: call.version,
    state: await stateOf(plan),
    window: plan.window,
    isLate: () => call.clock.now() >= plan.until,
  });
  const looks = wants && plan.room > 0;
  // Where there is no room, what a lost answer told comes with the next one.
  const waits = wants && session.lost !== undefined && parseState(session.lost.state).told > 0;
  const more = looks ? await findChanges(hunt, commanded.doubtful) : waits;
  const { eased: _, ...found } = hunt.state;
  const eased = more && plan.most < request.window ? { eased: plan.most } : {};
  const state = { ...found, asked: wants, more, told: hunt.ops.size, ...eased };
  const ops = [...hunt.ops.values()];
  // One folder at a time: what is read is held until the answer comes to it.
  const begun = plan.first && ops.length > 0 && beginReading(ops, state.options.item, call);
  // What it asks of a server that is far away goes out before this process works on the commit.
  if (begun) await new Promise((resolve) => setImmediate(resolve));
  const key = await handOut(plan, { hunt, commanded, more }, state);
  return {
    ...frame(request, key, state),
    more,
    answers: commanded.answers,
    fetches,
    ops,
    ...(begun && { begun }),
    quiet: key === request.key && fetches.length === 0,
    ...await relieved(plan, ops),
  };
}

/** What an answer that the device does not get on with says besides. */
async function relieved(plan: Plan, ops: readonly Op[]) {
  return { stubs: await stubsOf(plan, ops), alone: plan.brake !== undefined && ops.length > 0 };
}

/** Where the search for changes begins. */
async function stateOf({ before, options, call, request }: Plan): Promise<CollectionState> {
  const floor = floorOf(options.filter, call.clock.now());
  if (before) return withOptions(withFloor(before, floor), options);
  const { cursor } = await call.mailbox.changes(request.id, undefined, 0);
  return startOf(cursor, floor, options);
}

function contextOf(plan: Plan): CommandContext {
  const { request, session, call, work, options, trash, drafts } = plan;
  return {
    device: deviceOf(call),
    session,
    key: request.key,
    mailbox: call.mailbox,
    folder: request.id,
    serverWins: options.conflict === "server",
    deletesAsMoves: request.deletesAsMoves,
    trash,
    drafts,
    version: call.version,
    account: call.account,
    clock: call.clock,
    sent: work.sent,
  };
}

/** Makes durable what the answer will say, and returns its key. Nothing to say: nothing is written. */
async function handOut(
  { request, session, before }: Plan,
  { hunt, commanded, more }: { hunt: Hunt; commanded: Commanded; more: boolean },
  state: CollectionState,
): Promise<string> {
  const { effects, journal, answers } = commanded;
  const nothing = hunt.ops.size === 0 && !hunt.redated && answers.length === 0 && !more;
  // Where the lost answer told something, that there is nothing any more is news.
  if (before && nothing && !session.lost) {
    if (isNews(before, state, session.state)) await session.keep(formatState(state));
    return request.key;
  }
  const after = new Map(effects);
  for (const [item, held] of hunt.silent) after.set(item, held);
  for (const { item, after: held } of hunt.ops.values()) after.set(item, held);
  return await session.commit({
    state: formatState(state),
    held: [...after.values()].filter((held) => held !== undefined),
    gone: [...after].filter(([, held]) => held === undefined).map(([item]) => item),
    journal,
  });
}

/** What was asked for is of no interest where nothing was handed out. */
function isNews(
  { asked, more, told }: CollectionState,
  state: CollectionState,
  kept: string | undefined,
): boolean {
  return formatState({ ...state, asked, more, told }) !== kept;
}

type Frame = Pick<CollectionAnswer, "id" | "key" | "status" | "options" | "briefBefore">;

// MS-ASCMD 2.2.3.36.2: of what only its conversation brings, no bodies
function frame({ id }: AskedCollection, key: string, { options, floor }: CollectionState): Frame {
  const brief = options.conversations && { briefBefore: floor };
  return { id, key, status: 1, options: options.item, ...brief };
}

/** A collection that fails alone. */
export function failed(
  { id, key }: Pick<AskedCollection, "id" | "key">,
  status: CollectionAnswer["status"],
): CollectionAnswer {
  const told = { id, key: status === 3 ? "0" : key, status, options: standardOptions.item };
  return { ...told, more: false, answers: [], fetches: [], ops: [], quiet: false };
}
