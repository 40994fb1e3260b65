// What is in a folder that is about to be removed goes to another one.
import { portError } from "../connections/errors.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { command } from "../connections/raw.ts";
import { type Facts, fetchFacts, uidSets } from "../items/facts.ts";
import type { ItemStore } from "../items/item_store.ts";
import { settle } from "../items/item_store.ts";
import { type Attempt, once } from "../items/journal.ts";
import { checkDeletes, deleteMessages, hasLeftovers, purgeLeftovers } from "../items/purge.ts";
import { moves } from "../items/put.ts";
import { search } from "../items/search_uids.ts";
import { folderNumbers } from "./folder_numbers.ts";
import { folderWord } from "./mailbox_name.ts";
import type { Place } from "./places.ts";

const doing = "keep what is in the folder";

/** Where the copies of a folder's messages are to be looked for: see {@link copyAll}. */
interface Keeping {
  readonly keeper: number;
  readonly validity: string;
  readonly uidnext: number;
}

/** Moves all that is in a folder into another one, once, however often it is begun. */
export async function keepMessages(store: ItemStore, from: Place, keeper: Place): Promise<void> {
  // A part that was moved is not there any more; of what is copied only a note tells.
  const moved = await inFolder(store, from.path, async (open) => {
    await purge(store, from, open);
    if (!moves(open.client)) return false;
    if (!open.mailbox.exists) return true;
    const words = [{ type: "SEQUENCE", value: "1:*" }, folderWord(open.client, keeper.path)];
    // Not there: the target. The folder itself was just opened.
    await command(open.client, "UID MOVE", words).catch((error) => {
      throw portError(error, doing);
    });
    return true;
  });
  if (moved) return;
  await once<Keeping, void>(store, `keep ${from.number}`, async (attempt) => {
    await copyAll(store, from, keeper, attempt);
    await attempt.forget();
  });
}

/** Messages that a write has left behind are none to keep. */
async function purge(store: ItemStore, place: Place, open: OpenFolder): Promise<void> {
  if (!await hasLeftovers(store, place.number)) return;
  await settle(store, place, open);
  await purgeLeftovers(store, place, open);
}

/**
 * For a server without MOVE: copies and deletes. An earlier try may have copied some: those that look
 * the same and came to the other folder since. What is marked as deleted is no item, and goes for good.
 */
async function copyAll(
  store: ItemStore,
  from: Place,
  keeper: Place,
  attempt: Attempt<Keeping>,
): Promise<void> {
  const before = attempt.before?.keeper === keeper.number ? attempt.before : undefined;
  const there = before && await copiesIn(store, keeper, before);
  await inFolder(store, from.path, async (open) => {
    const { client } = open;
    checkDeletes(open);
    const all = [...await search(client, { deleted: false })];
    if (all.length === 0) return;
    const missing = there ? await missingOf(open, all, there) : all;
    if (!before) {
      const { uidValidity, uidNext = 1 } = await folderNumbers(client, keeper.path);
      await attempt.intend({ keeper: keeper.number, validity: `${uidValidity}`, uidnext: uidNext });
    }
    for (const set of uidSets(missing)) {
      const words = [{ type: "SEQUENCE", value: set }, folderWord(client, keeper.path)];
      await command(client, "UID COPY", words).catch((error) => {
        throw portError(error, doing);
      });
    }
    await deleteMessages(open, all);
  });
}

/** How many messages of each fingerprint came to the other folder since. */
async function copiesIn(
  store: ItemStore,
  keeper: Place,
  { validity, uidnext }: Keeping,
): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  await inFolder(store, keeper.path, async ({ client, mailbox }) => {
    if (!mailbox.exists) return;
    const from = String(mailbox.uidValidity) === validity ? uidnext : 1;
    for await (const { uid, print } of fetchFacts(client, `${from}:*`)) {
      if (uid >= from) copies.set(print, (copies.get(print) ?? 0) + 1);
    }
  });
  return copies;
}

async function missingOf(
  { client }: OpenFolder,
  uids: readonly number[],
  copies: Map<string, number>,
): Promise<number[]> {
  const missing: number[] = [];
  for (const set of uidSets(uids)) {
    for await (const { uid, print } of fetchFacts(client, set) as AsyncIterable<Facts>) {
      const left = copies.get(print) ?? 0;
      if (left > 0) copies.set(print, left - 1);
      else missing.push(uid);
    }
  }
  return missing.sort((a, b) => a - b);
}

function inFolder<R>(
  { connections }: ItemStore,
  path: string,
  work: (open: OpenFolder) => Promise<R>,
): Promise<R> {
  return connections.inFolder(path, work, { doing });
}
