// One message's way: the copy in Sent, local inboxes, the relay, and the bounce for what failed.
import { type Account, pause } from "../../../core/mod.ts";
import { NotFound, Refused } from "../api.ts";
import type { Relay, Submission } from "../way_out.ts";
import { type Bytes, concat } from "../bytes.ts";
import { folderByRole } from "../delivery.ts";
import type { Entry, Recipient } from "./entry.ts";
import {
  judged,
  lost,
  refusalOf,
  refusedByAll,
  sentHere,
  unreachable,
  withoutRelay,
} from "./judge.ts";
import { tell } from "./notices.ts";
import type { OutboxParts } from "./parts.ts";
import { lease, type Queue, TakenOver } from "./queue.ts";
import { withoutBcc } from "./submission.ts";

/** Works on messages that the caller has leased from the queue, and gives them back. */
export class Journey {
  readonly #parts: OutboxParts;
  readonly #queue: Queue;
  #trouble: string | undefined;
  /** What is under way here, by number. */
  readonly #working = new Set<number>();

  constructor(parts: OutboxParts, queue: Queue) {
    this.#parts = parts;
    this.#queue = queue;
  }

  /** What was wrong with the relay when it was last tried. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** All that needs no other server; the rest is due at once. */
  async here(entry: Entry): Promise<void> {
    await this.#work(entry, undefined);
  }

  /** All of it. An attempt at the relay ends early when `signal` aborts. */
  async whole(entry: Entry, signal: AbortSignal): Promise<void> {
    await this.#work(entry, signal);
  }

  /**
   * All of it, while the sender waits. Where the server refuses the message to everybody for good,
   * nothing of it is kept: throws {@link Refused}.
   */
  async first(entry: Entry, signal: AbortSignal): Promise<void> {
    await this.#work(entry, signal, true);
  }

  async #work(entry: Entry, signal: AbortSignal | undefined, first = false): Promise<void> {
    // A computer that slept finds its own leases at their end, and is still at work.
    if (this.#working.has(entry.id)) return;
    this.#working.add(entry.id);
    const stop = this.#keepLease(entry.id);
    try {
      const own = await this.#submission(entry);
      const before = await this.#queue.recipients(entry.id);
      // Where a server decides while the sender waits, what it refuses is not in Sent.
      let saved = !own && await this.#saveSent(entry);
      let now = before.map((one) => lost(one, entry));
      now = await this.#deliverHere(entry, now);
      const relayed = signal ? await this.#relay(entry, now, own?.relay, signal) : now;
      const refusal = first ? refusedByAll(relayed) : undefined;
      if (refusal) {
        await this.#queue.drop(entry.id);
        throw refusal;
      }
      const after = this.#giveUp(entry, relayed);
      // Sent is noted no earlier: a crash before only has it saved again, under the same token.
      await this.#write(
        () => this.#queue.settle(entry.id, entry.rounds + 1, after, saved),
        signal,
      );
      this.#countSent(before, after);
      if (own) {
        saved = await this.#saveSent(entry);
        if (saved) await this.#queue.sentSaved(entry.id);
      }
      const told = await tell(this.#parts, this.#queue, entry, after, own?.relay);
      const tried = signal !== undefined && !signal.aborted;
      await this.#queue.release(entry.id, this.#dueAfter(entry, after, saved && told, tried));
    } finally {
      stop();
      this.#working.delete(entry.id);
    }
  }

