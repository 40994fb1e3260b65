// The end of a server: running requests get a while, then the connections are closed.
import { pause, systemClock } from "../clock.ts";

/** Waits for `finished` at most `graceMs`; then calls `force`. */
export async function within(
  finished: Promise<unknown>,
  graceMs: number,
  force: () => unknown,
): Promise<void> {
  const ended = new AbortController();
  const done = finished.then(() => true, () => true).finally(() => ended.abort());
  const late = pause(systemClock, graceMs, ended.signal).then(() => false);
  if (!await Promise.race([done, late])) await force();
}
