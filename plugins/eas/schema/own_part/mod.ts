// What a reply says itself, without the conversation that mail programs append to it. Our own: the
// libraries for it know plain text only, or need a whole DOM, and lose what is passed on.
import type { Mail } from "../../../mailbox/api.ts";
import { toHtml } from "../convert.ts";
import { cleanLines } from "../text.ts";
import { closed, htmlLines } from "./html_lines.ts";
import { type Line, ownLines } from "./own_lines.ts";
import { forwardedSubject } from "./words.ts";

/** A page without the history at its end. */
export function ownHtml(html: string): string {
  const lines = htmlLines(html);
  const count = ownLines(lines);
  return count === undefined ? html : closed(html.slice(0, lines[count - 1]!.end));
}

/** A text without the history at its end. */
export function ownText(text: string): string {
  const lines = textLines(text);
  const count = ownLines(lines);
  return count === undefined ? text : text.slice(0, lines[count - 1]!.end);
}

function textLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const { 0: line, index } of text.matchAll(/[^\r\n]+/g)) {
    const seen = line.trim();
    if (seen === "") continue;
    lines.push({
      text: seen,
      quoted: seen.startsWith(">") ? "yes" : "no",
      end: index + line.length,
    });
  }
  return lines;
}

const passedOn = new RegExp(`^\\s*(?:${forwardedSubject})\\s*[:：]`, "iu");

/** The mail's own part as HTML; a mail that answers nothing, or passes something on, is all its own. */
export function ownPart(
  mail: Pick<Mail, "subject" | "threadTopic" | "inReplyTo" | "references" | "text" | "html">,
): string {
  const { subject, threadTopic, inReplyTo, references, text, html } = mail;
  const named = inReplyTo.length + references.length > 0 || threadTopic !== subject.trim();
  const answers = named && !passedOn.test(subject);
  if (html) return cleanLines(answers ? ownHtml(html.content) : html.content);
  const content = cleanLines(text?.content ?? "");
  return toHtml(answers ? ownText(content) : content);
}
