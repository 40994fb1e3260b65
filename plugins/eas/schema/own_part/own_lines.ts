// Which lines of a reply its writer wrote: all up to the last own words; the quotes below are history.
import { forwardedMessage, headerNames, originalMessage, wrote, wroteBefore } from "./words.ts";

/** A line that can be seen. Its places are those of its text in the whole. */
export interface Line {
  readonly text: string;
  /** `looks`: in something that is indented as a quote, and may be the writer's own choice. */
  readonly quoted: "no" | "yes" | "looks";
  readonly end: number;
}

/** A line above a quote is never longer, nor goes it over more lines. */
const longestIntroduction = 400, mostIntroductionLines = 4;
/** The lines of a quoted head follow each other this closely. */
const headReach = 8;

const dashed = (words: string) => new RegExp(`^[-_=*>\\s]{2,}(?:${words})\\b.{0,80}$`, "iu");
const bare = (words: string) => new RegExp(`^(?:${words})\\s*:?$`, "iu");
const originalRule = dashed(originalMessage);
const forwardedRule = dashed(forwardedMessage), forwardedLine = bare(forwardedMessage);
const verbLast = new RegExp(`(?:${wrote})\\s?[:：]?\\s*-*$`, "iu");
const verbBefore = new RegExp(`\\s(?:${wroteBefore})\\s.{1,200}[:：]$`, "iu");

/**
 * How many of the lines are the reply itself; undefined where all of them are: there is no history
 * below, or nothing would be left, or the history is a message that is passed on.
 *
 * What is quoted above or between own words stays: without it they cannot be understood.
 */
export function ownLines(lines: readonly Line[]): number | undefined {
  const end = boundary(lines) ?? lines.length;
  const own = end - historyAbove(lines, end);
  if (own === lines.length) return undefined;
  if (isForwarded(lines.slice(Math.max(0, own - headReach), own + 4))) return undefined;
  const kept = own - introduction(lines, own);
  return lines.slice(0, kept).some(({ quoted }) => quoted !== "yes") ? kept : undefined;
}

/** How many lines above `end` are quotes; what only looks like one is one where it is introduced. */
function historyAbove(lines: readonly Line[], end: number): number {
  let at = end;
  while (at > 0) {
    const { quoted } = lines[at - 1]!;
    let first = at;
    while (first > 0 && lines[first - 1]!.quoted === quoted) first--;
    const isQuote = quoted === "yes" || (quoted === "looks" && introduction(lines, first) > 0);
    if (!isQuote) break;
    at = first;
  }
  return end - at;
}

/** Where everything below is history, though it is not marked as a quote. */
function boundary(lines: readonly Line[]): number | undefined {
  const at = lines.findIndex((line, at) =>
    line.quoted === "no" && (originalRule.test(line.text) || isHead(lines, at))
  );
  if (at !== -1) return at;
  // Some programs introduce a quote, and then do not mark it.
  if (lines.some(({ quoted }) => quoted !== "no")) return undefined;
  const introduced = lines.findIndex(({ text }) => isIntroduction(text) && /\d.*[@<]/.test(text));
  return introduced === -1 ? undefined : introduced;
}

const head = Object.entries(headerNames).map(([name, words]) =>
  [name, new RegExp(`^[*_]{0,2}(?:${words})\\s?[*_]{0,2}\\s?[:：]`, "iu")] as const
);
const nameOf = (text: string) => head.find(([, names]) => names.test(text))?.[0];

/** Whether the head of a quoted message begins here: from whom, and two of when, to whom, what. */
function isHead(lines: readonly Line[], at: number): boolean {
  if (nameOf(lines[at]!.text) !== "from") return false;
  const names = new Set(lines.slice(at + 1, at + headReach).map(({ text }) => nameOf(text)));
  return ["date", "to", "subject"].filter((name) => names.has(name)).length >= 2;
}

/** An introduction that goes over several lines begins with the time; own words may stand above it. */
const begins =
  /^(?:on|am|le|el|il|em|op|den|på|dne|dňa|w dniu|dnia|pe|ma|ti|ke|to|la|su|vào|pada|în|el dl\.?|\p{L}{2,4}\.?,?\s\d|\d)/iu;

const isForwarded = (lines: readonly Line[]) =>
  lines.some(({ text }) => forwardedRule.test(text) || forwardedLine.test(text));

/** How many lines above `at` introduce a quote that begins there. */
function introduction(lines: readonly Line[], at: number): number {
  let found = 0;
  let text = "";
  for (let count = 1; count <= Math.min(mostIntroductionLines, at); count++) {
    const line = lines[at - count]!;
    text = `${line.text} ${text}`.trim();
    if (line.quoted !== "no" || text.length > longestIntroduction) return found;
    // `He wrote:`, without when or who, is said by the writer.
    if (!isIntroduction(text) || !/[\d@]/.test(text)) continue;
    if (begins.test(text)) return count;
    if (count === 1) found = 1;
  }
  return found;
}

const whenAndWho = /\d.{0,200}<[^<>\s]+@[^<>\s]+>\s?[:：]$/;

const isIntroduction = (text: string) =>
  text.length <= longestIntroduction && /[:：]\s?-*$/.test(text) &&
  (verbLast.test(text) || verbBefore.test(text) || whenAndWho.test(text));
