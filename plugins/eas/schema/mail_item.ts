// A whole mail for a device, with its body; what cannot be converted becomes a readable stub.
import type { Item } from "../../mailbox/api.ts";
import type { EasCall } from "../api.ts";
import type { Element } from "../wbxml/element.ts";
import { atLeast } from "../versions.ts";
import { type Body, bodyElement, chooseBody } from "./body.ts";
import { bodyPart } from "./body_part.ts";
import { emailFields } from "./email.ts";
import { legacyBody } from "./legacy_body.ts";
import type { ItemOptions } from "./options.ts";

export interface MailItem {
  readonly fields: readonly Element[];
  /** The body that is in `fields`, for multipart answers. */
  readonly body: Body;
  /** Why the item went out as a stub; undefined: it did not. */
  readonly problem: string | undefined;
}

/**
 * The children of ApplicationData or Properties for a mail. Never throws for what is in the item: one
 * message that cannot be converted must not stop a folder. `part`: see {@link bodyElement}.
 */
export function mailItem(
  item: Item,
  options: ItemOptions,
  call: Pick<EasCall, "version" | "account" | "mailbox">,
  part?: number,
): MailItem {
  try {
    const body = chooseBody(item, options, call.mailbox);
    const elements = atLeast(call.version, "12.0")
      ? [bodyElement(body, body.data === undefined ? undefined : part)]
      : legacyBody(body);
    const own = options.bodyPart && bodyPart(item, options.bodyPart);
    const fields = emailFields(
      item,
      own ? [...elements, own] : elements,
      call.version,
      call.account,
    );
    return { fields, body, problem: item.problem };
  } catch (error) {
    if (item.mail === undefined) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return mailItem({ ...item, mail: undefined, problem }, options, call, part);
  }
}
