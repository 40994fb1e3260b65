// The line that a list of mail shows below the subject.
import { asPlain } from "./text.ts";

const LENGTH = 255;

/** The first 255 characters or so of what the sender wrote, on one line. */
export function preview(text: string | undefined, html: string | undefined): string {
  const plain = text?.trim() ? text.slice(0, 20_000) : html ? asPlain(html.slice(0, 200_000)) : "";
  return shorten(ownWords(plain)) || shorten(plain);
}

/** The lines above and between quotations. */
function ownWords(text: string): string {
  const lines = text.split(/\r?\n/);
  const quote = lines.findIndex((line, at) => startsQuote(line, lines[at + 1]));
  return (quote < 0 ? lines : lines.slice(0, quote)).filter((line) => !/^\s*>/.test(line)).join(
    "\n",
  );
}

/** `-----Original Message-----`, `On … wrote:` and what stands in their place. */
function startsQuote(line: string, next = ""): boolean {
  if (/^\s*-{4,}\s*\p{L}[^-]{2,60}-{4,}\s*$/u.test(line) || /^-- $/.test(line)) return true;
  return line.length < 300 && /^\s*>/.test(next) && /[:：]\s*$/.test(line);
}

function shorten(text: string): string {
  const line = text
    .replace(/\[(?:image|cid|inline)\s*:[^\]\n]{0,300}\]/gi, " ")
    .replace(/<?\bhttps?:\/\/([^\s/?#<>"]{1,100})[^\s<>"]{20,}>?/gi, "$1…")
    .replace(/[-=_*~#]{5,}/g, " ")
    // Newsletters fill their preview with invisible characters.
    .replace(/[\u00ad\u034f\u200b\u2060\ufeff]+|[\u200c\u200d](?=[\s\u200c\u200d]|$)/g, "")
    // deno-lint-ignore no-control-regex
    .replace(/[\s\u0000-\u001f\u007f]+/g, " ")
    .trim();
  if (line.length <= LENGTH) return line;
  const cut = line.slice(0, LENGTH);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
