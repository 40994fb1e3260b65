// The limit on failed logins, which must stop guessing and must not lock other people out.
import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.ts";

export interface FailureLimits {
  /** Different wrong passwords for one account from one address. */
  readonly perPair: number;
  /** Different wrong guesses from one address, whatever the account. */
  readonly perAddress: number;
  /** Milliseconds that a failure counts. */
  readonly window: number;
}

interface Counter {
  /** When it all is forgotten. */
  readonly until: number;
  count: number;
  /** What was tried: the same guess again is no new guess. */
  readonly guesses: Set<string>;
}

const remembered = 100_000;

/**
 * Counts failures for pairs of account and address, and for addresses. An account is never locked
 * as such: who guesses from one address cannot lock its owner out elsewhere. A wrong password that
 * is sent again and again (a device whose owner changed the password) counts once. A pair that has
 * logged in before is exempt from the address's limit, so that one guesser, or one forgotten
 * device, does not lock out an office behind one address.
 *
 * Its own and not a library's, because those at hand take their time from the machine's timers.
 */
export class FailureLimit {
  readonly #limits: FailureLimits;
  readonly #clock: Clock;
  readonly #pairs = new LRUCache<string, Counter>({ max: remembered });
  readonly #addresses = new LRUCache<string, Counter>({ max: remembered });
  readonly #known = new LRUCache<string, true>({ max: remembered });

  constructor(limits: FailureLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Milliseconds to wait before the next try, or 0. `pending`: other guesses for the pair on their way. */
  wait(user: string, remote: string, pending = 0): number {
    const address = networkOf(remote);
    const pair = pairOf(user, address);
    const byPair = this.#left(this.#pairs.get(pair), this.#limits.perPair - pending);
    const byAddress = this.#known.has(pair)
      ? 0
      : this.#left(this.#addresses.get(address), this.#limits.perAddress);
    // Too many at once, none of which has failed yet: a moment.
    const crowded = byPair === 0 && pending >= this.#limits.perPair ? 1000 : 0;
    return Math.max(byPair, byAddress, crowded);
  }

  /** A wrong guess; `guess` tells guesses apart without being one. */
  failed(user: string, remote: string, guess: string): void {
    const address = networkOf(remote);
    this.#count(this.#pairs, pairOf(user, address), guess, this.#limits.perPair);
    this.#count(this.#addresses, address, guess, this.#limits.perAddress);
  }

  succeeded(user: string, remote: string): void {
    const pair = pairOf(user, networkOf(remote));
    this.#pairs.delete(pair);
    this.#known.set(pair, true);
  }

  #left(counter: Counter | undefined, limit: number): number {
    if (!counter || counter.count < limit || counter.count === 0) return 0;
    return Math.max(0, counter.until - this.#clock.now());
  }

  #count(
    counters: LRUCache<string, Counter>,
    key: string,
    guess: string,
    limit: number,
  ): void {
    const now = this.#clock.now();
    let counter = counters.get(key);
    if (!counter || counter.until <= now) {
      counter = { until: now + this.#limits.window, count: 0, guesses: new Set() };
      counters.set(key, counter);
    }
    if (counter.guesses.has(guess)) return;
    if (counter.guesses.size < limit) counter.guesses.add(guess);
    counter.count++;
  }
}

function pairOf(user: string, address: string): string {
  return `${address} ${user}`;
}

/** An IPv6 client owns at least its /64: its addresses count as one. */
function networkOf(remote: string): string {
  if (!isIPv6(remote)) return remote;
  const [head = "", tail] = remote.toLowerCase().split("::");
  const groups = head.split(":").filter((group) => group !== "");
  if (tail !== undefined) {
    const after = tail.split(":").filter((group) => group !== "");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return `${groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":")}::/64`;
}
