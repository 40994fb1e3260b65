// The body of a mail as 2.5 has it: elements of the mail itself, in place of AirSyncBase.
import { el, type Element, Leaf } from "../wbxml/element.ts";
import type { Body } from "./body.ts";
import { toText } from "./convert.ts";
import { mimeText } from "./mime_text.ts";

/**
 * The elements of a body that {@link chooseBody} chose: MIME, or plain text, which is all that 2.5 can
 * show. Sizes stand before what they measure, so that a device knows early.
 */
// MS-ASEMAIL 2.2.2
export function legacyBody({ type, size, truncated, data }: Body): Element[] {
  if (type === 4) {
    const content = typeof data === "object"
      ? new Leaf(mimeText(data.open(), data.limit))
      : undefined;
    return [
      el("Email:MIMETruncated", truncated),
      el("Email:MIMESize", size),
      ...(content ? [el("Email:MIMEData", content)] : []),
    ];
  }
  // Options of a newer version may still hold where a device was set back to 2.5.
  const text = type === 2 && typeof data === "string" ? toText(data) : data;
  return [
    el("Email:BodyTruncated", truncated),
    el("Email:BodySize", size),
    ...(typeof text === "string" ? [el("Email:Body", text)] : []),
  ];
}
