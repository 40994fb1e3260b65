// Where a device syncs whole conversations: what lies below its time window, and is in it all the same.
import type { FolderId, ItemId, ItemState, Mailbox, Threads } from "../../../mailbox/api.ts";

/** A mailbox that knows conversations. */
export type Conversations = Mailbox & Pick<Threads, "spans" | "countOlder">;

/** The mailbox where it knows conversations; not every backend does. */
export function conversationsOf(mailbox: Mailbox): Conversations | undefined {
  return "spans" in mailbox ? mailbox as Conversations : undefined;
}

/**
 * Items below the window that belong into it, because their conversation goes on in it: by the date
 * of its newest item.
 */
// MS-ASCON 3.1.4.9
export async function carried(
  conversations: Conversations,
  folder: FolderId,
  floor: number,
  items: readonly (ItemState | undefined)[],
): Promise<Map<ItemId, number>> {
  const below = items.filter((item) => item?.thread !== undefined && item.date < floor);
  const dates = new Map<ItemId, number>();
  if (below.length === 0) return dates;
  const threads = [...new Set(below.map((item) => item!.thread!))];
  const spans = await conversations.spans(folder, threads);
  for (const item of below) {
    const { newest } = spans.get(item!.thread!) ?? { newest: 0 };
    if (newest >= floor) dates.set(item!.id, newest);
  }
  return dates;
}
