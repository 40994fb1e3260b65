// All phases in their order: what is new comes before what is old.
import type { ItemId } from "../../../mailbox/api.ts";
import { type Hunt, wholeBudget } from "./hunt.ts";
import { huntVanished } from "./phase_audit.ts";
import { huntDoubtful, huntHistory } from "./phase_history.ts";
import { huntListing } from "./phase_listing.ts";
import { huntBelowFloor } from "./phase_window.ts";

/**
 * Fills the window of a hunt; `doubtful`: items to look at in any case. True where more remains for
 * the next answer.
 */
export async function findChanges(
  hunt: Hunt,
  doubtful: readonly ItemId[] = [],
): Promise<boolean> {
  await huntDoubtful(hunt, doubtful);
  const history = await huntHistory(hunt);
  const window = await huntBelowFloor(hunt);
  const vanished = await huntVanished(hunt);
  const listing = await huntListing(hunt);
  return history || window || vanished || listing;
}

/** Items of one look: many enough that a hundred own changes cost two round trips. */
export const lookWindow = 64;

/**
 * Whether the next Sync would bring an addition, a change or a deletion. Mail that only slides out
 * of the time window wakes nobody.
 */
export async function findsAny(hunt: Hunt): Promise<boolean> {
  for (;;) {
    hunt.budget = wholeBudget;
    const more = await huntHistory(hunt) || await huntVanished(hunt) || await huntListing(hunt);
    if ([...hunt.ops.values()].some(({ kind }) => kind !== "softDelete")) return true;
    if (!more) return false;
    hunt.ops.clear();
  }
}
