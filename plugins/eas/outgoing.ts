// A message from a device, read as far as sending it has to know. The mailbox mends its header.
import type { Account } from "../../core/mod.ts";
import { addressesIn, fields, owns, splitHead } from "../mailbox/api.ts";
import { longestHead, once } from "./letter/letter.ts";
import { Status } from "./api.ts";

export interface Outline {
  /** Which of the user's addresses it is from: what From says, else the main one. */
  readonly from: string;
  /** It says which message it is, so that the same bytes are the same message. */
  readonly distinct: boolean;
}

/** Looks at the header. Throws Status 107 for what is no message, 119 where nobody would get it. */
export async function outline(mime: Uint8Array, account: Account): Promise<Outline> {
  const { head, complete } = await splitHead(once(mime), longestHead);
  const all = fields(head);
  if (!complete || !all.some(({ name }) => name)) {
    throw new Status(107, "the message has no header");
  }
  if (addressesIn(all, "to", "cc", "bcc").length === 0) {
    throw new Status(119, "the message has no recipient");
  }
  const [first] = addressesIn(all, "from");
  return {
    from: first && owns(account, first.address) ? first.address : account.address,
    distinct: all.some(({ name }) => name === "message-id" || name === "date"),
  };
}
