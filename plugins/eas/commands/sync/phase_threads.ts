// Conversations that came into the time window, or left it: their older items are looked at.
import type { ItemChange } from "../../../mailbox/api.ts";
import { compare, type Hunt, room } from "./hunt.ts";
import type { OpenThread } from "./state.ts";

/** Of a conversation, so many items below the window come along; costs stay bounded by that. */
const mostOlder = 200;

/** Which of the items that were seen say something of their conversation. */
type Telling = "new or gone" | "all";

/**
 * Notes which conversations have to be looked at because of these items. Not all of them: a mark that
 * changed says nothing of what belongs to whom.
 *
 * Where a mail went, all of its conversation is looked at: what it had brought may lie in the window
 * itself by now, since that became wider, and is measured by its own date from now on. Else it would
 * stay on the device when the window becomes narrow again.
 */
export async function noteThreads(
  hunt: Hunt,
  seen: readonly ItemChange[],
  telling: Telling,
): Promise<void> {
  const { conversations, folder, ops, state: { floor, threads = [] } } = hunt;
  if (!conversations || floor === 0) return;
  const named = new Set<string>();
  const left = new Set<string>();
  for (const { id, state, thread = state?.thread } of seen) {
    if (thread === undefined || (state && state.date < floor)) continue;
    if (!state || telling === "all" || ops.get(id)?.kind === "add") named.add(thread);
    if (!state) left.add(thread);
  }
  if (named.size === 0) return;
  const spans = await conversations.spans(folder, [...named]);
  const fresh = [...spans].filter(([thread, { oldest }]) => left.has(thread) || oldest < floor)
    .map(([thread]): OpenThread => ({
      thread,
      left: mostOlder,
      ...(left.has(thread) && { whole: true }),
    }));
  if (fresh.length === 0) return;
  // One under way begins again: what was decided of its first items may not hold any more.
  const others = threads.filter(({ thread }) => !named.has(thread));
  hunt.state = { ...hunt.state, threads: [...others, ...fresh] };
}

/** Looks at the older items of the conversations that were noted. True where some remain. */
export async function huntThreads(hunt: Hunt): Promise<boolean> {
  for (;;) {
    const { threads, ...rest } = hunt.state;
    const [first, ...others] = threads ?? [];
    if (!first || !hunt.conversations) {
      hunt.state = rest;
      return false;
    }
    const limit = Math.min(room(hunt), first.left);
    if (limit === 0) return true;
    const { thread, whole, after, left } = first;
    const until = whole ? {} : { until: rest.floor };
    const place = { thread, ...until, ...(after !== undefined && { after }) };
    const page = await hunt.mailbox.list(hunt.folder, place, limit);
    await compare(hunt, page.items.map((state) => ({ id: state.id, state })));
    const still = left - page.items.length;
    const goesOn = page.next !== undefined && still > 0;
    const next = goesOn ? [{ ...first, after: page.next!, left: still }, ...others] : others;
    hunt.state = next.length > 0 ? { ...rest, threads: next } : rest;
  }
}
