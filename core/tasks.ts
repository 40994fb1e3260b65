// Background work: started with the server, started again after a failure, ended with it.
import { type Clock, pause } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Task } from "./points.ts";

export interface RunningTasks {
  /** Aborts all and resolves when each has ended. */
  stop(): Promise<void>;
}

const firstPause = 1000;
const longestPause = 60_000;

/** Runs every task. One that fails is run again, later after each failure; one that ends has ended. */
export function runTasks(
  tasks: readonly Task[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): RunningTasks {
  const ended = new AbortController();
  const all = tasks.map((task) => keepRunning(task, clock, log, ended.signal));
  return {
    async stop() {
      ended.abort();
      await Promise.all(all);
    },
  };
}

async function keepRunning(
  task: Task,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let wait = firstPause;
  while (!signal.aborted) {
    const begin = clock.now();
    try {
      return await task.run(signal);
    } catch (error) {
      if (signal.aborted) return;
      // It ran well for a while: this is a new trouble, not the old one.
      if (clock.now() - begin > longestPause) wait = firstPause;
      log.error({ err: error, task: task.name, again: wait / 1000 }, "Background work failed");
    }
    await pause(clock, wait, signal);
    wait = Math.min(wait * 2, longestPause);
  }
}
