// What a sender is told by mail: who does not get a message, and who has not got it for a while.
import type { Account } from "../../../core/mod.ts";
import { concat } from "../bytes.ts";
import type { Relay } from "../way_out.ts";
import { type Action, makeBounce } from "./bounce.ts";
import type { Entry, Recipient } from "./entry.ts";
import type { OutboxParts } from "./parts.ts";
import type { Queue } from "./queue.ts";

/** True: nobody has to be told any more. One notice for each round, however often it is tried. */
export async function tell(
  parts: OutboxParts,
  queue: Queue,
  entry: Entry,
  all: readonly Recipient[],
  own: Relay | undefined,
): Promise<boolean> {
  // Sent without a sender: nobody is told, so that machines never answer machines. RFC 5321 §6.1
  if (entry.sender === "") return true;
  const open = all.filter(({ state, told }) => state === "failed" && !told);
  try {
    const account = await parts.accounts().get(entry.accountId);
    const put = async (about: readonly Recipient[], action: Action, token: string) => {
      if (account) await notify(parts, account, entry, about, action, own, token);
    };
    for (const round of new Set(open.map((one) => one.round))) {
      const failed = open.filter((one) => one.round === round);
      await put(failed, "failed", `outgoing:${entry.id}:bounce:${round}`);
      const told = failed.map((one) => ({ ...one, told: true }));
      await queue.settle(entry.id, entry.rounds + 1, told);
      for (const _ of told) parts.counted?.("failed");
    }
    const late = all.filter(({ state }) => state === "waiting");
    const age = parts.clock.now() - entry.created;
    if (late.length > 0 && !entry.warned && age >= parts.warnAfter * 1000) {
      await put(late, "delayed", `outgoing:${entry.id}:delayed`);
      await queue.warned(entry.id);
    }
    return true;
  } catch (error) {
    parts.log.error({ err: error, outgoing: entry.id }, "A sender could not be told of a failure");
    return false;
  }
}

async function notify(
  { clock, delivery, name, relay }: OutboxParts,
  account: Account,
  entry: Entry,
  about: readonly Recipient[],
  action: Action,
  own: Relay | undefined,
  token: string,
): Promise<void> {
  const answered = about.some(({ diagnostic }) => /^\d{3}[ -]/.test(diagnostic));
  const remote = answered ? (own ?? relay)?.place.replace(/:\d+$/, "") : undefined;
  const notice = await makeBounce({ entry, about, action, name: name(), remote, now: clock.now() });
  // It goes to one of our own accounts, never into the queue: it cannot bounce.
  await delivery().deliver(concat(notice), { from: "", to: [account] }, token);
}
