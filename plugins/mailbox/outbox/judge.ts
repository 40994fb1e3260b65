// How a recipient stands after an attempt: verdicts of the relay, of local delivery, of an accident.
import type { Account } from "../../../core/mod.ts";
import { Refused } from "../api.ts";
import type { Verdict } from "../way_out.ts";
import { noRelayStatus, uncertainStatus } from "./bounce.ts";
import { type Entry, failedRecipient, type Recipient } from "./entry.ts";

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

/**
 * What the sender hears where nobody gets a message, for good, and the server has said why; undefined:
 * somebody gets it, or may still get it.
 */
export function refusedByAll(recipients: readonly Recipient[]): Refused | undefined {
  if (recipients.length === 0 || recipients.some(({ state }) => state !== "failed")) {
    return undefined;
  }
  if (recipients.some(({ status }) => status === uncertainStatus)) return undefined;
  const telling = recipients.find(({ status }) => reasonOf(status) !== "other") ?? recipients[0]!;
  return new Refused(reasonOf(telling.status), `Cannot send: ${telling.diagnostic}`);
}

/** RFC 3463, and the codes of RFC 5321 where a server does not say more. */
function reasonOf(status: string): Refused["reason"] {
  if (/^5\.(2\.3|3\.4)$/.test(status)) return "tooLarge";
  if (/^5\.1\.[78]$/.test(status)) return "sender";
  if (/^5\.(1\.[1-36]|2\.1)$/.test(status)) return "recipient";
  if (/^5\.2\.2$/.test(status)) return "quota";
  return "other";
}
