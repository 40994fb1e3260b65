// A clock that jumps: hours pass at once, and each timer that came due runs once.
import type { Clock } from "../../core/mod.ts";
import { settle } from "../kit.ts";

export interface JumpingClock extends Clock {
  /** Moves on by `ms`; what is due then runs in its order, once, at the new time. */
  jump(ms: number): Promise<void>;
  /** A view of this clock for one life of a server; `end` takes all its timers away. */
  life(): { readonly clock: Clock; end(): void };
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Starts at 2026-03-01T12:00Z unless told. */
export function jumpingClock(start = Date.UTC(2026, 2, 1, 12)): JumpingClock {
  let time = start;
  let count = 0;
  const timers = new Set<Timer>();
  const after = (ms: number, run: () => void) => {
    const timer = { at: time + ms, order: count++, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => time,
    after,
    async jump(ms) {
      time += ms;
      const due = [...timers].filter(({ at }) => at <= time)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      for (const timer of due) {
        // An earlier one may have called it off.
        if (!timers.delete(timer)) continue;
        timer.run();
        await settle();
      }
      await settle();
    },
    life() {
      const own = new Set<() => void>();
      let over = false;
      return {
        clock: {
          now: () => time,
          after(ms, run) {
            if (over) return () => {};
            const cancel = after(ms, () => {
              own.delete(cancel);
              run();
            });
            own.add(cancel);
            return () => {
              own.delete(cancel);
              cancel();
            };
          },
        },
        end() {
          over = true;
          for (const cancel of own) cancel();
        },
      };
    },
  };
}
