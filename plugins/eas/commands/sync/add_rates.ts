// The breaker for writing: a device that adds the same without end must not fill a mailbox overnight.
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { DeviceRef, Element } from "../../api.ts";
import type { Filed } from "./journal.ts";

/** In which Adds are counted. Milliseconds. */
const span = 10 * 60_000;
/** The first pause; each that follows within a day is twice as long. Milliseconds. */
const firstPause = 10 * 60_000;
const longestPause = 4 * 3_600_000;
const day = 24 * 3_600_000;

/** `begins`: with these Adds it is too much; `pauses`: it was. Either way none of them may run. */
export type AddRate = "fine" | "begins" | "pauses";

/**
 * Watches how fast devices add items that are alike. In memory only: a server that starts again
 * counts again, and what is lost by that is one pause.
 */
export interface AddRates {
  /** Counts Adds that have not run before. */
  check(device: DeviceRef, folder: string, fresh: readonly Filed[], now: number): AddRate;
  /** Whether a folder pauses for this device. */
  pauses(device: DeviceRef, folder: string, now: number): boolean;
}

/** A device's Adds to a folder. */
interface Rate {
  /** The moments of Adds within `span`, by what they add. */
  readonly alike: Map<string, number[]>;
  /** When the pause ends, and how long it is. */
  until: number;
  pause: number;
}

/**
 * The rates of all devices; what is quiet for long is forgotten. `most` alike within ten minutes are
 * still thought to be a person's, or an import's.
 */
export function addRates(most: number): AddRates {
  const rates = new LRUCache<string, Rate>({ max: 2000 });
  const nameOf = ({ account, device }: DeviceRef, folder: string) =>
    JSON.stringify([account, device, folder]);
  return {
    pauses: (device, folder, now) => now < (rates.get(nameOf(device, folder))?.until ?? 0),
    check(device, folder, fresh, now) {
      const name = nameOf(device, folder);
      const rate: Rate = rates.get(name) ?? { alike: new Map(), until: 0, pause: 0 };
      if (now < rate.until) return "pauses";
      // What cannot be read is refused by itself, and writes nothing.
      const adds = fresh.filter(({ command, what }) => command.kind === "add" && what !== "bad");
      if (adds.length === 0) return "fine";
      rates.set(name, rate);
      count(rate.alike, adds.map(likeness), now);
      if ([...rate.alike.values()].every(({ length }) => length <= most)) return "fine";
      const again = rate.pause > 0 && now - rate.until < day;
      rate.pause = again ? Math.min(2 * rate.pause, longestPause) : firstPause;
      rate.until = now + rate.pause;
      // They have not run: after the pause they count once more.
      rate.alike.clear();
      return "begins";
    },
  };
}

function count(alike: Rate["alike"], adds: readonly string[], now: number): void {
  for (const [what, moments] of alike) {
    const recent = moments.filter((at) => at > now - span);
    if (recent.length > 0) alike.set(what, recent);
    else alike.delete(what);
  }
  for (const what of adds) alike.set(what, [...alike.get(what) ?? [], now]);
}

/**
 * What an Add adds, roughly: what a device writes again has another ClientId, date and Message-ID,
 * but the same names and people, the same subject, and a text of nearly the same length.
 */
function likeness({ command: { data } }: Filed): string {
  const parts: string[] = [];
  const look = ({ tag, children, bytes, text }: Element) => {
    children.forEach(look);
    if (children.length > 0 || tag === "AirSyncBase:ClientId" || isDate.test(text)) return;
    parts.push(`${tag} ${bytes.length > longestText ? bytes.length >> 5 : text.trim()}`);
  };
  data?.children.forEach(look);
  return createHash("sha256").update(parts.join("\n")).digest("base64url");
}

const isDate = /^\d{4}-?\d\d-?\d\dT[\d:.]+Z?$/;
/** Of a longer text only the length counts: there may be dates in it. Bytes. */
const longestText = 256;
