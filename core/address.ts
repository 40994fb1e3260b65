// Addresses of accounts: how they are written and compared.

const local = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}$/u;
const label = /^[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;

/** An address as it is kept: trimmed, NFC, lower case. Throws RangeError where it is malformed. */
export function normalAddress(text: string): string {
  const address = text.trim().normalize("NFC").toLowerCase();
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  const fits = at > 0 && address.length <= 254 && local.test(address.slice(0, at)) &&
    domain.split(".").every((part) => label.test(part));
  if (!fits) throw new RangeError(`Cannot use "${text}" as an address: wanted user@example.com`);
  return address;
}
