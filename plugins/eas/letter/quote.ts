// New text above an old one: how an answer quotes, and how a forwarded mail is introduced.
import { type Address, formatAddress, type Mail } from "../../mailbox/api.ts";
import { escaped, toHtml, toText } from "../schema/convert.ts";
import { cleanLines, withoutTail } from "../schema/text.ts";

export type Kind = "reply" | "forward";

/** A text in both of its forms; `html` is undefined where nobody wrote any. */
export interface Texts {
  readonly text: string | undefined;
  readonly html: string | undefined;
}

/** The part of a mail that is quoted. */
export type Quoted = Pick<
  Mail,
  "from" | "to" | "cc" | "sent" | "subject" | "text" | "html"
>;

/**
 * What was written, and below it the original. HTML as soon as one of the two has it, so that
 * neither loses its looks; plain text always.
 */
export function withOriginal(own: Texts, original: Quoted, kind: Kind): Texts {
  const old = textOf(original);
  const intro = introduction(original, kind);
  const below = kind === "reply" ? prefixed(old) : `\r\n${old}`;
  const text = `${plain(own).trimEnd()}\r\n\r\n${intro.join("\r\n")}\r\n${below}\r\n`;
  if (own.html === undefined && original.html === undefined) return { text, html: undefined };
  const html = own.html ?? toHtml(plain(own).trimEnd());
  return { text, html: inserted(html, quotedHtml(original, intro, kind)) };
}

const plain = ({ text, html }: Texts) => cleanLines(text ?? (html ? toText(html) : ""));

/** Told where not all of a mail was quoted. */
const more = "[…]";

function textOf({ text, html }: Quoted): string {
  const [content, cut] = text
    ? [text.content, text.truncated]
    : html
    ? [toText(html.truncated ? withoutTail(html.content) : html.content), html.truncated]
    : ["", false];
  return `${cleanLines(content).trimEnd()}${cut ? `\r\n${more}` : ""}`;
}

const prefixed = (text: string) =>
  text.split("\r\n").map((line) => `>${/^(>|$)/.test(line) ? "" : " "}${line}`).join("\r\n");

function introduction({ from, to, cc, sent, subject }: Quoted, kind: Kind): string[] {
  const when = sent === undefined ? undefined : date(sent);
  const whom = people(from);
  if (kind === "reply") {
    return [`${when ? `On ${when}, ` : ""}${whom || "somebody"} wrote:`];
  }
  const line = (name: string, value: string | undefined) => value ? [`${name}: ${value}`] : [];
  return [
    "---------- Forwarded message ----------",
    ...line("From", whom),
    ...line("Date", when),
    ...line("Subject", subject),
    ...line("To", people(to)),
    ...line("Cc", people(cc)),
  ];
}

/** `Sun, 01 Mar 2026 09:00 UTC`: the zone of whoever reads it is not known here. */
const date = (time: number) => new Date(time).toUTCString().replace(/:\d\d GMT$/, " UTC");

/** Of very many the first: nobody reads a thousand addresses. */
function people(addresses: readonly Address[]): string {
  const texts = addresses.slice(0, 50).map(({ name, address }) =>
    name && address ? `${name} <${address}>` : formatAddress({ name: "", address: address || name })
  );
  return cleanLines(texts.join(", ") + (addresses.length > 50 ? `, ${more}` : ""));
}

const cite = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex";

function quotedHtml(original: Quoted, intro: readonly string[], kind: Kind): string {
  const lead = intro.map(escaped).join("<br>\r\n");
  const { html } = original;
  const content = html
    ? bodyOf(cleanLines(html.truncated ? withoutTail(html.content) : html.content)) +
      (html.truncated ? `<div>${more}</div>` : "")
    : bodyOf(toHtml(textOf(original)));
  const quote = kind === "reply"
    ? `<blockquote type="cite" style="${cite}">${content}</blockquote>`
    : `<br>\r\n${content}`;
  return `<br>\r\n<div>${lead}</div>\r\n${quote}\r\n`;
}

/** Puts a piece of HTML at the end of a page's body. */
function inserted(page: string, piece: string): string {
  const end = last(page, /<\/body\b/gi) ?? last(page, /<\/html\b/gi) ?? page.length;
  return page.slice(0, end) + piece + page.slice(end);
}

function last(page: string, sign: RegExp): number | undefined {
  let at: number | undefined;
  for (let hit = sign.exec(page); hit; hit = sign.exec(page)) at = hit.index;
  return at;
}

/** A page's content as a piece of another page: its styles, and its colours around it. */
function bodyOf(page: string): string {
  const open = /<body(?=[\s>/])/i.exec(page)?.index;
  if (open === undefined) return page;
  const start = page.indexOf(">", open);
  if (start === -1) return "";
  const end = last(page, /<\/body\b/gi);
  const inner = page.slice(start + 1, end === undefined || end < start ? undefined : end);
  const look = lookOf(page.slice(open, Math.min(start, open + 4096)));
  return `${stylesOf(page.slice(0, open))}<div${look && ` style="${look}"`}>${inner}</div>`;
}

function lookOf(tag: string): string {
  const attribute = (name: string) =>
    new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(tag)?.slice(1)
      .find((value) => value !== undefined);
  const [ground, ink] = [attribute("bgcolor"), attribute("text")];
  return [
    ground && `background-color:${ground}`,
    ink && `color:${ink}`,
    attribute("style"),
  ].filter(Boolean).join(";").replace(/"/g, "'");
}

/** The style sheets of a page's head, found in one pass. */
function stylesOf(head: string): string {
  const pieces: string[] = [];
  const [open, close] = [/<style(?=[\s>])/gi, /<\/style\s*>/gi];
  for (let start = open.exec(head); start; start = open.exec(head)) {
    close.lastIndex = start.index;
    if (!close.exec(head)) break;
    pieces.push(head.slice(start.index, close.lastIndex));
    open.lastIndex = close.lastIndex;
  }
  return pieces.join("\r\n");
}
