// How often a server that holds news back is asked for them: by few who wait often, by many not at all.

/** Milliseconds: sooner than that is no gain for a person, later than this the server tells itself. */
const QUICK_MS = 200;
const LATE_MS = 450;

/** Shared by all accounts of one server; each that waits takes part. */
export class Pace {
  readonly #most: number;
  #waiting = 0;

  /** `most`: questions a second for all who wait, from this process. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Answers what ends it. */
  join(): () => void {
    this.#waiting++;
    let joined = true;
    return () => {
      if (joined) this.#waiting--;
      joined = false;
    };
  }

  /** Milliseconds between two questions of one account; undefined: too many wait for any. */
  get ms(): number | undefined {
    const each = Math.max(QUICK_MS, this.#waiting * 1000 / this.#most);
    return each <= LATE_MS ? each : undefined;
  }
}
