// One account's connections to its server: few, kept for a while, each with a folder open in it.
import type { ImapFlow, MailboxObject } from "imapflow";
import type { Account, Clock } from "../../../../../core/mod.ts";
import { Unavailable } from "../../../../../core/mod.ts";
import type { Wishes } from "../login/connect.ts";
import { hasLostItsWay, isBroken, isCrowded, portError } from "./errors.ts";
import type { Told } from "./fetch_answers.ts";
import { Line } from "./line.ts";
import { Slots } from "./slots.ts";

/** How a connection is used. */
export interface Use {
  /** Once more on a fresh connection where this one breaks: only for work that may be repeated. */
  readonly repeatable?: boolean;
  /** The folder is opened for writing; Refused (`readonly`) where the server opens it for reading. */
  readonly write?: boolean;
  /** The work only asks (FETCH, SEARCH, …) and changes nothing. */
  readonly asks?: boolean;
  /**
   * For work that only asks for messages by their UIDs. The numbers of the folder may be old ones,
   * until {@link OpenFolder.renew}: spares a STATUS, and a NOOP right after a listing.
   */
  readonly glance?: boolean;
  /**
   * The version that the folder's rows had before this: a connection that has looked at the folder a
   * moment ago, and since they have this version, need not look once more. See `folder_state.ts`.
   */
  readonly version?: number | undefined;
  /** Completes "Cannot …" in errors. */
  readonly doing?: string;
}

/** A connection with a folder open in it. */
export interface OpenFolder {
  readonly client: ImapFlow;
  /** As of now: UIDVALIDITY, UIDNEXT, number of messages, HIGHESTMODSEQ. */
  readonly mailbox: MailboxObject;
  /** Makes the numbers those of now, where the folder was opened for a glance. */
  readonly renew?: () => Promise<void>;
  /**
   * What this connection was last told of messages, by UID, and what still holds: nothing was done
   * since, and the server has told of no change. Whoever lists leaves it to the one who reads, and to
   * the next page.
   */
  readonly told?: Map<number, Told>;
  /**
   * What will most likely be wanted next: asked after the next glance, which reads what was told now,
   * and added to `told`. Nobody waits for it but whoever uses this connection then.
   */
  readonly inAdvance?: (ask: () => Promise<Iterable<Told>>) => void;
  /** How long the server took for its last NOOP, in milliseconds: mostly the way there and back. */
  readonly latency?: number;
  /** Notes that what this connection sees is not older than the folder's rows of that version. */
  readonly looked?: (version: number) => void;
}

/**
 * Errors of `work` and of the connection come out as the port's: `Unavailable` where the server is
 * away, too busy or lets nobody in, {@link NotFound} for a folder that is not there, {@link Refused}
 * for what the server will not do (quota, read-only, too large).
 */
export interface Connections {
  readonly account: Account;
  /** Runs `work` on a connection, whatever is open in it. */
  use<R>(work: (client: ImapFlow) => Promise<R>, how?: Use): Promise<R>;
  /**
   * Runs `work` on a connection in which the folder `path` is open. On a warm one that costs a NOOP
   * at most, and a STATUS where anything has changed or was done since.
   */
  inFolder<R>(path: string, work: (open: OpenFolder) => Promise<R>, how?: Use): Promise<R>;
  /**
   * A connection of its own, which the caller closes: for waiting. Counts against the limit, and
   * leaves one for work: throws `Unavailable` where there is none to spare. `wanted` is called when
   * the server allows no other one any more, and work waits.
   */
  own(wanted?: () => void): Promise<ImapFlow>;
  /** No connection keeps the folder, or one below it, open: it is about to move or to go. */
  leave(path: string, delimiter: string): Promise<void>;
  /** Closes what nobody uses, and from now on every connection when it is free. */
  retire(): Promise<void>;
  /** As `retire`; whoever wants one from now on has none. */
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  readonly account: Account;
  /** Opens a connection on which the account is logged in; see `connect.ts`. */
  readonly open: (wishes: Wishes) => Promise<ImapFlow>;
  readonly clock: Clock;
  /** The most connections at a time. */
  readonly limit: number;
  /** Seconds without a word after which a connection in use is given up. */
  readonly timeout: number;
  /** Seconds for which a connection that nobody uses is kept. */
  readonly idle: number;
  /** Told what a folder was found like whenever one is opened. */
  readonly seen?: (mailbox: MailboxObject) => void;
}

/** While a server has no room for another connection, one is tried again after so long. */
const CROWDED_PAUSE_MS = 1000;

