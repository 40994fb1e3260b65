// Which client it is, by what its requests say. Sniffed as little as possible: see quirks.ts.
import type { Device } from "./api.ts";

/** What a client is recognised by. */
export type Traits = Pick<Device, "id" | "type" | "userAgent" | "model" | "os">;

/** Whether a client is of that kind. */
export type Recognise = (client: Traits) => boolean;

/** The kinds of clients whose behaviour is known; one client may be of several. */
export const clients = {
  anybody: () => true,
  apple: ({ type, userAgent, os }) =>
    /^(iPhone|iPad|iPod)/i.test(type) || /^Apple-/i.test(userAgent) || /^iOS\b/i.test(os),
  android: ({ type, userAgent, os }) => [type, userAgent, os].some((text) => /android/i.test(text)),
  gmail: ({ userAgent }) => /Android-Mail/i.test(userAgent),
  samsung: ({ type, model, userAgent }) =>
    [type, model, userAgent].some((text) => /^samsung/i.test(text)),
  htc: ({ type, model, userAgent }) => [type, model, userAgent].some((text) => /^htc/i.test(text)),
  // The bytes of its id begin with its name; its makers advise so.
  nine: ({ id }) => /^6e696e65/i.test(id),
  outlookForWindows: ({ type, userAgent }) =>
    /^WindowsOutlook/i.test(type) || /^(Microsoft\.)?Outlook(\/1\d\.|$)/i.test(userAgent),
  outlookForPhones: ({ type, userAgent }) =>
    /^Outlook$/i.test(type) || /^Outlook-iOS-Android/i.test(userAgent),
  windowsPhone: ({ type, userAgent }) =>
    /^(WP\d*|WindowsMail|PocketPC|SmartPhone)$/i.test(type) || /^MSFT-/i.test(userAgent),
  tbSync: ({ id, type }) => /^TbSync$/i.test(type) || /^MZTB/.test(id),
} as const satisfies Readonly<Record<string, Recognise>>;
