// The loop brake: an answer that a device asks for again and again becomes smaller, down to a stub.
import type { Lost } from "../../api.ts";
import { parseState } from "./state.ts";

/** How an answer is made easier to digest. */
export interface Brake {
  /** The most things that it may tell. */
  readonly window: number;
  /** It became smaller with this request. */
  readonly tightened: boolean;
  /** Why the only item that it tells is to go out as a stub; undefined: as itself. */
  readonly stub: string | undefined;
}

/**
 * So often is an answer made before it becomes smaller, and so often the smaller one again: lines
 * lose a few answers in a row.
 */
const patience = 4;

/** How much smaller. 512 things become 64, 8 and one: at the fourth step it is clear which it is. */
const shrinks = 8;

/** In a tunnel every answer gets lost: for so long nothing but the window suffers. Milliseconds. */
const stubAfter = 2 * 60_000;

/**
 * The brake is released as the device gets on: each answer may tell twice as much as the one before.
 * What it does not get on with is still ahead, or its line is bad: the whole at once would again be
 * asked for four times.
 */
export const released = (window: number | undefined): number =>
  window === undefined ? Infinity : 2 * window;

/** From the fifth on rarely: a device that spins must not fill the log. */
const isStep = (times: number) =>
  times % patience === 0 && (times <= 4 * patience || Number.isInteger(Math.log2(times)));

/**
 * What to do where `lost` was asked for many times: fewer things, then one alone; and if that one is
 * asked for again and again for minutes, its stub. So one message that crashes a device, or is too
 * long for its line, holds up nothing but itself. Undefined: nothing, or the device has shown with
 * its key that it got on.
 */
export function brakeOf(lost: Lost | undefined, now: number): Brake | undefined {
  if (!lost || lost.times < patience) return undefined;
  const { told } = parseState(lost.state);
  if (told === 0) return undefined;
  const step = isStep(lost.times);
  const alone = step && told === 1 && lost.times >= 2 * patience && now - lost.since >= stubAfter;
  return {
    window: step ? Math.max(1, Math.floor(told / shrinks)) : told,
    tightened: step && told > 1,
    stub: alone ? `The device asked for it ${lost.times} times and did not get on.` : undefined,
  };
}
