// A device's Add of a mail.
import type { Outcome } from "./journal.ts";

/**
 * Mail is added by SendMail and by delivery. Devices up to 14.1 cannot add any; drafts, which 16.0
 * brought, are not taken yet: Status 6 tells the device to keep them to itself and to go on.
 */
// MS-ASEMAIL 3.1.5.3
export function applyAdd(): Outcome {
  return { status: 6 };
}
