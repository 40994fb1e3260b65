// Mail on its way out: accepted durably, delivered here or handed to the relay, once.
import type { Account, Clock } from "../../../core/mod.ts";
import { domainOf, normalAddress } from "../address.ts";
import { Refused, type Send } from "../api.ts";
import { bytesOf, limited } from "../bytes.ts";
import { splitHead } from "../header.ts";
import { type Entry, failedRecipient, type Recipient } from "./entry.ts";
import { Journey } from "./journey.ts";
import { withoutRelay } from "./judge.ts";
import type { OutboxParts } from "./parts.ts";
import { lease, Queue } from "./queue.ts";
import { headLimit, type Submission as Submitted, submit } from "./submission.ts";

export interface Outbox {
  readonly send: Send;
  /** Sends what a machine wrote: without an envelope sender, without a copy. Once per token. */
  reply(account: Account, mime: Uint8Array, to: string, token: string): Promise<void>;
  /** Works through the queue until `signal` aborts; what is under way then is finished. */
  run(signal: AbortSignal): Promise<void>;
  /** Removes what is no longer needed. */
  clean(): Promise<void>;
  removeAccount(id: number): Promise<void>;
  /** The account has logged in to its own server: what waits for that is tried now. */
  hurry(account: number): Promise<void>;
  waiting(): Promise<{ readonly count: number; readonly oldest: number | undefined }>;
  /** What is wrong with the relay, as of the last attempt; undefined: nothing that is known. */
  readonly trouble: () => string | undefined;
}

// How long a sender waits for the first attempt at the account's own server; then it goes on alone.
const patience = 20_000;

// Another process may have put something into the queue.
const lookEvery = 30_000;

/** Makes the outbox. Nothing runs before {@link Outbox.run}. */
export function makeOutbox(parts: OutboxParts): Outbox {
  const queue = new Queue(parts.db, parts.clock);
  const journey = new Journey(parts, queue);
  const bell = makeBell();
  const dispatch = async (...[account, message, token, sender]: Dispatch) => {
    if (await queue.knows(account.id, token)) return;
    const entry = await accept(parts, queue, account, message, token, sender);
    const leaves = parts.submission?.(account) !== undefined;
    if (entry) await workNow(parts, journey, entry, leaves, bell.ring);
  };
  return {
    send: (account, message, token) => dispatch(account, message, token, message.from),
    reply: (account, mime, to, token) =>
      dispatch(account, { mime, from: account.address, to: [to], saveInSent: false }, token, ""),
    run: (signal) => runQueue(parts, queue, journey, bell, signal),
    clean: () => queue.clean(),
    removeAccount: (id) => queue.removeAccount(id),
    async hurry(account) {
      if (await queue.hurry(account)) bell.ring();
    },
    waiting: () => queue.waiting(),
    trouble: () => journey.trouble,
  };
}

type Dispatch = [...Parameters<Send>, sender: string];

/** Takes a message in; undefined: the same token was accepted meanwhile. */
async function accept(
  parts: OutboxParts,
  queue: Queue,
  account: Account,
  message: Parameters<Send>[1],
  token: string,
  envelopeSender: string,
): Promise<Entry | undefined> {
  const mime = limited(bytesOf(message.mime), parts.maxSize);
  const { head, body, complete } = await splitHead(mime, headLimit);
  if (!complete) throw new Refused("other", `Cannot send: headers over ${headLimit} bytes`);
  const submission = submit(head, account, message, token, parts.clock.now());
  const own = parts.submission?.(account);
  const recipients = await recipientsOf(parts, submission, own !== undefined);
  if (recipients.length === 0) {
    throw new Refused("recipient", "Cannot send: the message has no recipients");
  }
  // submit() has seen that it is one of the account's, or it is empty
  const sender = normalAddress(envelopeSender) ?? "";
  if (sender !== "") await parts.wrote?.(account.id, submission.recipients);
  const received = await queue.receive(account.id, sender, body);
  const accepted = await queue.accept(received.id, token, {
    head: submission.head,
    size: submission.head.length + received.size,
    saveSent: message.saveInSent && !own?.saves,
    recipients,
  });
  return accepted ? await queue.entry(received.id) : undefined;
}

