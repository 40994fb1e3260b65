// One request at a time for what has a SyncKey: each device has a lock, first come, first served.
import type { Clock } from "../../core/mod.ts";
import type { DeviceRef } from "./sync_state.ts";

/** The device's lock was not free in time: an older request of the same device still works. */
export class Busy extends Error {
  override name = "Busy";
}

export interface DeviceLock {
  /**
   * Runs `work` alone for its device. Waits its turn at most the lock's patience, or until `signal`
   * aborts; then throws {@link Busy} and `work` never runs.
   */
  run<R>(device: DeviceRef, signal: AbortSignal, work: () => Promise<R>): Promise<R>;
}

/** How long a request waits for its turn: shorter than phones wait for an answer. Milliseconds. */
const patience = 20_000;

/** The locks of all devices; a device that does nothing costs nothing. */
export function deviceLock(clock: Clock): DeviceLock {
  /** For each device that is at work: those who wait, in order. */
  const lines = new Map<string, Line>();
  return {
    async run({ account, device }, signal, work) {
      const key = `${account}/${device}`;
      const line = lines.get(key);
      if (line) await turn(line, clock, signal);
      else lines.set(key, []);
      try {
        return await work();
      } finally {
        const next = lines.get(key)!.shift();
        if (next) next();
        else lines.delete(key);
      }
    },
  };
}

/** Those who wait: each is called when it is its turn. */
type Line = (() => void)[];

function turn(line: Line, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      cancel();
      signal.removeEventListener("abort", give);
    };
    const take = () => {
      settle();
      resolve();
    };
    const give = () => {
      settle();
      line.splice(line.indexOf(take), 1);
      reject(new Busy("Cannot begin: the device's last request is still at work"));
    };
    const cancel = clock.after(patience, give);
    line.push(take);
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
}
