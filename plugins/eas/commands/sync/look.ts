// A look at what the next Sync of a folder would bring: for Ping and GetItemEstimate. Writes nothing.
import type { Clock } from "../../../../core/mod.ts";
import type { Mailbox } from "../../../mailbox/api.ts";
import type { Look, Version } from "../../api.ts";
import { findsAny, lookWindow } from "./find.ts";
import { beginHunt, type Hunt } from "./hunt.ts";
import { floorOf, wishes } from "./options.ts";
import { type CollectionState, parseState, withFloor } from "./state.ts";

/** For whom, and when, it is looked. */
export interface Looking {
  readonly mailbox: Mailbox;
  readonly version: Version;
  readonly clock: Clock;
}

/** A hunt in what the device has, without end. */
export function lookingHunt(
  folder: string,
  look: Look,
  { mailbox, version, clock }: Looking,
  { filter, conversations }: { filter?: number; conversations?: boolean } = {},
): Hunt {
  const known = parseState(look.state);
  const floor = floorOf(filter ?? known.options.filter, clock.now());
  const said = conversations === undefined ? {} : { conversations };
  const options = wishes(said, known.options);
  const state: CollectionState = { ...withFloor(known, floor), options };
  const isLate = () => false;
  return beginHunt({ view: look, mailbox, folder, version, state, window: lookWindow, isLate });
}

/**
 * Whether the next Sync of a folder would bring something; if not, the place in its history up to
 * which that is certain, so that the next look begins there. Throws NotFound where it is gone.
 */
export async function looksChanged(
  folder: string,
  look: Look,
  looking: Looking,
  since?: string,
): Promise<{ readonly changed: boolean; readonly cursor: string }> {
  const hunt = lookingHunt(folder, look, looking);
  if (since !== undefined) hunt.state = { ...hunt.state, cursor: since };
  const changed = await findsAny(hunt);
  return { changed, cursor: hunt.state.cursor };
}
