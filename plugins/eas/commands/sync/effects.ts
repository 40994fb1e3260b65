// What a device's own commands made of its items, laid over what it had: so they are not echoed.
import type { ItemId } from "../../../mailbox/api.ts";
import type { Held, View } from "../../api.ts";

/** By item: what the device has after its command; undefined: it removed the item. */
export type Effects = ReadonlyMap<ItemId, Held | undefined>;

/** A view of the device as it is after its own commands. */
export function viewAfter(view: View, effects: Effects): View {
  if (effects.size === 0) return view;
  return {
    async held(items) {
      const held = await view.held(items);
      for (const item of items) {
        if (!effects.has(item)) continue;
        const after = effects.get(item);
        if (after) held.set(item, after);
        else held.delete(item);
      }
      return held;
    },
    async heldBefore(until, limit, after) {
      // Removed items are asked for in addition, so that a page is short only at the end.
      const removed = [...effects.values()].filter((held) => !held).length;
      const page = await view.heldBefore(until, limit + removed, after);
      return page.map((held) => effects.has(held.item) ? effects.get(held.item) : held)
        .filter((held) => held !== undefined).slice(0, limit);
    },
  };
}
