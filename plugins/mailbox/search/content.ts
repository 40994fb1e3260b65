// The searchable texts of a mail, field by field.
import type { MailFacts } from "../mime/mod.ts";
import type { Address } from "../model.ts";
import type { TextField } from "../query.ts";
import { htmlWords } from "./html_words.ts";
import { words } from "./words.ts";

/** The words of a mail by field, in their order. */
export type FieldWords = Readonly<Record<TextField, readonly string[]>>;

export const textFields: readonly TextField[] = [
  "subject",
  "from",
  "to",
  "cc",
  "bcc",
  "body",
  "attachment",
];

/** The words of a mail, its texts as far as they are at hand. */
export function fieldWords(
  facts: MailFacts,
  text: string | undefined,
  html: string | undefined,
): FieldWords {
  return {
    subject: words(facts.subject),
    from: addressWords([...facts.from, ...facts.sender.filter(notIn(facts.from))]),
    to: addressWords(facts.to),
    cc: addressWords(facts.cc),
    bcc: addressWords(facts.bcc),
    body: bodyWords(text, html),
    attachment: facts.attachments.flatMap(({ name }) => words(name)),
  };
}

/** Whether a mail has what a person would call an attachment. */
export function hasAttachments({ attachments }: Pick<MailFacts, "attachments">): boolean {
  return attachments.some(({ inline }) => !inline);
}

const notIn = (list: readonly Address[]) => (one: Address) =>
  !list.some(({ address }) => address.toLowerCase() === one.address.toLowerCase());

function addressWords(list: readonly Address[]): string[] {
  return list.flatMap(({ name, address }) => [...words(name), ...words(address)]);
}

/** What a reader sees; where the two forms of a text differ, the words of both. */
function bodyWords(text: string | undefined, html: string | undefined): string[] {
  const shown = html === undefined ? [] : words(htmlWords(html));
  const typed = text === undefined ? [] : words(text);
  if (shown.length === 0 || typed.length === 0) return shown.length > 0 ? shown : typed;
  const known = new Set(shown);
  return [...shown, ...typed.filter((word) => !known.has(word))];
}