  /** The sender's own way out, where it has one. */
  async #submission({ accountId }: Entry): Promise<Submission | undefined> {
    const account = await this.#parts.accounts().get(accountId);
    return account && this.#parts.submission?.(account);
  }

  /** Renews the lease for as long as the work takes. */
  #keepLease(id: number): () => void {
    const { clock, log } = this.#parts;
    let cancel = () => {};
    const next = () => {
      cancel = clock.after(lease / 2, () => {
        this.#queue.renew(id).catch((error) => {
          log.warn({ err: error, outgoing: id }, "A lease on outgoing mail was not renewed");
        });
        next();
      });
    };
    next();
    return () => cancel();
  }

  /** True: nothing is left to save. */
  async #saveSent(entry: Entry): Promise<boolean> {
    if (!entry.saveSent) return true;
    const { accounts, mailboxes, log } = this.#parts;
    try {
      const account = await accounts().get(entry.accountId);
      if (account) {
        const mailbox = mailboxes().open(account);
        const folder = await folderByRole(mailbox, "sent");
        const mime = concat(entry.head, this.#queue.body(entry.id));
        const item = { mime, marks: { read: true }, date: entry.created };
        await mailbox.create(folder, item, `outgoing:${entry.id}:sent`);
      }
    } catch (error) {
      log.error({ err: error, outgoing: entry.id }, "A sent message was not saved in Sent");
      return !this.#maySave(error, entry);
    }
    return true;
  }

  /** What can never work must not hold up the message for ever; in a full mailbox room may be made. */
  #maySave(error: unknown, { created }: Entry): boolean {
    const { clock, giveUpAfter } = this.#parts;
    if (!(error instanceof Refused || error instanceof NotFound)) return true;
    const full = error instanceof Refused && error.reason === "quota";
    return full && clock.now() - created < giveUpAfter * 1000;
  }

  async #deliverHere(entry: Entry, all: readonly Recipient[]): Promise<Recipient[]> {
    const { accounts, delivery, log } = this.#parts;
    const due = all.filter(({ state, accountId }) =>
      state === "waiting" && accountId !== undefined
    );
    if (due.length === 0) return [...all];
    const found = await Promise.all(due.map(({ accountId }) => accounts().get(accountId!)));
    const outcome = new Map(due.map((one, at) => [one.address, unreachable(found[at])]));
    const open = due.filter(({ address }) => !outcome.get(address));
    const to = found.filter((one): one is Account => one !== undefined && !one.disabled);
    try {
      const envelope = { from: entry.sender, to };
      if (to.length > 0) {
        await delivery().deliver(this.#bytes(entry), envelope, `outgoing:${entry.id}`);
      }
      for (const { address } of open) outcome.set(address, sentHere);
    } catch (error) {
      log.error({ err: error, outgoing: entry.id }, "A message was not delivered here");
      const verdict = refusalOf(error);
      for (const { address } of open) outcome.set(address, verdict);
    }
    return all.map((one) => judged(one, outcome.get(one.address), entry));
  }

  #bytes(entry: Entry): Bytes {
    return concat(withoutBcc(entry.head), this.#queue.body(entry.id));
  }

  async #relay(
    entry: Entry,
    all: readonly Recipient[],
    own: Relay | undefined,
    signal: AbortSignal,
  ): Promise<Recipient[]> {
    const { log } = this.#parts;
    const relay = own ?? this.#parts.relay;
    const to = all.filter(({ state, accountId }) => state === "waiting" && accountId === undefined)
      .map(({ address }) => address);
    if (to.length === 0) return [...all];
    if (!relay) {
      return all.map((one) =>
        to.includes(one.address) ? { ...withoutRelay(one.address), round: entry.rounds } : one
      );
    }
    let taken: TakenOver | undefined;
    const verdicts = await relay.handOver({
      from: entry.sender,
      to,
      size: entry.size,
      mime: this.#bytes(entry),
      committing: () =>
        this.#queue.committing(entry.id, to).catch((error) => {
          if (error instanceof TakenOver) taken = error;
          throw error;
        }),
      signal,
    });
    // Whoever goes on with it writes down how it came off.
    if (taken) throw taken;
    const trouble = [...verdicts.values()].find(({ relayTrouble }) => relayTrouble);
    // One account's server says nothing about the one of all the others.
    if (!own && !signal.aborted) this.#trouble = trouble?.diagnostic;
    const kinds = Object.fromEntries([...verdicts].map(([address, { kind }]) => [address, kind]));
    const tried = { outgoing: entry.id, relay: relay.place, recipients: kinds };
    const bad = [...verdicts.values()].find(({ kind }) => kind !== "sent");
    if (bad) log.warn({ ...tried, reason: bad.diagnostic }, "The relay was tried");
    else log.info(tried, "The relay was tried");
    return all.map((one) => judged(one, verdicts.get(one.address), entry));
  }

  #giveUp(entry: Entry, all: readonly Recipient[]): Recipient[] {
    const { clock, giveUpAfter } = this.#parts;
    if (clock.now() - entry.created < giveUpAfter * 1000) return [...all];
    return all.map((one) =>
      one.state === "waiting" ? { ...one, state: "failed", round: entry.rounds } : one
    );
  }

  /**
   * Writes what the relay has decided, however long that takes: forgetting it would leave the
   * message in doubt. When the server stops the doubt stays, and the sender is told of it later.
   */
  async #write(write: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    for (let wait = 1000;; wait = Math.min(wait * 2, 60_000)) {
      try {
        return await write();
      } catch (error) {
        if (!signal || signal.aborted) throw error;
        this.#parts.log.error({ err: error }, "An outcome cannot be written down, trying again");
        await pause(this.#parts.clock, wait, signal);
      }
    }
  }

  #countSent(before: readonly Recipient[], after: readonly Recipient[]): void {
    for (const [at, { state, accountId }] of after.entries()) {
      if (state !== "sent" || before[at]?.state === "sent") continue;
      this.#parts.counted?.(accountId === undefined ? "relayed" : "delivered");
    }
  }

  #dueAfter(
    { rounds }: Entry,
    all: readonly Recipient[],
    nothingElse: boolean,
    tried: boolean,
  ): number | undefined {
    const { clock, retry } = this.#parts;
    const waiting = all.filter(({ state }) => state === "waiting");
    if (waiting.length === 0 && nothingElse) return undefined;
    const elsewhere = waiting.some(({ accountId }) => accountId === undefined);
    if (!tried && elsewhere) return clock.now();
    // The first round was the one without the relay.
    const at = Math.min(Math.max(rounds - 1, 0), retry.length - 1);
    return clock.now() + retry[at]! * 1000;
  }
}
