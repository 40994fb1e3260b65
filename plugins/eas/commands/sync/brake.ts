// Brakes: a device that asks for the same answer again and again, or adds the same without end.
import { LRUCache } from "lru-cache";
import type { Lost } from "../../api.ts";
import type { DeviceRef } from "../../sync_state.ts";
import type { Filed } from "./journal.ts";

/** How an answer is made easier to digest. */
export interface Brake {
  /** The most things that it may tell. */
  readonly window: number;
  /** Why its only item goes out as a stub; undefined: it does not. */
  readonly stub: string | undefined;
}

/** So often may the same answer be asked for on a bad line, the first time included. */
const patience = 4;
/** One item alone is asked for so often before it is taken for the culprit. */
const suspicion = 6;

/**
 * What to do where `lost` was asked for many times: a quarter of it, then a quarter of that, down to
 * one item; and if that one is asked for again and again, its stub. So one message that crashes a
 * device, or is too long for its line, holds up nothing but itself.
 */
export function brakeOf(lost: Lost | undefined): Brake | undefined {
  if (!lost || lost.times < patience) return undefined;
  const told = lost.held.length + lost.gone.length;
  const alone = told <= 1 && lost.times >= suspicion;
  return {
    window: Math.max(1, Math.floor(told / 4)),
    stub: alone ? `the device asked for it ${lost.times} times` : undefined,
  };
}

/** Adds of one kind within the time that are still thought to be a person's. */
const mostAlike = 200;
/** The time, and the length of a pause. Milliseconds. */
const span = 10 * 60_000;

/** Watches how fast devices add items that are alike: a client gone wild fills a mailbox in an hour. */
export interface AddRates {
  /**
   * Counts the new Adds of a request. `begins`: with them it is too much, and the folder pauses for
   * this device; `pauses`: it does already. Either way none of them may run.
   */
  check(device: DeviceRef, folder: string, fresh: readonly Filed[], now: number): AddRate;
}

export type AddRate = "fine" | "begins" | "pauses";

interface Rate {
  /** The moments of Adds, by what they add. */
  readonly alike: Map<string, number[]>;
  until: number;
}

/** The rates of all devices; what is quiet for long is forgotten. */
export function addRates(): AddRates {
  const rates = new LRUCache<string, Rate>({ max: 2000 });
  return {
    check({ account, device }, folder, fresh, now) {
      const name = JSON.stringify([account, device, folder]);
      const rate: Rate = rates.get(name) ?? { alike: new Map(), until: 0 };
      if (now < rate.until) return "pauses";
      const adds = fresh.filter(({ command }) => command.kind === "add");
      if (adds.length === 0) return "fine";
      rates.set(name, rate);
      for (const [what, moments] of rate.alike) {
        const recent = moments.filter((at) => at > now - span);
        if (recent.length > 0) rate.alike.set(what, recent);
        else rate.alike.delete(what);
      }
      for (const { what } of adds) {
        const moments = [...rate.alike.get(what) ?? [], now];
        rate.alike.set(what, moments);
        if (moments.length <= mostAlike) continue;
        rate.until = now + span;
        rate.alike.clear();
        return "begins";
      }
      return "fine";
    },
  };
}
