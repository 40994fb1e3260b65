// The time window moved on: items below its floor are taken away, found by a range over the date.
import type { Held } from "../../api.ts";
import { carriedIn, type Hunt, room } from "./hunt.ts";
import { sightings } from "./phase_history.ts";

/** True where items below the floor remain on the device. */
export async function huntBelowFloor(hunt: Hunt): Promise<boolean> {
  if (!hunt.state.slide) return false;
  let last: Held | undefined;
  for (let limit = room(hunt); limit > 0; limit = room(hunt)) {
    const page = await hunt.view.heldBefore(hunt.state.floor, limit, last);
    hunt.budget -= page.length;
    const carried = await stillCarried(hunt, page);
    for (const before of page) {
      const { item } = before;
      if (hunt.ops.has(item)) continue;
      const date = carried.get(item);
      if (date !== undefined) {
        hunt.silent.set(item, { ...before, date });
        continue;
      }
      hunt.ops.set(item, {
        kind: "softDelete",
        item,
        before,
        after: undefined,
        state: undefined,
      });
    }
    if (page.length < limit) {
      const { slide: _, ...rest } = hunt.state;
      hunt.state = rest;
      return false;
    }
    last = page.at(-1);
  }
  return true;
}

/**
 * Which of the items stay with their conversation, and by what date they are measured from now on:
 * so they are not looked at again before that has passed.
 */
async function stillCarried(hunt: Hunt, page: readonly Held[]) {
  if (!hunt.conversations || page.length === 0) return new Map<string, number>();
  return await carriedIn(hunt, await sightings(hunt, page.map(({ item }) => item)));
}
