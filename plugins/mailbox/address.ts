// Mail addresses as envelopes carry them: their form, their parts, whose they are.
import { domainToASCII } from "node:url";
import type { Account, Accounts } from "../../core/mod.ts";

/**
 * An envelope address in one form: trimmed, domain in lower case and ASCII. Undefined where it is no
 * address that mail could go to (RFC 5321 §4.1.2, without quoted local parts and address literals).
 */
export function normalAddress(address: string): string | undefined {
  const match = /^([^\s<>()[\]\\,;:"@\p{Cc}]+)@([^\s@]+)$/u.exec(address.trim());
  const local = match?.[1];
  const domain = normalDomain(match?.[2] ?? "");
  if (!local || local.length > 64 || domain === undefined) return undefined;
  return `${local}@${domain}`;
}

/** A domain in lower case and ASCII; undefined where it is none. */
export function normalDomain(text: string): string | undefined {
  const domain = domainToASCII(text.trim()).replace(/\.$/, "");
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(domain) ? domain : undefined;
}

/** What follows the `@`, in lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** Without a plus tag: `name+tag@domain` becomes `name@domain`. */
export function withoutTag(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, "$1@");
}

/** The account that an address belongs to: by main address or alias, plus tags allowed. */
export async function accountOf(
  accounts: Accounts,
  address: string,
): Promise<Account | undefined> {
  const normal = normalAddress(address);
  if (!normal) return undefined;
  const exact = await accounts.find(normal);
  const plain = withoutTag(normal);
  return exact ?? (plain === normal ? undefined : await accounts.find(plain));
}

/** Whether an account may call itself so. */
export function owns(account: Account, address: string): boolean {
  const normal = normalAddress(address)?.toLowerCase();
  if (!normal) return false;
  const own = [account.address, ...account.aliases].map((one) => one.toLowerCase());
  return own.includes(normal) || own.includes(withoutTag(normal));
}
