// How long a Sync may wait: Wait in minutes, HeartbeatInterval in seconds, within the configured bounds.
import type { Patience } from "./request.ts";

/** The time in milliseconds, or the nearest bound in the device's unit where it is out of bounds. */
// MS-ASCMD 2.2.3.84, 2.2.3.194, 2.2.3.93
export function patienceOf(
  { unit, value }: Patience,
  { min, max }: { readonly min: number; readonly max: number },
): { readonly ms: number } | { readonly limit: number } {
  const seconds = unit === "minutes" ? 60 : 1;
  // A configured range may hold no whole minute: then it is the one below it.
  const most = Math.max(1, Math.floor(max / seconds));
  const least = Math.min(most, Math.ceil(min / seconds));
  if (value < least) return { limit: least };
  if (value > most) return { limit: most };
  return { ms: value * seconds * 1000 };
}
