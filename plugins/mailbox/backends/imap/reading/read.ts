// Reads items of the server: few commands for many, and no more bytes than are wanted.
import { NotFound } from "../../../api.ts";
import type { FolderId, Item, ItemId, Want } from "../../../model.ts";
import type { Connections, OpenFolder } from "../connections/connections.ts";
import { fieldsOf } from "./fetch.ts";
import type { ItemIndex, Located } from "../items/item_index.ts";
import { inPlace } from "../items/item_store.ts";
import { readFacts } from "../connections/message_facts.ts";
import { type How, type Opened, readOpened, unreadable } from "./opened.ts";
import type { Places } from "../folders/places.ts";
import { readStructure } from "./structure.ts";
import type { ThreadRoots } from "../searching/thread_roots.ts";
import { Bytes } from "./wanted_bytes.ts";

/** What reading works with: one account's. */
export interface Reading {
  readonly connections: Pick<Connections, "inFolder">;
  readonly places: Pick<Places, "place" | "all" | "refresh">;
  readonly index: ItemIndex;
  /** Where conversations that were read are remembered, for searches. */
  readonly roots?: ThreadRoots;
}

/**
 * Items that are read together, and about how many bytes of them are held at a time. Few: while one
 * batch is made use of, the server works on the next one.
 */
const BATCH = 50;
const BUDGET = 4 * 1024 * 1024;

/**
 * Reads items in the order asked; missing ones, and those marked `\Deleted`, are left out. Memory:
 * two batches of items with the texts that are wanted.
 *
 * The conversation of a mail is known by its own header alone: the first of its References, else of
 * In-Reply-To, else its own id. So all that answer with References, as nearly all do, are together
 * in whatever folders they are, without anything being kept about them. An answer that names only
 * its nearest ancestor (In-Reply-To without References) or none at all (by its subject only) is a
 * conversation of its own, which the embedded store would have put where it belongs.
 */
export async function* readItems(
  reading: Reading,
  ids: readonly ItemId[],
  want: Want,
): AsyncGenerator<Item> {
  const ready = new Map<ItemId, Item | undefined>();
  const last = new Map(ids.map((id, at) => [id, at]));
  let coming: ReturnType<typeof readBatch> | undefined;
  for (const [at, id] of ids.entries()) {
    if (!ready.has(id)) {
      const batch = await (coming ?? readBatch(reading, ids.slice(at, at + BATCH), want));
      for (const [read, item] of batch) ready.set(read, item);
      const rest = ids.slice(at).filter((each) => !ready.has(each)).slice(0, BATCH);
      coming = rest.length > 0 ? readBatch(reading, rest, want) : undefined;
      coming?.catch(() => {}); // whoever goes on hears of it
    }
    const item = ready.get(id);
    if (last.get(id) === at) ready.delete(id);
    if (item) yield item;
  }
}

/** The first of the items in any case, the others as far as the budget goes; undefined: not there. */
async function readBatch(
  reading: Reading,
  ids: readonly ItemId[],
  want: Want,
): Promise<Map<ItemId, Item | undefined>> {
  const { index, roots } = reading;
  const read = new Map<ItemId, Item | undefined>();
  const located = await index.locate(ids);
  const folders = new Map<FolderId, ItemId[]>();
  for (const id of new Set(ids)) {
    const folder = located.get(id)?.folder;
    if (folder === undefined) read.set(id, undefined);
    else folders.set(folder, [...folders.get(folder) ?? [], id]);
  }
  const budget = { left: BUDGET };
  for (const [folder, inside] of folders) {
    if (budget.left <= 0) break;
    const items = await inPlace(reading, folder, async (place, open) => {
      // A connection that broke may have been half way through.
      const state = { left: budget.left };
      const where = await index.settle(place, open) ? await index.locate(inside) : located;
      const found = await readFolder(
        open,
        inside.map((id) => where.get(id)),
        { want, roots },
        state,
      );
      for (const id of inside) if (!where.has(id)) found.set(id, undefined);
      return { found, left: state.left };
    }, { repeatable: true, glance: true }).catch((error) => {
      // The whole folder is gone, and what was in it.
      if (!(error instanceof NotFound)) throw error;
      const found = new Map(inside.map((id): [ItemId, Item | undefined] => [id, undefined]));
      return { found, left: budget.left };
    });
    budget.left = items.left;
    for (const [id, item] of items.found) read.set(id, item);
  }
  return read;
}

async function readFolder(
  open: OpenFolder,
  items: readonly (Located | undefined)[],
  how: How,
  budget: { left: number },
): Promise<Map<ItemId, Item | undefined>> {
  const read = new Map<ItemId, Item | undefined>();
  const wanted = items.filter((item) => item !== undefined);
  const told = await readFacts(open, wanted.map(({ uid }) => uid));
  const opened: Opened[] = [];
  for (const item of wanted) {
    const facts = told.get(item.uid);
    const gone = !facts || facts.flags?.has("\\Deleted");
    if (gone) read.set(item.id, undefined);
    else if (!facts.structure) {
      read.set(item.id, unreadable(item, facts, "nothing of its structure"));
    } else {
      const root = readStructure(facts.structure, fieldsOf(facts), facts.size ?? 0);
      const bytes = new Bytes();
      opened.push({ item, told: facts, root, bytes });
    }
  }
  await readOpened(open.client, opened, how, budget, read);
  return read;
}
