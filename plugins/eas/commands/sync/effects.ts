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
      // Those with an effect are asked for in addition, so that a page is short only at the end.
      const page = await view.heldBefore(until, limit + effects.size, after);
      const touched = [...effects.values()].filter((held) =>
        held !== undefined && held.date < until && (!after || isBehind(held, after))
      ) as Held[];
      return [...page.filter(({ item }) => !effects.has(item)), ...touched]
        .sort((a, b) => isBehind(a, b) ? 1 : -1).slice(0, limit);
    },
  };
}

/** In the order of `heldBefore`: by date, then by id. */
const isBehind = (a: Held, b: Held) => a.date > b.date || (a.date === b.date && a.item > b.item);
