// HTML to text and back, for devices that take only the kind which the sender did not write.
import { compile } from "html-to-text";

/** HTML longer than this is stripped of its tags without being laid out. */
const layoutLimit = 1 << 20;

const links = {
  hideLinkHrefIfSameAsText: true,
  noAnchorUrl: true,
  linkBrackets: ["<", ">"] as [string, string],
};
const layout = {
  wordwrap: false as const,
  limits: { maxInputLength: layoutLimit, maxDepth: 200 },
  selectors: ["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({
    selector,
    options: { uppercase: false },
  })),
};
const skip = ["img", "head", "title"].map((selector) => ({ selector, format: "skip" }));
const whole = compile({
  ...layout,
  selectors: [...layout.selectors, ...skip, { selector: "a", options: links }],
});
const brief = compile({
  ...layout,
  selectors: [...layout.selectors, ...skip, { selector: "a", options: { ignoreHref: true } }],
});

/**
 * HTML as plain text. `preview`: without the addresses of links, because phones show the beginning of
 * a truncated text in their lists.
 */
export function toText(html: string, preview = false): string {
  if (html.length > layoutLimit) return stripped(html);
  try {
    return (preview ? brief : whole)(html);
  } catch {
    // Markup nested so deeply that the layout gives up.
    return stripped(html);
  }
}

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

/** Text without layout: tags out, blocks on lines of their own, the common entities resolved. */
function stripped(html: string): string {
  return withoutBlocks(html, ["style", "script", "head", "title"])
    .replace(/[ \t\r\n]+/g, " ")
    .replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^<>]*>/gi, "\n")
    .replace(/<[a-z/!?][^<>]*>/gi, "")
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, entity)
    .replace(/[ \t]*\n[ \t]*/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Cuts out elements with their content, in one pass over the text for each name. */
function withoutBlocks(html: string, names: readonly string[]): string {
  for (const name of names) {
    const pieces: string[] = [];
    const open = new RegExp(`<${name}\\b`, "gi");
    const close = new RegExp(`</${name}\\b[^>]{0,99}>`, "gi");
    let from = 0;
    for (let start = open.exec(html); start; start = open.exec(html)) {
      pieces.push(html.slice(from, start.index));
      close.lastIndex = start.index;
      from = close.exec(html) ? close.lastIndex : html.length;
      open.lastIndex = from;
    }
    html = pieces.join(" ") + html.slice(from);
  }
  return html;
}

function entity(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name) return named[name.toLowerCase()] ?? whole;
  const code = decimal ? Number(decimal) : parseInt(hex!, 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
/** Text as HTML shows it, letter by letter. */
export const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => escapes[sign]!);

/** Plain text (CRLF) as an HTML document: escaped, lines kept, web and mail addresses as links. */
export function toHtml(text: string): string {
  const lines = text.split("\r\n").map((line) => linked(line).replace(/^ +| {2,}/g, spaces));
  return `<html><body>${lines.join("<br>\r\n")}</body></html>`;
}

const spaces = (run: string) => `${"&nbsp;".repeat(run.length - 1)} `.replace(/^ $/, "&nbsp;");

const address =
  /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+/gi;

function linked(line: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (const match of line.matchAll(address)) {
    const found = escaped(match[0]);
    const href = match[0].includes("://") ? found : `mailto:${found}`;
    pieces.push(escaped(line.slice(from, match.index)), `<a href="${href}">${found}</a>`);
    from = match.index + match[0].length;
  }
  return pieces.join("") + escaped(line.slice(from));
}
