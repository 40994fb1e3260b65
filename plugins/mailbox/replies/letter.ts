// Which letters may be answered by a machine at all, told by their headers. No I/O.
import type { Account } from "../../../core/mod.ts";
import { normalAddress, owns, withoutTag } from "../address.ts";
import { addressesIn, type Field, firstValue } from "../header.ts";

/** A message that has just arrived, as far as answering it goes. */
export interface Letter {
  /** The envelope sender in one form: that is where an answer goes. RFC 3834 §4 */
  readonly sender: string;
  readonly fields: readonly Field[];
}

// RFC 3834 §2; RFC 5230 §4.6: names behind which no person reads.
const robots =
  /^(mailer-daemon|postmaster|listserv|majordomo|owner-.*|.*-(request|owner)|bounces?([+=._-].*)?|.*[._+-]bounces?|(.*[._-])?(do-?)?not?[._-]?reply([+=._-].*)?)$/i;

/** The letter, or undefined where nobody waits for an answer: lists, bounces, machines, spam. */
export function letterOf(from: string, fields: readonly Field[]): Letter | undefined {
  const sender = normalAddress(from);
  if (!sender) return undefined;
  const writers = [sender, ...addressesIn(fields, "from").map(({ address }) => address)];
  if (writers.some((address) => robots.test(address.slice(0, address.lastIndexOf("@"))))) {
    return undefined;
  }
  return isAutomatic(fields) ? undefined : { sender, fields };
}

/** Whether a header says that a program wrote or spread the message. */
function isAutomatic(fields: readonly Field[]): boolean {
  const says = (name: string, words: RegExp) => words.test(firstValue(fields, name) ?? "");
  return fields.some(({ name }) => /^list-|^x-auto(reply|respond)$|^x-loop$/.test(name)) ||
    // RFC 3834 §5: everything but `no`
    says("auto-submitted", /^(?!no\b)\S/i) ||
    says("precedence", /^(bulk|list|junk|auto_reply)\b/i) ||
    // Exchange and Outlook (MS-OXCMAIL)
    says("x-auto-response-suppress", /\b(all|oof|autoreply)\b/i) ||
    says("return-path", /^<\s*>/) ||
    says("content-type", /^multipart\/report\b/i) ||
    says("x-spam-flag", /^yes\b/i) ||
    says("x-spam-status", /^yes\b/i);
}

/**
 * The address of the account that a letter names; undefined where it names none (a list, a blind
 * copy) or where the account wrote to itself. RFC 3834 §2
 */
export function namedRecipient({ sender, fields }: Letter, account: Account): string | undefined {
  const writers = [sender, ...addressesIn(fields, "from", "sender").map(({ address }) => address)];
  if (writers.some((address) => owns(account, address))) return undefined;
  const named = addressesIn(fields, "to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
    .find(({ address }) => owns(account, address));
  const address = named && normalAddress(named.address);
  if (!address) return undefined;
  return owns(account, address) ? plain(account, address) : undefined;
}

/** Without a plus tag, unless the address with the tag is the account's own. */
function plain(account: Account, address: string): string {
  const own = [account.address, ...account.aliases].map((one) => one.toLowerCase());
  return own.includes(address.toLowerCase()) ? address : withoutTag(address);
}
