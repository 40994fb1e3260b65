// What goes out in place of a message that cannot be shown.
import type { Mail } from "../../mailbox/api.ts";
import { byteLength, cleanLines } from "./text.ts";

/** What a body is made from. */
export type Source = Pick<Mail, "native" | "text" | "html" | "preview">;

/** A text that says what happened, and why. */
export function stub(problem: string | undefined): Source {
  const content = cleanLines([
    "This message could not be prepared for this device.",
    ...(problem ? ["", problem] : []),
    "",
    "The message itself is attached as message.eml, as it arrived.",
  ].join("\r\n"));
  const text = { content, size: byteLength(content), truncated: false };
  return { native: "text", text, html: undefined, preview: content.split("\r\n")[0]! };
}
