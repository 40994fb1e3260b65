// The first enumeration of a folder, and of the gap when a filter is widened: newest first, by pages.
import type { ListFrom } from "../../../mailbox/api.ts";
import { compare, type Hunt, room } from "./hunt.ts";
import { huntThreads, noteThreads } from "./phase_threads.ts";
import type { CollectionState } from "./state.ts";

/** True where the listing is not at its end. */
export async function huntListing(hunt: Hunt): Promise<boolean> {
  for (let limit = room(hunt); hunt.state.listing && limit > 0; limit = room(hunt)) {
    const page = await hunt.mailbox.list(hunt.folder, placeOf(hunt.state), limit);
    const seen = page.items.map((state) => ({ id: state.id, state }));
    await compare(hunt, seen);
    const { listing, ...rest } = hunt.state;
    hunt.state = page.next === undefined
      ? rest
      : { ...rest, listing: { ...listing, next: page.next } };
    await noteThreads(hunt, seen, "all");
    if (await huntThreads(hunt)) return true;
  }
  return hunt.state.listing !== undefined;
}

/** Where the listing goes on. */
export function placeOf({ listing, floor }: CollectionState): ListFrom {
  return {
    ...(listing?.next !== undefined && { after: listing.next }),
    ...(listing?.until !== undefined && { until: listing.until }),
    ...(floor > 0 && { since: floor }),
  };
}
