// A set of UIDs as ranges: what a server says of a folder with a hundred thousand messages in a line.

/** From one UID to another, both included. */
export type UidRange = readonly [number, number];

/** UIDs in ascending order. */
export class UidRanges {
  readonly #ranges: [number, number][] = [];
  #size = 0;

  /** The set that IMAP writes as `1:3,7`. */
  static parse(text: string): UidRanges {
    const pairs = text.split(",").filter(Boolean).map((part): UidRange => {
      const [low = NaN, high = low] = part.split(":").map(Number);
      return low <= high ? [low, high] : [high, low];
    });
    const set = new UidRanges();
    for (const pair of pairs.sort((a, b) => a[0] - b[0])) set.add(pair);
    return set;
  }

  static of(uids: readonly number[]): UidRanges {
    const set = new UidRanges();
    for (const uid of uids) set.add([uid, uid]);
    return set;
  }

  /** Adds what comes after all that is in it. */
  add([low, high]: UidRange): void {
    const last = this.#ranges.at(-1);
    const from = last ? Math.max(low, last[1] + 1) : low;
    if (!(from <= high)) return;
    this.#size += high - from + 1;
    if (last && last[1] + 1 === from) last[1] = high;
    else this.#ranges.push([from, high]);
  }

  get size(): number {
    return this.#size;
  }

  has(uid: number): boolean {
    let [low, high] = [0, this.#ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [from, to] = this.#ranges[middle]!;
      if (uid < from) high = middle - 1;
      else if (uid > to) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** The UID with so many before it. */
  at(place: number): number | undefined {
    let left = place;
    for (const [from, to] of this.#ranges) {
      if (left <= to - from) return from + left;
      left -= to - from + 1;
    }
    return undefined;
  }

  /** As IMAP writes it; empty for none. */
  toString(): string {
    return this.#ranges.map(([from, to]) => from === to ? `${from}` : `${from}:${to}`).join(",");
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [from, to] of this.#ranges) {
      for (let uid = from; uid <= to; uid++) yield uid;
    }
  }
}
