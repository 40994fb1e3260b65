// A message's own part of its conversation, for devices that show conversations as one.
import type { Item, Want } from "../../mailbox/api.ts";
import { el, type Element } from "../wbxml/element.ts";
import { toHtml, toText } from "./convert.ts";
import type { BodyPreference } from "./options.ts";
import { ownPart } from "./own_part/mod.ts";
import { stub } from "./stub.ts";
import { byteLength, cleanLines, cutHtml } from "./text.ts";

/** Where the history begins is only known of a text that was read whole; UTF-8 bytes. */
const longest = 1 << 20;

/** What is to be read where a part is wanted beside a body. */
export function wantedWithPart({ text = 0, html = 0, enough }: Want): Want {
  const wanted = { text: Math.max(text, longest), html: Math.max(html, longest) };
  return enough === "text" ? wanted : { ...wanted, enough: enough ?? "html" };
}

// MS-ASAIRS 2.2.2.37
const ok = 1, tooLarge = 176;

/**
 * The `BodyPart` element: the mail as HTML without the messages that it answers. Status 176 where it
 * is too large to be looked through.
 */
// MS-ASAIRS 2.2.2.10
export function bodyPart({ mail, problem }: Item, preference: BodyPreference): Element {
  const source = mail?.html ?? mail?.text;
  if (source?.truncated) return element(tooLarge, source.size, undefined, undefined);
  const own = mail ? (source ? ownPart(mail) : "") : toHtml(stub(problem).text!.content);
  const { truncationSize: limit = Infinity, allOrNone } = preference;
  const size = byteLength(own);
  const data = allOrNone && size > limit ? "" : cutHtml(own, limit);
  return element(ok, size, data, previewOf(own, preference));
}

function element(
  status: number,
  size: number,
  data: string | undefined,
  preview: string | undefined,
): Element {
  const truncated = data === undefined || byteLength(data) < size;
  return el(
    "AirSyncBase:BodyPart",
    el("AirSyncBase:Status", status),
    el("AirSyncBase:Type", 2),
    el("AirSyncBase:EstimatedDataSize", size),
    truncated ? el("AirSyncBase:Truncated", true) : undefined,
    data ? el("AirSyncBase:Data", data) : undefined,
    preview ? el("AirSyncBase:Preview", preview) : undefined,
  );
}

// MS-ASAIRS 2.2.2.35.2
function previewOf(own: string, { preview }: BodyPreference): string | undefined {
  if (!preview || own === "") return undefined;
  const text = toText(own, true).replace(/\s+/g, " ").trim();
  return cleanLines([...text].slice(0, preview).join(""));
}
