// Chooses which parts of a message are its text, and which are attachments.
import type { Part } from "./part.ts";

/** A stretch of text: the same words as plain text, as HTML, or as both. */
export interface Body {
  readonly plain: readonly Part[];
  readonly html: readonly Part[];
}

/** What a message shows, in order, and what hangs on it. */
export interface Shown {
  readonly bodies: readonly Body[];
  readonly attachments: readonly Part[];
  /** Those of them that belong to a text (RFC 2387), as its pictures do. */
  readonly related: ReadonlySet<Part>;
}

/** Sorts the parts of a message into text and attachments. */
export function sortParts(root: Part): Shown {
  const shown: Collected = { bodies: [], attachments: [], related: new Set() };
  if (isUnknownText(root)) shown.bodies.push({ plain: [root], html: [] });
  else walk(root, shown, false);
  return shown;
}

interface Collected {
  readonly bodies: Body[];
  readonly attachments: Part[];
  readonly related: Set<Part>;
}

function walk(part: Part, into: Collected, alternative: boolean): void {
  if (!part.children.length) return leaf(part, into, alternative);
  if (part.type === "multipart/alternative") return alternatives(part, into);
  if (part.type === "multipart/related") return related(part, into, alternative);
  for (const child of part.children) walk(child, into, alternative);
}

/** One text in several forms: the first plain one, the last HTML one (RFC 2046 5.1.4: best last). */
function alternatives(part: Part, into: Collected): void {
  let plain: readonly Part[] = [];
  let html: readonly Part[] = [];
  for (const child of part.children) {
    const inside: Collected = { bodies: [], attachments: [], related: into.related };
    walk(child, inside, true);
    into.attachments.push(...inside.attachments);
    const plainInside = inside.bodies.flatMap((body) => body.plain);
    const htmlInside = inside.bodies.flatMap((body) => body.html);
    if (!plain.length) plain = plainInside;
    if (htmlInside.length) html = htmlInside;
  }
  if (plain.length || html.length) into.bodies.push({ plain, html });
}

/** RFC 2387: one part is the text (`start`, else the first), the others belong to it. */
function related(part: Part, into: Collected, alternative: boolean): void {
  const start = part.params["start"]?.replace(/^<|>$/g, "");
  const root = part.children.find((child) => start && child.contentId === start) ??
    // Mail servers tell no ids of multiparts (RFC 3501 7.4.2).
    part.children.find((child) =>
      start && child.contentId === undefined && child.children.length
    ) ??
    part.children[0]!;
  walk(root, into, alternative);
  for (const child of part.children) {
    if (child === root) continue;
    if (child.children.length) walk(child, into, alternative);
    else {
      into.attachments.push(child);
      into.related.add(child);
    }
  }
}

function leaf(part: Part, into: Collected, alternative: boolean): void {
  const isBody = (part.type === "text/plain" || part.type === "text/html") &&
    part.disposition !== "attachment" &&
    // A named text behind another one is a file, though its sender shows it inline.
    (!part.name || alternative || !into.bodies.length);
  if (isBody) {
    into.bodies.push({
      plain: part.type === "text/plain" ? [part] : [],
      html: part.type === "text/html" ? [part] : [],
    });
  } else if (!alternative || !isOtherForm(part)) into.attachments.push(part);
}

/** A form of the text that we do not show: an invitation's data, enriched text, AMP, a watch's HTML. */
function isOtherForm(part: Part): boolean {
  return part.disposition !== "attachment" && part.type.startsWith("text/");
}

/** A message that is nothing but a kind of text we know nothing of is shown as plain text. */
function isUnknownText(root: Part): boolean {
  return !root.children.length && root.type.startsWith("text/") &&
    root.disposition !== "attachment" &&
    !/^text\/(plain|html|calendar|x-vcalendar|vcard|x-vcard|directory)$/.test(root.type);
}
