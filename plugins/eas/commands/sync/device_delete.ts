// A device's Delete: into the trash, or for good.
import { type ItemId, NotFound, Refused } from "../../../mailbox/api.ts";
import type { CommandContext, Items } from "./device_commands.ts";
import type { Outcome } from "./journal.ts";

/** Removing what somebody else removed already succeeds; what the device never had is not there. */
// MS-ASCMD 2.2.3.42.2
export async function applyDelete(
  { mailbox, folder, deletesAsMoves, trash }: CommandContext,
  items: Items,
  id: ItemId,
  begunBefore: boolean,
  token: string,
): Promise<Outcome> {
  if (!items.now.has(id)) {
    return items.held.has(id) || begunBefore ? { status: 1, gone: id } : { status: 8 };
  }
  try {
    const to = deletesAsMoves ? await trash() : undefined;
    if (to !== undefined && to !== folder) await mailbox.move(id, to, token);
    else await mailbox.remove(id, token);
    items.now.delete(id);
    return { status: 1, gone: id };
  } catch (error) {
    if (error instanceof NotFound) return { status: 1, gone: id };
    if (!(error instanceof Refused)) throw error;
    // The device has removed it already: it gets it back.
    return { status: error.reason === "quota" ? 9 : 7, gone: id, doubtful: id };
  }
}
