// Final delivery: takes a message in for local accounts, with the trace lines that belong on top.
import { createHash, randomUUID } from "node:crypto";
import type { Account, Accounts, Clock } from "../../core/mod.ts";
import { accountOf } from "./address.ts";
import type { Backend, Delivery, Mailbox, Via } from "./api.ts";
import { NotFound } from "./api.ts";
import { type Bytes, concat, tee } from "./bytes.ts";
import { addressesIn, fields, firstValue, headerDate, splitHead } from "./header.ts";
import type { Arrived } from "./replies/answering.ts";

/** What delivery works with; the services are asked for when they are needed. */
export interface DeliveryParts {
  readonly accounts: () => Accounts;
  /** Where an account's mail is kept. */
  readonly backend: (account: Account) => Backend;
  /** Where the mail of an address lies, in words, if it is not in this server; absent: it all is. */
  readonly elsewhere?: (address: string, account: Account | undefined) => string | undefined;
  readonly clock: Clock;
  /** How this server calls itself in `Received` lines. */
  readonly name: () => string;
  /** Told after each delivery: how many recipients got it. */
  readonly delivered?: (recipients: number) => void;
  /** Told of each stored message: automatic replies. Must not reject. */
  readonly arrived?: (arrived: Arrived) => Promise<void>;
}

/** Makes the delivery service. Addresses of disabled accounts are accepted: the caller decides. */
export function makeDelivery(parts: DeliveryParts): Delivery {
  const elsewhere = async (address: string) => {
    if (!parts.elsewhere) return undefined;
    return parts.elsewhere(address, await accountOf(parts.accounts(), address));
  };
  return {
    async accepts(address) {
      const account = await accountOf(parts.accounts(), address);
      return parts.elsewhere?.(address, account) === undefined ? account : undefined;
    },
    elsewhere,
    async deliver(mime, envelope, token) {
      const to = distinct(envelope.to);
      if (to.length === 0) return;
      const trace = traceLines(envelope, to, token, parts.name(), parts.clock.now());
      const { head, body } = await splitHead(mime, headLimit);
      const whole = concat(new TextEncoder().encode(trace), head, body);
      await deliverTo(to, parts.backend, whole, token);
      parts.delivered?.(to.length);
      await parts.arrived?.({ from: envelope.from, to, head, token });
    },
  };
}

function distinct(accounts: readonly Account[]): Account[] {
  return [...new Map(accounts.map((account) => [account.id, account])).values()];
}

/** To each backend what is its own; where there are several, all of them read the stream in step. */
async function deliverTo(
  to: readonly Account[],
  backendOf: (account: Account) => Backend,
  mime: Bytes,
  token: string,
): Promise<void> {
  const groups = [...Map.groupBy(to, backendOf)];
  const streams = groups.length === 1 ? [mime] : tee(mime, groups.length);
  await allOf(groups.map(async ([backend, accounts], index) => {
    const stream = streams[index]!;
    try {
      if (backend.deliver) await backend.deliver(stream, accounts, token);
      else await deliverEach(backend, stream, accounts, token);
    } finally {
      await (stream as Partial<AsyncGenerator>).return?.(undefined);
    }
  }));
}

/** Waits for all of them, then fails with the first that has failed. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** For backends that take one mailbox at a time: all of them read the same stream in step. */
async function deliverEach(
  backend: Backend,
  mime: Bytes,
  to: readonly Account[],
  token: string,
): Promise<void> {
  const mailboxes = to.map((account) => backend.open(account));
  const inboxes = await Promise.all(mailboxes.map((mailbox) => folderByRole(mailbox, "inbox")));
  const streams = tee(mime, to.length);
  await allOf(mailboxes.map(async (mailbox, index) => {
    const stream = streams[index]!;
    try {
      await mailbox.create(inboxes[index]!, { mime: stream }, token);
    } finally {
      await stream.return?.();
    }
  }));
}

/** The folder of a mailbox with that role. Throws {@link NotFound} where there is none. */
export async function folderByRole(mailbox: Mailbox, role: "inbox" | "sent"): Promise<string> {
  let since: string | undefined;
  for (let more = true; more;) {
    const page = await mailbox.folders(since);
    const found = page.changes.find(({ folder }) => folder?.role === role);
    if (found) return found.id;
    ({ cursor: since, more } = page);
  }
  throw new NotFound(`Cannot find the ${role} folder: the mailbox has none`);
}

/**
 * What final delivery puts on top (RFC 5321 §4.4). A recipient is named only where there is just
 * one: otherwise each would read who else got it.
 */
function traceLines(
  envelope: { readonly from: string; readonly via?: Via },
  to: readonly Account[],
  token: string,
  name: string,
  now: number,
): string {
  const only = to.length === 1 ? to[0] : undefined;
  const { via } = envelope;
  const recipient = only && plain(via?.recipient ?? only.address);
  const lines = [`Return-Path: <${plain(envelope.from)}>`];
  if (recipient) lines.push(`Delivered-To: ${recipient}`);
  if (via) {
    const id = createHash("sha256").update(token).digest("hex").slice(0, 12);
    lines.push(
      `Received: from ${plain(via.client) || "unknown"} ([${plain(via.remote) || "unknown"}])`,
      `\tby ${plain(name)} with ${plain(via.protocol)} id ${id}` +
        (recipient ? `\r\n\tfor <${recipient}>;` : ";"),
      `\t${headerDate(now)}`,
    );
  }
  return lines.map((line) => `${line}\r\n`).join("");
}

/** What a client claimed, made fit for a header line. */
function plain(text: string): string {
  return text.replace(/[^!-~\u0080-\uffff]/g, "").slice(0, 320);
}

/** How much of a message is looked at for its delivery token, and for replies to it. */
const headLimit = 64 * 1024;

/**
 * The token of a message that came without one of its own. What an earlier server has stamped
 * (`Received` with a queue id, and `Message-ID`) is the same when that server hands the message in
 * again because our answer was lost: then so is the token. Without stamps nothing tells a
 * repetition from a second message, so the token is new.
 */
export async function tokenFor(
  mime: Bytes,
  from: string,
): Promise<{ readonly mime: Bytes; readonly token: string }> {
  const { head, body } = await splitHead(mime, headLimit);
  const all = fields(head);
  const stamped = firstValue(all, "received") !== undefined &&
    firstValue(all, "message-id") !== undefined && addressesIn(all, "from").length > 0;
  const token = stamped
    ? createHash("sha256").update(from).update("\0").update(head).digest("hex")
    : randomUUID();
  return { mime: concat(head, body), token: `arrival:${token}` };
}
