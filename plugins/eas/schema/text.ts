// Text that can go on the wire: clean of what XML forbids, measured and cut in UTF-8 bytes.
import { Buffer } from "node:buffer";
import { legal } from "../wbxml/text.ts";

/** The text without characters that XML 1.0 forbids; lone surrogates become U+FFFD. */
export function clean(text: string): string {
  return legal(text).toWellFormed();
}

/** A clean text with CRLF line ends. */
export function cleanLines(text: string): string {
  return clean(text).replace(/\r\n|\r|\n/g, "\r\n");
}

/** Length in UTF-8 bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** The longest prefix of at most `bytes` UTF-8 bytes that splits no character and no CRLF. */
export function cutText(text: string, bytes: number): string {
  // Three bytes a UTF-16 unit at most: most texts need no counting.
  if (text.length * 3 <= bytes) return text;
  if (text.length <= bytes && byteLength(text) <= bytes) return text;
  // No character is shorter than a byte, so what lies behind `bytes` units cannot fit.
  const room = new Uint8Array(Math.min(bytes, text.length * 3));
  const { read } = new TextEncoder().encodeInto(text.slice(0, bytes + 1), room);
  const cut = text.slice(0, read);
  return cut.endsWith("\r") && text[read] === "\n" ? cut.slice(0, -1) : cut;
}

/** Like {@link cutText}, and it ends neither inside a tag or comment nor inside an entity. */
export function cutHtml(html: string, bytes: number): string {
  const cut = cutText(html, bytes);
  return cut.length === html.length ? html : withoutTail(cut);
}

/** Takes an unfinished tag, comment or entity off the end of a piece of HTML. */
export function withoutTail(html: string): string {
  const open = unfinished(html);
  const whole = open === -1 ? html : html.slice(0, open);
  return whole.replace(/&#?[0-9a-z]{0,32}$/i, "");
}

/** Where an unfinished tag or comment begins; -1 where there is none. */
function unfinished(html: string): number {
  let at = html.indexOf("<");
  while (at !== -1) {
    const end = html.startsWith("<!--", at) ? after(html, "-->", at + 4) : tagEnd(html, at);
    if (end === -1) return at;
    at = html.indexOf("<", end);
  }
  return -1;
}

function after(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at === -1 ? -1 : at + mark.length;
}

/** Behind the tag that begins at `at`, or behind a `<` that begins none; -1: it does not end. */
function tagEnd(html: string, at: number): number {
  if (at + 1 < html.length && !/[a-z/!?]/i.test(html[at + 1]!)) return at + 1;
  const mark = /["'>]/g;
  mark.lastIndex = at;
  for (let hit = mark.exec(html); hit; hit = mark.exec(html)) {
    if (hit[0] === ">") return mark.lastIndex;
    mark.lastIndex = after(html, hit[0], mark.lastIndex);
    if (mark.lastIndex <= 0) return -1;
  }
  return -1;
}
