// Time, as a value that tests replace.

/** The only source of time for product code, so that tests can run it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /**
   * Calls `run` once after `ms` milliseconds. Returns what cancels it. A pending call does not keep
   * the process alive.
   */
  after(ms: number, run: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    if (typeof timer === "object") timer.unref?.();
    return () => clearTimeout(timer);
  },
};

/** A promise that resolves after `ms`, or at once when `signal` aborts: it never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.after(ms, done);
    function done() {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}
