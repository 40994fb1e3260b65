// For tests of the backend: a Dovecot with a tap before it, for as long as a suite runs.
import { after, before } from "node:test";
import type { needs } from "../../../../tests/needs.ts";
import {
  type Dovecot,
  type DovecotOptions,
  startDovecot,
} from "../../../../tests/servers/dovecot.ts";
import { startTap, type Tap } from "../../../../tests/servers/tap.ts";

/** Starts both before the tests of this suite, or of this file, and ends them afterwards. */
export function tapped(
  found: ReturnType<typeof needs>,
  options: DovecotOptions,
  started: (dovecot: Dovecot, tap: Tap) => void,
): void {
  const running: { stop(): Promise<void> }[] = [];
  before(async () => {
    if (found.skip) return;
    const dovecot = await startDovecot(options);
    running.unshift(dovecot);
    const tap = await startTap(dovecot.port);
    running.unshift(tap);
    started(dovecot, tap);
  });
  after(async () => {
    for (const each of running) await each.stop();
  });
}