/** Who gets it here, who by the relay, and who cannot get it at all. */
async function recipientsOf(
  { delivery, domains, relay }: OutboxParts,
  { recipients, malformed }: Pick<Submitted, "recipients" | "malformed">,
  leaves: boolean,
): Promise<Recipient[]> {
  const fresh = { accountId: undefined, status: "", diagnostic: "", round: 0, told: false };
  const wrong = malformed.map((address) =>
    failedRecipient(address, "5.1.3", "This is no mail address")
  );
  const good = recipients.map(async (address): Promise<Recipient> => {
    // Its own server knows better than this one who is where.
    if (leaves) return { ...fresh, address, state: "waiting" };
    const account = await delivery().accepts(address);
    if (account) return { ...fresh, address, accountId: account.id, state: "waiting" };
    const elsewhere = await delivery().elsewhere?.(address) !== undefined;
    if (domains.includes(domainOf(address)) && !elsewhere) {
      return failedRecipient(address, "5.1.1", `There is no such address at ${domainOf(address)}`);
    }
    return relay ? { ...fresh, address, state: "waiting" } : withoutRelay(address);
  });
  return [...await Promise.all(good), ...wrong];
}

/** What can be done at once is done before the sender hears that it was accepted. */
async function workNow(
  { clock, log }: OutboxParts,
  journey: Journey,
  entry: Entry,
  leaves: boolean,
  ring: () => void,
): Promise<void> {
  const late = new AbortController();
  const seconds = patience / 1000;
  const tooLate = new Error(`Cannot wait any longer: handing it over takes more than ${seconds} s`);
  const cancel = clock.after(patience, () => late.abort(tooLate));
  try {
    if (leaves) await journey.first(entry, late.signal);
    else await journey.here(entry);
  } catch (error) {
    if (error instanceof Refused) throw error;
    log.error({ err: error, outgoing: entry.id }, "A sent message waits: the store is in trouble");
  } finally {
    cancel();
  }
  ring();
}

interface Bell {
  ring(): void;
  /** Resolves when it rings, after `ms`, or when `signal` aborts. */
  wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void>;
}

function makeBell(): Bell {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    wait(clock, ms, signal) {
      return new Promise((resolve) => {
        const done = () => {
          cancel();
          signal.removeEventListener("abort", done);
          wake = () => {};
          rung = false;
          resolve();
        };
        const cancel = clock.after(ms, done);
        signal.addEventListener("abort", done, { once: true });
        wake = done;
        if (rung || signal.aborted) done();
      });
    },
  };
}

async function runQueue(
  { clock, log, parallel }: OutboxParts,
  queue: Queue,
  journey: Journey,
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  const working = new Set<Promise<void>>();
  const start = (entry: Entry) => {
    const work = journey.whole(entry, signal)
      .catch((error) => {
        log.error({ err: error, outgoing: entry.id }, "A message on its way out met trouble");
      })
      .finally(() => {
        working.delete(work);
        bell.ring();
      });
    working.add(work);
  };
  while (!signal.aborted) {
    let next: number | undefined;
    try {
      const room = parallel - working.size;
      if (room > 0) { for (const entry of await queue.claim(room)) start(entry); }
      next = await queue.nextDue();
    } catch (error) {
      log.error({ err: error }, "The queue of outgoing mail cannot be read");
    }
    const due = working.size >= parallel ? lookEvery : (next ?? Infinity) - clock.now();
    await bell.wait(clock, Math.min(Math.max(due, 1), lookEvery, lease), signal);
  }
  await Promise.all(working);
}
