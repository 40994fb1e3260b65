// After a lost history: is what the device has still there? Page by page, over as many answers as it takes.
import { compare, type Hunt, room } from "./hunt.ts";
import { sightings } from "./phase_history.ts";

/** Items of one round trip. */
const page = 200;

/** True where items of the device remain unchecked. */
export async function huntVanished(hunt: Hunt): Promise<boolean> {
  for (;;) {
    const { audit } = hunt.state;
    if (!audit) return false;
    const limit = Math.min(page, room(hunt));
    if (limit === 0) return true;
    const held = await hunt.view.heldBefore(
      Number.MAX_SAFE_INTEGER,
      limit,
      { ...audit, has: "" },
    );
    const found = await sightings(hunt, held.map(({ item }) => item));
    await compare(hunt, found.filter(({ state }) => !state || state.date < hunt.state.floor));
    hunt.budget -= held.length;
    const last = held.at(-1);
    const { audit: _, ...rest } = hunt.state;
    hunt.state = last && held.length === limit
      ? { ...rest, audit: { date: last.date, item: last.item } }
      : rest;
  }
}
