// What an account hands in to be sent: checked, completed, and ready for the queue.
import { createHash } from "node:crypto";
import { encodeWords } from "nodemailer/lib/mime-funcs";
import type { Account } from "../../../core/mod.ts";
import { domainOf, normalAddress, owns } from "../address.ts";
import { Refused } from "../api.ts";
import { addressesIn, type Field, fields, headerDate, newField, toHead } from "../header.ts";

/** Headers larger than this are refused, in bytes. */
export const headLimit = 256 * 1024;

/** A header block made fit for sending. */
export interface Submission {
  /** With Bcc: as it is kept in Sent. */
  readonly head: Uint8Array;
  /** From To, Cc and Bcc, in one form; what is no address is in `malformed`. */
  readonly recipients: readonly string[];
  readonly malformed: readonly string[];
}

/**
 * Completes the header block of a message from `account`: a From that is not the account's own is
 * replaced, Date and Message-ID are added where they are missing. The Message-ID follows from the
 * token, so that a repetition carries the same.
 */
export function submit(
  head: Uint8Array,
  account: Account,
  envelope: { readonly from: string; readonly to: readonly string[] },
  token: string,
  now: number,
): Submission {
  const given = fields(head).filter(({ name }) => name !== "return-path");
  const all = [...ownFrom(given, account, envelope.from)];
  const has = (name: string) => all.some((field) => field.name === name);
  if (!has("date")) all.unshift(newField("Date", headerDate(now)));
  if (!has("message-id")) {
    const id = createHash("sha256").update(`${account.id}\0${token}`).digest("hex").slice(0, 32);
    all.unshift(newField("Message-ID", `<${id}@${domainOf(envelope.from)}>`));
  }
  const wanted = envelope.to.length > 0
    ? envelope.to
    : addressesIn(all, "to", "cc", "bcc").map(({ address }) => address);
  const normal = wanted.map((address) => [address, normalAddress(address)] as const);
  return {
    head: toHead(all),
    recipients: distinct(normal.flatMap(([, address]) => address ?? [])),
    malformed: distinct(normal.flatMap(([raw, address]) => address ? [] : raw)),
  };
}

/** The same address in other letters is the same recipient. */
function distinct(addresses: readonly string[]): string[] {
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}

/** Exactly one From, and the account's own: nobody writes under another's name from here. */
function ownFrom(given: readonly Field[], account: Account, from: string): Field[] {
  if (!owns(account, from)) {
    throw new Refused("sender", `Cannot send as ${from}: it is no address of ${account.address}`);
  }
  const isOwn = (name: string) => {
    const addresses = addressesIn(given, name);
    return addresses.length === 1 && owns(account, addresses[0]!.address);
  };
  const sender = given.some(({ name }) => name === "sender") && !isOwn("sender");
  const one = given.filter(({ name }) => name === "from").length === 1;
  const rest = given.filter(({ name }) => !(sender && name === "sender"));
  if (one && isOwn("from")) return rest;
  const name = encodeWords(account.name, "Q", 52, true);
  const quoted = name === account.name && name !== ""
    ? `"${name.replace(/["\\]/g, "\\$&")}"`
    : name;
  return [
    newField("From", `${quoted} <${from}>`.trim()),
    ...rest.filter(({ name }) => name !== "from"),
  ];
}

/** The header block as recipients get it. */
export function withoutBcc(head: Uint8Array): Uint8Array {
  return toHead(fields(head).filter(({ name }) => name !== "bcc" && name !== "resent-bcc"));
}
