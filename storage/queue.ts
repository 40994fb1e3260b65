// Writers wait for each other here, in the order in which they came.
import { AsyncLocalStorage } from "node:async_hooks";

/** Runs one piece of work at a time. */
export interface Queue {
  /**
   * Runs `work` when all earlier work is done. Throws where the caller is inside work of this same
   * queue: it would wait for itself for ever.
   */
  enter<R>(what: string, work: () => Promise<R>): Promise<R>;
  /** Resolves when everything that entered so far is done. */
  idle(): Promise<void>;
}

/** A first-in-first-out queue. */
export function openQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  const inside = new AsyncLocalStorage<{ running: boolean }>();
  return {
    enter(what, work) {
      if (inside.getStore()?.running) {
        return Promise.reject(
          new Error(`Cannot ${what}: a transaction is open here; use the tx that it hands in`),
        );
      }
      const turn = { running: true };
      const result = last.then(() => inside.run(turn, work)).finally(() => turn.running = false);
      last = result.catch(() => {});
      return result;
    },
    async idle() {
      await last;
    },
  };
}
