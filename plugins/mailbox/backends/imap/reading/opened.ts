// Messages whose structure is known become items: their bytes are fetched until none needs more.
import type { ImapFlow } from "imapflow";
import { type Part, type Plan, planFor, readWanted, sparing } from "../../../mime/mod.ts";
import type { Item, ItemId, ItemState, Mail, Want } from "../../../model.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { fetchTold, fieldsOf, peek, type Stretch } from "./fetch.ts";
import type { Located } from "../items/item_index.ts";
import { flagsText, marksOf } from "../items/marks.ts";
import { atom } from "../connections/raw.ts";
import { threadOf, type ThreadRoots } from "../searching/thread_roots.ts";
import { readStructure } from "./structure.ts";
import { Bytes, firstStretches, Missing } from "./wanted_bytes.ts";

/** How often a message may turn out to need more bytes. */
const ROUNDS = 40;

/** A message that is being read. */
interface Opened {
  readonly item: Located;
  readonly told: Told;
  readonly root: Part;
  readonly plan: Plan;
  readonly bytes: Bytes;
}

/** What is wanted of messages, and where their conversations are remembered. */
export interface How {
  readonly want: Want;
  readonly roots: ThreadRoots | undefined;
}

/** A message, and what is to be fetched of it. */
type Waiting = readonly [Opened, readonly Stretch[]];

/** Messages whose first bytes are on their way. */
export interface Begun {
  readonly waiting: readonly Waiting[];
  /** Those of which nothing is fetched; undefined: it is gone. */
  readonly others: ReadonlyMap<ItemId, Item | undefined>;
  /** Why the server refused some of them. */
  readonly refused: Promise<ReadonlyMap<Opened, string>>;
}

/** Opens messages of which this was told, as far as the budget goes, and asks for their first bytes. */
export function beginReading(
  client: ImapFlow,
  items: readonly Located[],
  told: ReadonlyMap<number, Told>,
  want: Want,
  budget: { left: number },
): Begun {
  const waiting: Waiting[] = [];
  const others = new Map<ItemId, Item | undefined>();
  for (const item of items) {
    const facts = told.get(item.uid);
    const gone = !facts || facts.flags?.has("\\Deleted");
    if (gone) others.set(item.id, undefined);
    else if (!facts.structure) {
      others.set(item.id, unreadable(item, facts, "nothing of its structure"));
    } else if (budget.left > 0) {
      const root = readStructure(facts.structure, fieldsOf(facts), facts.size ?? 0);
      const plan = planFor(root, want);
      const stretches = firstStretches(root, want, plan);
      budget.left -= Math.min(facts.size ?? 0, sum(stretches.map(({ to }) => to))) + 4096;
      waiting.push([{ item, told: facts, root, plan, bytes: new Bytes() }, stretches]);
    }
  }
  const refused = fetchStretches(client, waiting);
  refused.catch(() => {}); // whoever ends it hears of it
  return { waiting, others, refused };
}

/** The messages as items, when none needs more bytes. */
export async function endReading(
  client: ImapFlow,
  { waiting, others, refused }: Begun,
  how: How,
): Promise<Map<ItemId, Item | undefined>> {
  return new Map([...others, ...await assembleAll(client, waiting, await refused, how)]);
}

/** Messages whose first bytes have come; more is fetched of those that need it. */
async function assembleAll(
  client: ImapFlow,
  some: readonly Waiting[],
  reasons: ReadonlyMap<Opened, string>,
  how: How,
): Promise<Map<ItemId, Item | undefined>> {
  const read = new Map<ItemId, Item | undefined>();
  for (let waiting = some, refused = reasons, round = 0;; round++) {
    const short: Waiting[] = [];
    for (const [one] of waiting) {
      const reason = round < ROUNDS ? refused.get(one) : "no end of it";
      const item = reason === undefined ? await assemble(one, how) : problem(one, reason);
      if (item instanceof Missing) short.push([one, [item.stretch]]);
      else read.set(one.item.id, item);
    }
    if (short.length === 0) return read;
    refused = await fetchStretches(client, short);
    waiting = short;
  }
}

/** One command for all messages of which the same is wanted; answers why some were refused. */
async function fetchStretches(
  client: ImapFlow,
  waiting: readonly Waiting[],
): Promise<Map<Opened, string>> {
  const refused = new Map<Opened, string>();
  const alike = new Map<string, { stretches: readonly Stretch[]; messages: Map<number, Opened> }>();
  for (const [one, stretches] of waiting) {
    if (stretches.length === 0) continue;
    const key = JSON.stringify(stretches);
    const group = alike.get(key) ?? { stretches, messages: new Map<number, Opened>() };
    alike.set(key, group);
    group.messages.set(one.item.uid, one);
  }
  for (const { stretches, messages } of alike.values()) {
    const items = [atom("UID"), ...stretches.map(peek)];
    const told = await fetchTold(client, [...messages.keys()], items, (uid, reason) => {
      refused.set(messages.get(uid)!, reason);
    });
    for (const [uid, { sections }] of told) {
      for (const stretch of stretches) {
        const bytes = sections.get(`${stretch.section}<${stretch.from}>`);
        messages.get(uid)!.bytes.add(stretch, bytes);
      }
    }
    for (const [uid, one] of messages) {
      if (!told.has(uid) && !refused.has(one)) refused.set(one, "");
    }
  }
  return refused;
}

/** The item, or what it still needs. */
async function assemble(one: Opened, { want, roots }: How): Promise<Item | Missing> {
  const { item, told, root, plan, bytes } = one;
  try {
    const reader = bytes.reader(root);
    const { facts, text, html, problem: reason } = await readWanted(
      root,
      told.size ?? 0,
      want,
      reader,
      { first: sparing, plan },
    );
    if (reason !== undefined) return unreadable(item, told, reason);
    const mail: Mail = { ...facts, thread: threadOf(facts, roots), text, html };
    return {
      id: item.id,
      folder: item.folder,
      state: stateOf(item, told),
      mail,
      problem: undefined,
    };
  } catch (error) {
    if (error instanceof Missing) return error;
    throw error;
  }
}

/** undefined: it went while it was read. */
function problem({ item, told }: Opened, reason: string): Item | undefined {
  return reason === "" ? undefined : unreadable(item, told, reason);
}

/** An item of which nothing can be shown but that it is there. */
function unreadable(item: Located, told: Told, reason: string): Item {
  const state = stateOf(item, told);
  const said = `The server cannot show the message: ${reason}`;
  return { id: item.id, folder: item.folder, state, mail: undefined, problem: said };
}

function stateOf(
  { id, revision, extra }: Located,
  { date = 0, flags = new Set() }: Told,
): ItemState {
  return { id, date, revision, marks: marksOf(flagsText(flags), extra) };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
