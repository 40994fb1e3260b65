// The time window moved on: items below its floor are taken away, found by a range over the date.
import type { Held } from "../../api.ts";
import { type Hunt, room } from "./hunt.ts";

/** True where items below the floor remain on the device. */
export async function huntBelowFloor(hunt: Hunt): Promise<boolean> {
  if (!hunt.state.slide) return false;
  let last: Held | undefined;
  for (let limit = room(hunt); limit > 0; limit = room(hunt)) {
    const page = await hunt.view.heldBefore(hunt.state.floor, limit, last);
    hunt.budget -= page.length;
    for (const before of page) {
      const { item } = before;
      if (hunt.ops.has(item)) continue;
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
