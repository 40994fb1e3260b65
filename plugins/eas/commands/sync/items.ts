// The commands of an answer, item by item: read when they are written, so that memory holds one mail.
import { Unavailable } from "../../../../core/mod.ts";
import { type Item, type ItemId, NotFound } from "../../../mailbox/api.ts";
import { type EasCall, el, type Element, itemFailed, Leaf, type Stream } from "../../api.ts";
import { wantedOf } from "../../schema/body.ts";
import { mailItem } from "../../schema/mail_item.ts";
import { changeSince } from "../../schema/marks.ts";
import { type ItemOptions, untruncated, withoutBodies } from "../../schema/options.ts";
import type { Work } from "../work.ts";
import { goingOn } from "./going_on.ts";
import type { Op } from "./hunt.ts";
import type { Stubs } from "./relief.ts";

export interface ItemWriter {
  /** The server's commands; items that vanished meanwhile are left out, and told as gone next time. */
  commands(ops: Begun): AsyncIterable<Element>;
  /** The answer to a device's Fetch: the item whole, however its folder is truncated. */
  fetched(id: ItemId): Promise<Element>;
}

/** What is to be told, and the items for it, which are being read. */
export interface Begun {
  readonly told: readonly Element[];
  readonly byItem: ReadonlyMap<ItemId, Op>;
  readonly items: AsyncIterable<Item>;
}

/**
 * Begins to read the items that have to be told, up to the first of them: a store that is far away
 * works on it while the answer is committed. Nothing is held by whoever then does not go on.
 */
export function beginReading(ops: readonly Op[], options: ItemOptions, call: EasCall): Begun {
  const [told, read] = parted(ops, call);
  const byItem = new Map(read.map((op) => [op.item, op]));
  const items = call.mailbox.read([...byItem.keys()], wantedOf(options))[Symbol.asyncIterator]();
  const first = items.next();
  first.catch(() => {}); // whoever goes on hears of it
  return { told, byItem, items: goingOn(first, items) };
}

/** How items of a collection are written. */
interface Manner {
  readonly options: ItemOptions;
  /** Those that go out as stubs, and why. */
  readonly stubs?: Stubs;
  /** Items older than this come without their bodies. */
  readonly briefBefore?: number;
}

/** Writes items for one collection. */
export function itemWriter(
  work: Work,
  call: EasCall,
  { options, stubs, briefBefore = 0 }: Manner,
): ItemWriter {
  const brief = withoutBodies(options);
  const whole = untruncated(options);
  const fields = (item: Item, how = options) => applicationData(work, call, how, item);
  return {
    async *commands({ told, byItem, items }) {
      yield* told;
      for await (const item of items) {
        const { kind, state } = byItem.get(item.id)!;
        // The marks that were recorded, not those of this moment: what differs is told next time.
        const marks = state?.marks ?? item.state.marks;
        const told = { ...item, state: { ...item.state, marks } };
        const problem = stubs?.get(item.id);
        const data = problem === undefined
          ? fields(told, item.state.date < briefBefore ? brief : options)
          : el("AirSync:ApplicationData", ...stubOf(told, problem, options, call).fields);
        const tag = kind === "add" ? "AirSync:Add" : "AirSync:Change";
        yield el(tag, el("AirSync:ServerId", item.id), data);
      }
    },
    async fetched(id) {
      const answer = (status: number, data?: Element) =>
        el(
          "AirSync:Fetch",
          el("AirSync:ServerId", id),
          el("AirSync:Status", status),
          data,
        );
      for await (const item of call.mailbox.read([id], wantedOf(whole))) {
        return answer(1, fields(item, whole));
      }
      return answer(8);
    },
  };
}

/** An item as this device wants it, or a stub; then the administrator hears of it. */
function applicationData(
  { host, broken }: Work,
  call: EasCall,
  options: ItemOptions,
  item: Item,
): Element {
  const { account, device, log } = call;
  const name = `${account.id}/${item.id}`;
  const known = broken.size === 0 ? undefined : broken.get(name);
  const { fields, body, problem } = known === undefined
    ? mailItem(item, options, call)
    : stubOf(item, known, options, call);
  if (problem !== undefined) {
    log.warn({ item: item.id, problem }, "an item went out as a stub");
    void host.emit(itemFailed, { account, device, item: item.id, reason: problem });
  }
  if (typeof body.data !== "object") return el("AirSync:ApplicationData", ...fields);
  // What fails while it is sent would fail at every repeat: the repeat sends a stub.
  const remember = (reason: string) => broken.set(name, reason);
  return el("AirSync:ApplicationData", ...fields.map((field) => noted(field, remember)));
}

const stubOf = (item: Item, problem: string, options: ItemOptions, call: EasCall) =>
  mailItem({ ...item, mail: undefined, problem }, options, call);

/** An element whose streamed text reports why it broke off. What a later try may mend is no reason. */
function noted(element: Element, report: (reason: string) => void): Element {
  const { tag, value } = element;
  if (value instanceof Leaf) return el(tag, new Leaf(reporting(value.pieces, report)));
  if (!(value instanceof Array)) return element;
  return el(tag, ...element.children.map((child) => noted(child, report)));
}

async function* reporting(pieces: Stream, report: (reason: string) => void): Stream {
  try {
    yield* pieces;
  } catch (error) {
    const passing = error instanceof Unavailable || error instanceof NotFound;
    if (!passing) report(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** What can be told at once, and what has to be read for it. Deletions first: they free memory. */
function parted(ops: readonly Op[], { version }: EasCall): [Element[], Op[]] {
  const gone: Element[] = [], marked: Element[] = [], changes: Op[] = [], adds: Op[] = [];
  for (const op of ops) {
    const id = el("AirSync:ServerId", op.item);
    if (op.kind === "delete") gone.push(el("AirSync:Delete", id));
    else if (op.kind === "softDelete") gone.push(el("AirSync:SoftDelete", id));
    else if (op.kind === "add") adds.push(op);
    else {
      const { revision, marks } = op.state!;
      const change = changeSince(op.before!.has, revision, marks, version);
      if (change === "item") changes.push(op);
      else if (change !== "same") {
        marked.push(el("AirSync:Change", id, el("AirSync:ApplicationData", ...change)));
      }
    }
  }
  return [[...gone, ...marked], [...changes, ...adds]];
}
