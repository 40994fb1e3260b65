// What devices tell of themselves, inside Provision (14.1 and later) and Settings.
import type { Description } from "./devices.ts";
import type { Element, Tag } from "./wbxml/element.ts";

const fields: readonly (readonly [keyof Description, Tag])[] = [
  ["model", "Settings:Model"],
  ["imei", "Settings:IMEI"],
  ["friendlyName", "Settings:FriendlyName"],
  ["os", "Settings:OS"],
  ["language", "Settings:OSLanguage"],
  ["phoneNumber", "Settings:PhoneNumber"],
  ["userAgent", "Settings:UserAgent"],
  ["operator", "Settings:MobileOperator"],
];

/**
 * Reads a `DeviceInformation`; undefined where it holds no Set, which breaks the protocol. It is kept
 * for people to read: nothing is decided by it.
 */
// MS-ASCMD 2.2.3.46
export function readDeviceInformation(element: Element): Description | undefined {
  const set = element.child("Settings:Set");
  if (set === undefined) return undefined;
  const told = fields.flatMap(([key, tag]) => {
    const text = set.textOf(tag)?.trim();
    return text === undefined ? [] : [[key, text] as const];
  });
  return Object.fromEntries(told);
}
