// With which message a conversation began: its id cannot be told from the conversation's.
import type { MailFacts } from "../../../mime/mod.ts";
import { freshThread, rootOf } from "../../../mime/thread.ts";
import type { Query } from "../../../query.ts";
import { fetchTold, peekFields } from "../reading/fetch.ts";
import { headerFacts } from "./header_facts.ts";
import type { Place } from "../folders/places.ts";
import { atom } from "../connections/raw.ts";
import type { Reading } from "../reading/read.ts";

/** Conversations that were read lately, and the Message-ID of the first mail of each. */
export interface ThreadRoots {
  get(thread: string): string | undefined;
  set(thread: string, root: string): unknown;
}

/**
 * Remembers so many conversations at least, and twice as many at most; those go first that nobody has
 * read since. They are noted for every message that is read: a cache that forgets one at a time would
 * be dearer than all else that is done for them.
 */
export function threadRoots(least: number): ThreadRoots {
  let roots = new Map<string, string>();
  let before = new Map<string, string>();
  return {
    get: (thread) => roots.get(thread) ?? before.get(thread),
    set(thread, root) {
      roots.set(thread, root);
      if (roots.size < least) return;
      before = roots;
      roots = new Map();
    },
  };
}

/** The newest messages of each folder that are looked at for a conversation nobody has read lately. */
const LOOKED = 1000;

/** Remembers the conversation of a mail; answers which it is. */
export function threadOf(facts: MailFacts, roots: ThreadRoots | undefined): string {
  const thread = freshThread(facts);
  const root = rootOf(facts);
  if (root !== undefined) roots?.set(thread, root);
  return thread;
}

/**
 * The first messages of the conversations that a query asks for. Who asks for one has seen it, so
 * that mostly they are known; after a restart they are looked for among the newest messages.
 */
export async function findRoots(
  { connections, roots }: Reading,
  query: Query,
  places: readonly Place[],
  late: () => boolean,
): Promise<
  { readonly known: ReadonlyMap<string, string | undefined>; readonly complete: boolean }
> {
  const known = new Map(threadsIn(query).map((thread) => [thread, roots?.get(thread)]));
  let complete = true;
  for (const { path, selectable } of places) {
    if (![...known.values()].includes(undefined)) return { known, complete: true };
    if (late()) return { known, complete: false };
    if (!selectable) continue;
    const facts = await connections.inFolder(path, async ({ client, mailbox: { exists } }) => {
      if (exists === 0) return [];
      const first = Math.max(1, exists - LOOKED + 1);
      complete &&= first === 1;
      const uids = await client.search({ seq: `${first}:${exists}` }, { uid: true }) || [];
      const fields = peekFields(["MESSAGE-ID", "REFERENCES", "IN-REPLY-TO"], 16 * 1024);
      return [...(await fetchTold(client, uids, [atom("UID"), fields])).values()].map(headerFacts);
    }, { repeatable: true, asks: true });
    for (const each of facts) {
      const thread = threadOf(each, roots);
      if (known.has(thread)) known.set(thread, rootOf(each));
    }
  }
  return { known, complete };
}

function threadsIn(query: Query): readonly string[] {
  if ("and" in query) return query.and.flatMap(threadsIn);
  if ("or" in query) return query.or.flatMap(threadsIn);
  if ("not" in query) return threadsIn(query.not);
  return "thread" in query ? [query.thread] : [];
}
