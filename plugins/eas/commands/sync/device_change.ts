// A device's Change of a mail: Read, Flag, Categories.
import { type ItemId, type Marks, NotFound, Refused } from "../../../mailbox/api.ts";
import type { Held } from "../../api.ts";
import { afterOwn, differIn, fingerprint } from "../../schema/marks.ts";
import type { CommandContext, Items } from "./device_commands.ts";
import type { Outcome } from "./journal.ts";

/**
 * Sets marks. Where somebody else changed the same marks otherwise, the request's Conflict option
 * decides; marks that only one side touched never conflict.
 */
// MS-ASCMD 2.2.3.34
export async function applyChange(
  { mailbox, serverWins }: CommandContext,
  items: Items,
  id: ItemId,
  marks: Partial<Marks>,
  token: string,
): Promise<Outcome> {
  const [item, before] = [items.now.get(id), items.held.get(id)];
  if (!item) return { status: 8 };
  const { state } = item;
  const now = fingerprint(state.revision, state.marks);
  const wanted = fingerprint(state.revision, { ...state.marks, ...marks });
  if (serverWins && before && wanted !== now && differIn(before.has, now, marks)) {
    return { status: 7, doubtful: id };
  }
  try {
    const after = wanted === now ? state : await mailbox.mark(id, marks, token);
    items.now.set(id, { ...item, state: after });
    if (!before) return { status: 1 };
    const is = fingerprint(after.revision, after.marks);
    return { status: 1, held: { ...before, has: afterOwn(before.has, is, marks) } };
  } catch (error) {
    if (error instanceof NotFound) return { status: 8 };
    if (!(error instanceof Refused)) throw error;
    return { status: error.reason === "quota" ? 9 : 7, ...reverted(before, wanted, now, marks) };
  }
}

/** The device shows what it wanted: note that, so that the truth is a change to be told. */
function reverted(
  before: Held | undefined,
  wanted: string,
  now: string,
  marks: Partial<Marks>,
): Pick<Outcome, "held" | "doubtful"> {
  if (!before || wanted === now) return {};
  const held = { ...before, has: afterOwn(before.has, wanted, marks) };
  return { held, doubtful: before.item };
}
