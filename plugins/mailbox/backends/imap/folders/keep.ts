// What is in a folder that is about to be removed goes to another one.
import type { ImapFlow } from "imapflow";
import { portError } from "../connections/errors.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { command, sequence } from "../connections/raw.ts";
import { fetchFacts, uidSets } from "../items/facts.ts";
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

/** Where messages that were kept are to be looked for: see {@link keepAll}. */
interface Keeping {
  readonly keeper: number;
  readonly validity: string;
  readonly uidnext: number;
  /** How many looked alike at first, by fingerprint; where no other did, nothing is told. */
  readonly twins: Readonly<Record<string, number>>;
}

/** Moves all that is in a folder into another one, once, however often it is begun. */
export async function keepMessages(store: ItemStore, from: Place, keeper: Place): Promise<void> {
  await once<Keeping, void>(store, `keep ${from.number}`, async (attempt) => {
    await keepAll(store, from, keeper, attempt);
    await attempt.forget();
  });
}

/**
 * An earlier try may have put some into the other folder, and died before they were gone from this
 * one (a server's own MOVE has that moment too): those that look the same and came there since. What
 * is marked as deleted is no item, and goes for good.
 */
async function keepAll(
  store: ItemStore,
  from: Place,
  keeper: Place,
  attempt: Attempt<Keeping>,
): Promise<void> {
  const before = attempt.before?.keeper === keeper.number ? attempt.before : undefined;
  const there = before && await lookalikes(store, keeper, before);
  await inFolder(store, from.path, async (open) => {
    const { client } = open;
    await purge(store, from, open);
    const all = [...await search(client, { deleted: false })];
    if (all.length === 0) return;
    checkDeletes(open);
    const prints = await printsOf(open, all);
    const missing = before && there ? missingOf(prints, before, there) : all;
    if (!before) await attempt.intend(await intention(client, keeper, prints));
    const verb = moves(client) ? "UID MOVE" : "UID COPY";
    for (const set of uidSets(missing)) {
      // Not there: the target. The folder itself was just opened.
      await command(client, verb, [sequence(set), folderWord(client, keeper.path)])
        .catch((error) => {
          throw portError(error, doing);
        });
    }
    const kept = new Set(verb === "UID MOVE" ? missing : []);
    await deleteMessages(open, all.filter((uid) => !kept.has(uid)));
  });
}

/** Messages that a write has left behind are none to keep. */
async function purge(store: ItemStore, place: Place, open: OpenFolder): Promise<void> {
  if (!await hasLeftovers(store, place.number)) return;
  await settle(store, place, open);
  await purgeLeftovers(store, place, open);
}

async function intention(
  client: ImapFlow,
  { number, path }: Place,
  prints: ReadonlyMap<number, string>,
): Promise<Keeping> {
  const { uidValidity, uidNext = 1 } = await folderNumbers(client, path);
  const twins = Object.fromEntries([...counted(prints.values())].filter(([, count]) => count > 1));
  return { keeper: number, validity: String(uidValidity), uidnext: uidNext, twins };
}

/** The fingerprints of messages by UID, in their order. */
async function printsOf(
  { client }: OpenFolder,
  uids: readonly number[],
): Promise<Map<number, string>> {
  const prints = new Map<number, string>();
  for (const set of uidSets(uids)) {
    for await (const { uid, print } of fetchFacts(client, set)) prints.set(uid, print);
  }
  return new Map([...prints].sort(([a], [b]) => a - b));
}

/** How many messages of each fingerprint came to the other folder since. */
async function lookalikes(
  store: ItemStore,
  keeper: Place,
  { validity, uidnext }: Keeping,
): Promise<Map<string, number>> {
  const found: string[] = [];
  await inFolder(store, keeper.path, async ({ client, mailbox }) => {
    if (!mailbox.exists) return;
    const from = String(mailbox.uidValidity) === validity ? uidnext : 1;
    for await (const { uid, print } of fetchFacts(client, `${from}:*`)) {
      if (uid >= from) found.push(print);
    }
  });
  return counted(found);
}

/**
 * Which messages are here only. Of those that look alike, as many are in both folders as there are
 * more in the two than there were at first.
 */
function missingOf(
  here: ReadonlyMap<number, string>,
  { twins }: Keeping,
  there: ReadonlyMap<string, number>,
): number[] {
  const both = counted(here.values());
  for (const [print, count] of both) {
    both.set(print, count + (there.get(print) ?? 0) - (twins[print] ?? 1));
  }
  return [...here].flatMap(([uid, print]) => {
    const left = both.get(print)!;
    both.set(print, left - 1);
    return left > 0 ? [] : [uid];
  });
}

function counted(all: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

function inFolder<R>(
  { connections }: ItemStore,
  path: string,
  work: (open: OpenFolder) => Promise<R>,
): Promise<R> {
  return connections.inFolder(path, work, { doing });
}
