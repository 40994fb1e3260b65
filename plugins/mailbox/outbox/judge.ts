// How a recipient stands after an attempt: verdicts of the relay, of local delivery, of an accident.
import type { Account } from "../../../core/mod.ts";
import { Refused } from "../api.ts";
import { noRelayStatus, uncertainStatus } from "./bounce.ts";
import { type Entry, failedRecipient, type Recipient } from "./entry.ts";
import type { Verdict } from "./relay.ts";

/** A recipient elsewhere, where no relay is configured. */
export function withoutRelay(address: string): Recipient {
  const diagnostic = "This server has no mail relay, so it reaches local accounts only";
  return failedRecipient(address, noRelayStatus, diagnostic);
}

/** It lies in a local inbox. */
export const sentHere: Verdict = { kind: "sent", status: "2.0.0", diagnostic: "" };

/** Why a local account cannot get mail now; undefined: it can. */
export function unreachable(account: Account | undefined): Verdict | undefined {
  if (!account) {
    return { kind: "permanent", status: "5.1.1", diagnostic: "There is no such account" };
  }
  if (!account.disabled) return undefined;
  return {
    kind: "temporary",
    status: "4.2.1",
    diagnostic: "The mailbox is disabled at the moment",
  };
}

/** What a failed local delivery means for its recipients. */
export function refusalOf(error: unknown): Verdict {
  if (!(error instanceof Refused)) {
    return { kind: "temporary", status: "4.3.0", diagnostic: "The mail store was in trouble" };
  }
  if (error.reason === "quota") {
    return { kind: "temporary", status: "4.2.2", diagnostic: error.message };
  }
  const status = error.reason === "tooLarge" ? "5.3.4" : "5.2.0";
  return { kind: "permanent", status, diagnostic: error.message };
}

/** Whoever worked on it went away while the relay was answering: nobody knows what it said. */
export function lost(recipient: Recipient, { rounds }: Entry): Recipient {
  if (recipient.state !== "committing") return recipient;
  const diagnostic = "The server was interrupted while it handed the message over";
  return { ...recipient, state: "failed", status: uncertainStatus, diagnostic, round: rounds };
}

/** A recipient after an attempt; without a verdict it was not part of it. */
export function judged(
  recipient: Recipient,
  verdict: Verdict | undefined,
  { rounds }: Entry,
): Recipient {
  if (!verdict) return recipient;
  const { status, diagnostic } = verdict;
  const state = ({
    sent: "sent",
    temporary: "waiting",
    permanent: "failed",
    uncertain: "failed",
  } as const)[verdict.kind];
  return { ...recipient, state, status, diagnostic, round: rounds };
}