/** After a server had no room for another connection, so long none is tried beyond what it had. */
const LOWERED_MS = 5 * 60_000;

/** A quiet connection of a waiting account; the watcher looks after it itself. */
const QUIET_MS = 30 * 60_000;

export function makeConnections(options: ConnectionsOptions): Connections {
  return new Pool(options);
}

class Pool implements Connections {
  readonly account: Account;
  readonly #options: ConnectionsOptions;
  readonly #slots: Slots;
  #free: Line[] = [];
  readonly #busy = new Set<Line>();
  #closed = false;
  /** No connection is kept any more. */
  #retired = false;
  /** Cancels the look at who has been idle for long. */
  #stop: (() => void) | undefined;

  constructor(options: ConnectionsOptions) {
    this.account = options.account;
    this.#options = options;
    this.#slots = new Slots(options.limit, options.clock);
  }

  async use<R>(work: (client: ImapFlow) => Promise<R>, how: Use = {}): Promise<R> {
    return await this.#run(undefined, (line) => line.work(() => work(line.client)), how);
  }

  async inFolder<R>(
    path: string,
    work: (open: OpenFolder) => Promise<R>,
    how: Use = {},
  ): Promise<R> {
    return await this.#run(path, async (line) => {
      const mailbox = await line.enter(path, how);
      this.#options.seen?.(mailbox);
      const { client, told, latency } = line;
      const renew = () => line.renew();
      const looked = (version: number) => line.looked(version);
      const inAdvance = (ask: () => Promise<Iterable<Told>>) => line.inAdvance(ask);
      try {
        const result = await line.work(() =>
          work({ client, mailbox, told, inAdvance, latency, renew, looked })
        );
        line.keep(how);
        return result;
      } finally {
        if (!how.asks && !how.glance) this.#changed(path, line);
      }
    }, how);
  }

  async own(wanted: () => void = () => {}): Promise<ImapFlow> {
    const leave = this.#slots.takeOwn(wanted);
    try {
      await this.#makeRoom();
      const client = await this.#connect({ socketTimeout: QUIET_MS });
      client.once("close", leave);
      if (client.isClosed) leave();
      return client;
    } catch (error) {
      leave();
      const open = this.#busy.size + this.#free.length;
      if (isCrowded(error)) this.#slots.crowded(open, LOWERED_MS);
      throw portError(error, "wait for mail");
    }
  }

  async leave(path: string, delimiter: string): Promise<void> {
    const inside = (open: string) => open === path || open.startsWith(path + delimiter);
    const open = this.#free.filter((line) => line.path !== undefined && inside(line.path));
    this.#free = this.#free.filter((line) => !open.includes(line));
    for (const line of open) this.#busy.add(line);
    await Promise.all(open.map(async (line) => {
      await line.leave().catch(() => line.client.close());
      this.#putBack(line);
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#slots.close(new Unavailable("Cannot use the connection: the account is closed"));
    await this.retire();
  }

  async retire(): Promise<void> {
    this.#retired = true;
    this.#stop?.();
    this.#stop = undefined;
    const idle = this.#free;
    this.#free = [];
    await Promise.all(idle.map((line) => this.#end(line)));
  }

  /** What other connections have seen of the folder is older than what was done there. */
  #changed(path: string, by: Line): void {
    for (const line of [...this.#free, ...this.#busy]) {
      if (line !== by && line.path === path) line.forget();
    }
  }

  /** Runs `work` on a connection; once more on a fresh one where that one was dead or dies. */
  async #run<R>(
    path: string | undefined,
    work: (line: Line) => Promise<R>,
    { repeatable = false, doing = "reach the mail server" }: Use,
  ): Promise<R> {
    for (let fresh = false;; fresh = true) {
      const line = await this.#take(path, fresh).catch((error) => {
        throw portError(error, doing);
      });
      const { stop, stuck } = this.#guard(line);
      try {
        return await Promise.race([work(line), stuck]);
      } catch (error) {
        if (hasLostItsWay(error)) line.client.close();
        if (!fresh && isBroken(line.client) && (repeatable || !line.started)) continue;
        throw portError(error, doing);
      } finally {
        stop();
        this.#giveBack(line);
      }
    }
  }

  /** Work through which no byte has passed for `timeout` seconds loses its connection. */
  #guard(line: Line): { stop: () => void; stuck: Promise<never> } {
    const { clock, timeout } = this.#options;
    let before = -1;
    let cancel = () => {};
    const stuck = new Promise<never>((_, reject) => {
      const look = () => {
        const { sent, received } = line.client.stats();
        if (sent + received === before) {
          line.client.close();
          reject(new Unavailable("Cannot reach the mail server: nothing has come for long"));
          return;
        }
        before = sent + received;
        cancel = clock.after(timeout * 1000, look);
      };
      look();
    });
    stuck.catch(() => {});
    return { stop: () => cancel(), stuck };
  }

  async #take(path: string | undefined, unused: boolean): Promise<Line> {
    if (this.#closed) throw new Unavailable("Cannot use the connection: the account is closed");
    const { clock, timeout } = this.#options;
    const until = clock.now() + timeout * 1000;
    for (let fresh = unused, failures = 0;; failures++) {
      await this.#slots.enter(until);
      try {
        const line = (fresh ? undefined : this.#choose(path)) ?? await this.#another();
        line.age(clock.now());
        this.#busy.add(line);
        line.started = false;
        return line;
      } catch (error) {
        this.#slots.leave();
        const open = this.#busy.size + this.#free.length;
        // Some close at once, and what they said is lost: then others of this account tell the same.
        // Once more only: where nobody can log in any more, that would never end.
        if (!isCrowded(error) && (failures > 0 || open + this.#slots.owned === 0)) throw error;
        fresh = false;
        // From now on work waits for what this account has open; where that is nothing, for others'.
        const lowered = isCrowded(error) ? LOWERED_MS : CROWDED_PAUSE_MS;
        if (this.#slots.crowded(open, lowered) || open > 0) continue;
        if (clock.now() + CROWDED_PAUSE_MS >= until) throw error;
        await this.#slots.pause(CROWDED_PAUSE_MS);
      }
    }
  }

  /** A connection that is there: best the one with this folder open in it. */
  #choose(path: string | undefined): Line | undefined {
    this.#free = this.#free.filter((line) => !isBroken(line.client));
    const free = this.#free;
    const best = free.find((line) => line.path === path) ??
      free.find((line) => line.path === undefined || path === undefined);
    // Another folder is opened in a connection of its own, so that two in turn stay open.
    const room = this.#slots.limit > this.#busy.size + free.length && free.length < 2;
    const line = best ?? (room ? undefined : free[0]);
    if (line) this.#free = free.filter((other) => other !== line);
    return line;
  }

  /** A new connection, in the place of an idle one where there is no room. */
  async #another(): Promise<Line> {
    await this.#makeRoom(1);
    const line = new Line(await this.#connect({}), this.#options.clock);
    line.client.once("close", () => {
      this.#free = this.#free.filter((other) => other !== line);
    });
    return line;
  }

  /** Ends idle connections until there is room for so many more. */
  async #makeRoom(more = 0): Promise<void> {
    while (this.#busy.size + this.#free.length + more > this.#slots.limit && this.#free.length) {
      await this.#end(this.#free.shift()!);
    }
  }

  async #connect(wishes: Wishes): Promise<ImapFlow> {
    const client = await this.#options.open(wishes);
    // The library puts the prefix of personal folders before every name that lacks it, also before
    // those of other namespaces. Names are whole here.
    if (client.namespace) client.namespace = { ...client.namespace, prefix: "" };
    return client;
  }

  #giveBack(line: Line): void {
    this.#putBack(line);
    this.#slots.leave();
  }

  /** A connection that nobody uses any more is kept for the next one. */
  #putBack(line: Line): void {
    this.#busy.delete(line);
    if (isBroken(line.client)) line.client.close();
    else if (this.#retired) void this.#end(line);
    else {
      line.idleSince = this.#options.clock.now();
      this.#free.push(line);
      this.#sweepLater();
    }
  }

  /** One timer for all that are idle. */
  #sweepLater(): void {
    const oldest = this.#free[0];
    if (this.#stop || !oldest) return;
    const { clock, idle } = this.#options;
    const wait = Math.max(0, oldest.idleSince + idle * 1000 - clock.now());
    this.#stop = clock.after(wait, () => {
      this.#stop = undefined;
      const due = clock.now() - idle * 1000;
      const old = this.#free.filter((line) => line.idleSince <= due);
      this.#free = this.#free.filter((line) => line.idleSince > due);
      for (const line of old) void this.#end(line);
      this.#sweepLater();
    });
  }

  async #end(line: Line): Promise<void> {
    await line.client.logout().catch(() => {});
    line.client.close();
  }
}
