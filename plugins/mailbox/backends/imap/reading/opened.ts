// Messages whose structure is known become items: their bytes are fetched until none needs more.
import type { ImapFlow } from "imapflow";
import { type Part, readWanted, sparing } from "../../../mime/mod.ts";
import type { Item, ItemId, ItemState, Mail, Want } from "../../../model.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { fetchTold, peek, type Stretch } from "./fetch.ts";
import type { Located } from "../items/item_index.ts";
import { flagsText, marksOf } from "../items/marks.ts";
import { atom } from "../connections/raw.ts";
import { threadOf, type ThreadRoots } from "../searching/thread_roots.ts";
import { type Bytes, firstStretches, Missing } from "./wanted_bytes.ts";

/** How often a message may turn out to need more bytes. */
const ROUNDS = 40;

/** A message that is being read. */
export interface Opened {
  readonly item: Located;
  readonly told: Told;
  readonly root: Part;
  readonly bytes: Bytes;
}

/** What is wanted of messages, and where their conversations are remembered. */
export interface How {
  readonly want: Want;
  readonly roots: ThreadRoots | undefined;
}

/** Reads messages, as many as the budget allows and at least one, until none needs more bytes. */
export async function readOpened(
  client: ImapFlow,
  opened: readonly Opened[],
  how: How,
  budget: { left: number },
  read: Map<ItemId, Item | undefined>,
): Promise<void> {
  let waiting: [Opened, Stretch[]][] = [];
  for (const one of opened) {
    if (budget.left <= 0 && waiting.length > 0) break;
    const stretches = firstStretches(one.root, how.want);
    budget.left -= Math.min(one.told.size ?? 0, sum(stretches.map(({ to }) => to))) + 4096;
    waiting.push([one, stretches]);
  }
  for (let round = 0; waiting.length > 0; round++) {
    const refused = await fetchStretches(client, waiting);
    const short: typeof waiting = [];
    for (const [one] of waiting) {
      const reason = round < ROUNDS ? refused.get(one) : "no end of it";
      const item = reason === undefined ? await assemble(one, how) : problem(one, reason);
      if (item instanceof Missing) short.push([one, [item.stretch]]);
      else read.set(one.item.id, item);
    }
    waiting = short;
  }
}

/** One command for all messages of which the same is wanted; answers why some were refused. */
async function fetchStretches(
  client: ImapFlow,
  waiting: readonly (readonly [Opened, readonly Stretch[]])[],
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
  const { item, told, root, bytes } = one;
  try {
    const reader = bytes.reader(root);
    const { facts, text, html, problem: reason } = await readWanted(
      root,
      told.size ?? 0,
      want,
      reader,
      sparing,
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
export function unreadable(item: Located, told: Told, reason: string): Item {
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
