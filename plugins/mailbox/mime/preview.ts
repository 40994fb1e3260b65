// The line that a list of mail shows below the subject.
import type { Text } from "../model.ts";
import type { BodyPlaces, FirstRead, ReadBytes } from "./text.ts";
import { asPlain, assembleText } from "./text.ts";

const LENGTH = 255;

/** How much of a text is looked at first, and where that has too few words of the sender's own. */
export const previewSteps = { text: [1500, 20_000], html: [8000, 64_000] } as const;

/** The preview of a message, from the texts that were read already where they are enough. */
export async function readPreview(
  bodies: readonly BodyPlaces[],
  known: Readonly<Record<"text" | "html", Text | undefined>>,
  read: ReadBytes,
  first?: FirstRead,
): Promise<string> {
  for (const form of ["text", "html"] as const) {
    for (const limit of previewSteps[form]) {
      const there = known[form];
      const text = there && (!there.truncated || there.content.length >= limit)
        ? there
        : await assembleText(bodies, form, limit, read, first);
      if (!text || (form === "text" && !text.content.trim() && !text.truncated)) break;
      const line = form === "text"
        ? preview(text.content, undefined)
        : preview(undefined, text.content);
      if (!text.truncated || line.length >= LENGTH - 1 || limit === previewSteps[form][1]) {
        return line;
      }
    }
  }
  return "";
}

/** The first 255 characters or so of what the sender wrote, on one line. */
export function preview(text: string | undefined, html: string | undefined): string {
  const plain = text?.trim() ? text.slice(0, 20_000) : html ? asPlain(html.slice(0, 200_000)) : "";
  return shorten(ownWords(plain)) || shorten(plain);
}

/** The lines that are no quotation and stand above what ends a mail. */
function ownWords(text: string): string {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex(endsMail);
  return lines.slice(0, end < 0 ? lines.length : end)
    .filter((line, at) => !isQuoted(line) && !introduces(line, lines[at + 1]))
    .join("\n");
}

/** `-----Original Message-----` in any language, or the dashes above a signature. */
function endsMail(line: string): boolean {
  return line === "-- " || /^\s*-{4,}\s*\p{L}[^-]{2,60}-{4,}\s*$/u.test(line);
}

function isQuoted(line: string): boolean {
  return /^\s*>/.test(line);
}

/** `On … wrote:` above a quotation. */
function introduces(line: string, next = ""): boolean {
  return line.length < 300 && isQuoted(next) && /[:：]\s*$/.test(line);
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
