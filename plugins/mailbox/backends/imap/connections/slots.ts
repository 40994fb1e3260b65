// How many connections an account may have at a time, and who is next.
import { type Clock, pause, Unavailable } from "../../../../../core/mod.ts";

interface Waiting {
  go(): void;
  fail(error: Error): void;
}

/** Places for work, first come first served, and for connections that wait for news. */
export class Slots {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  /** What the owners of a connection do when it is wanted back. */
  readonly #owners = new Set<() => void>();
  #used = 0;
  #lowered = { to: Infinity, until: 0 };
  #closed: Error | undefined;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** The most connections for work now. */
  get limit(): number {
    return Math.max(1, this.#total - this.#owners.size);
  }

  /** Connections that wait for news. */
  get owned(): number {
    return this.#owners.size;
  }

  /** Waits for a place until a time. Throws `Unavailable`. */
  async enter(until: number): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.#used < this.limit && !this.#queue.length) {
      this.#used++;
      return;
    }
    await this.#wait(until);
  }

  leave(): void {
    this.#used--;
    this.#admit();
  }

  /**
   * A place for a connection that waits; the answer gives it back. Throws `Unavailable` where the
   * last one would be taken from work.
   */
  takeOwn(wanted: () => void): () => void {
    if (this.#closed) throw this.#closed;
    if (this.#total - this.#owners.size < 2) {
      throw new Unavailable("Cannot wait for mail: there is no connection to spare");
    }
    const owner = () => wanted();
    this.#owners.add(owner);
    return () => {
      if (this.#owners.delete(owner)) this.#admit();
    };
  }

  /**
   * The server has no room beyond the connections for work that are `open`: for so many milliseconds
   * no other one is tried. Answers whether somebody who waited for news has made room: work goes first.
   */
  crowded(open: number, ms: number): boolean {
    const owners = open === 0 ? [...this.#owners] : [];
    for (const wanted of owners) wanted();
    const to = Math.max(1, open + this.#owners.size);
    this.#lowered = { to, until: this.#clock.now() + ms };
    return owners.length > 0;
  }

  async pause(ms: number): Promise<void> {
    await pause(this.#clock, ms);
  }

  /** Whoever waits hears `error`, and so does everybody who comes. */
  close(error: Error): void {
    this.#closed = error;
    for (const waiting of this.#queue.splice(0)) waiting.fail(error);
  }

  get #total(): number {
    const { to, until } = this.#lowered;
    return this.#clock.now() < until ? Math.min(this.#most, to) : this.#most;
  }

  #wait(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        cancel();
        const at = this.#queue.indexOf(waiting);
        if (at >= 0) this.#queue.splice(at, 1);
      };
      const waiting: Waiting = {
        go: () => {
          leave();
          resolve();
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const late = new Unavailable("Cannot reach the mail server: all connections are in use");
      const cancel = this.#clock.after(until - this.#clock.now(), () => waiting.fail(late));
      this.#queue.push(waiting);
    });
  }

  #admit(): void {
    while (this.#queue.length && this.#used < this.limit) {
      this.#used++;
      this.#queue[0]!.go();
    }
  }
}
