// What counts as a word, in texts and in what is looked for alike: every backend finds the same.

/** Characters of one word that count; what is longer is no word of any language. */
const LONGEST = 40;

// Scripts that leave no space between words, and Korean, whose words grow by endings and compounds:
// each character stands for itself, and a run of them is looked for as a phrase.
const single =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]/u;
const singles = new RegExp(`${single.source}\\p{M}*|(?:(?!${single.source}).)+`, "gu");

const runs = /[\p{L}\p{N}\p{M}ー々〆]+/gu;
// deno-lint-ignore no-control-regex
const ascii = /^[\x00-\x7f]*$/;
const asciiRuns = /[a-z0-9]+/g;

// Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic.
const accents = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g;
// Soft hyphens, joiners and marks of direction stand inside words without being part of them.
const invisible = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;

/** Letters that no normal form takes apart, although people type them without their strokes. */
const plain: Readonly<Record<string, string>> = {
  "ß": "ss",
  "æ": "ae",
  "œ": "oe",
  "ø": "o",
  "ł": "l",
  "đ": "d",
  "ð": "d",
  "þ": "th",
  "ı": "i",
};
const striped = new RegExp(`[${Object.keys(plain).join("")}]`, "g");

/** The words of a text in their order, folded: lower case, no accents, no width or ligatures. */
export function words(text: string): string[] {
  if (ascii.test(text)) return (text.toLowerCase().match(asciiRuns) ?? []).map(short);
  const found: string[] = [];
  for (const [run] of fold(text).matchAll(runs)) {
    if (!single.test(run)) found.push(short(run));
    else for (const [part] of run.matchAll(singles)) found.push(short(part));
  }
  return found;
}

/** Whether a word may be the beginning of a longer one. */
export function growing(word: string): boolean {
  return word.length > 1 && !single.test(word);
}

function fold(text: string): string {
  return text
    .replace(invisible, "")
    .toLowerCase()
    .normalize("NFKD")
    .replace(accents, "")
    .replace(striped, (letter) => plain[letter]!)
    .normalize("NFC");
}

const short = (word: string) => word.length > LONGEST ? word.slice(0, LONGEST) : word;
