// What changed in the folder since the device was last told: costs what the changes cost.
import { Forgotten, type ItemId } from "../../../mailbox/api.ts";
import { compare, type Hunt, room } from "./hunt.ts";
import { huntThreads, noteThreads } from "./phase_threads.ts";

/** True where changes remain untold. */
export async function huntHistory(hunt: Hunt): Promise<boolean> {
  const { mailbox, folder } = hunt;
  try {
    if (await huntThreads(hunt)) return true;
    for (let limit = room(hunt); limit > 0; limit = room(hunt)) {
      const page = await mailbox.changes(folder, hunt.state.cursor, limit);
      await compare(hunt, page.changes);
      hunt.state = { ...hunt.state, cursor: page.cursor };
      await noteThreads(hunt, page.changes, "new or gone");
      if (await huntThreads(hunt)) return true;
      if (!page.more) return false;
    }
    return true;
  } catch (error) {
    if (!(error instanceof Forgotten)) throw error;
    await beginAgain(hunt);
    return false;
  }
}

/** The history is gone: list the folder anew, and look for each item that the device has. */
async function beginAgain(hunt: Hunt): Promise<void> {
  const { cursor } = await hunt.mailbox.changes(hunt.folder, undefined, 0);
  hunt.state = { ...hunt.state, cursor, listing: {}, audit: { date: 0, item: "" } };
}

/** Looks at items that a refused command left in doubt, as if they had changed. */
export async function huntDoubtful(hunt: Hunt, items: readonly ItemId[]): Promise<void> {
  if (items.length === 0) return;
  await compare(hunt, await sightings(hunt, items));
}

/** Items as they are now; those that are not in this folder (any more) as absent. */
export async function sightings({ mailbox, folder }: Hunt, items: readonly ItemId[]) {
  const found = new Map();
  for await (const item of mailbox.read(items, { preview: false })) {
    if (item.folder === folder) found.set(item.id, item.state);
  }
  return items.map((id) => ({ id, state: found.get(id) }));
}
