// Marks of an item from the flags of its message, and back. What flags cannot say is kept as `extra`.
import { withMarks } from "../../../marks.ts";
import type { Flag, Marks } from "../../../model.ts";
import { isCategory, keywordOf, wordOf } from "./keywords.ts";

/** What the server cannot keep. */
interface Extra {
  /** The details of a flag; a flag that is complete is none to the server. */
  readonly flag?: Flag;
  readonly verb?: NonNullable<Marks["verb"]>;
  /** The server takes no `$Forwarded`. */
  readonly forwarded?: true;
  /** Categories that the server does not take as keywords. */
  readonly keywords?: readonly string[];
  /** The user's words, where the keyword in the server's spelling does not say them. */
  readonly words?: Readonly<Record<string, string>>;
  /** The message was seen elsewhere since, and all this with it. */
  readonly given?: true;
}

const system = new Map(
  ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** Flags as one text, always the same for the same flags. `\Recent` is nobody's business. */
export function flagsText(flags: Iterable<string>): string {
  const all: string[] = [];
  for (const flag of flags) {
    const lower = flag.toLowerCase();
    const name = system.get(lower) ?? flag;
    if (lower !== "\\recent" && !all.includes(name)) all.push(name);
  }
  return all.sort().join(" ");
}

/** The flags of a text. */
export function flagsOf(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

/** Messages that somebody has marked as deleted are treated as gone: only purging is left to do. */
export function isDeleted(flags: string): boolean {
  return flagsOf(flags).includes("\\Deleted");
}

/** The marks that flags and `extra` (JSON) stand for. */
export function marksOf(flags: string, extra?: string | undefined): Marks {
  const all = flagsOf(flags);
  const kept = read(extra);
  const lower = flagsOf(flags.toLowerCase());
  const has = (name: string) => lower.includes(name);
  return withMarks({
    read: has("\\seen"),
    answered: has("\\answered"),
    draft: has("\\draft"),
    forwarded: has("$forwarded") || kept.forwarded === true,
    flag: flagFrom(has("\\flagged"), kept.flag),
    keywords: [...all.filter(isCategory).map((flag) => shown(flag, kept)), ...kept.keywords ?? []],
    ...(kept.verb && { verb: kept.verb }),
  }, {});
}

const shown = (keyword: string, { words }: Extra) =>
  words?.[keyword.toLowerCase()] ?? wordOf(keyword);

/** The server's word about whether there is a flag goes before the details. */
function flagFrom(flagged: boolean, details: Flag | undefined): Flag | undefined {
  if (!flagged) return details?.status === "complete" ? details : undefined;
  return details?.status === "active" ? details : { status: "active" };
}

/** What has to be set and taken away so that `flags` say what `wanted` says. */
export function flagChanges(
  flags: string,
  extra: string | undefined,
  wanted: Marks,
): { readonly add: readonly string[]; readonly remove: readonly string[] } {
  const all = flagsOf(flags);
  const kept = read(extra);
  const set = new Set(wantedFlags(wanted));
  const spelled = new Set([...set].map((flag) => flag.toLowerCase()));
  const words = new Set(wanted.keywords);
  const mine = new Set(["\\seen", "\\answered", "\\flagged", "\\draft", "$forwarded"]);
  const remove = all.filter((flag) => {
    if (spelled.has(flag.toLowerCase())) return false;
    if (mine.has(flag.toLowerCase())) return true;
    return isCategory(flag) && !words.has(shown(flag, kept));
  });
  const there = new Set(all.map((flag) => flag.toLowerCase()));
  const said = new Set(all.filter(isCategory).map((flag) => shown(flag, kept)));
  const add = [...set].filter((flag) =>
    !there.has(flag.toLowerCase()) && !(isCategory(flag) && said.has(wordOf(flag)))
  );
  return { add, remove };
}

/** The flags of a new message. */
export function wantedFlags(marks: Marks): string[] {
  const flags: string[] = [];
  if (marks.read) flags.push("\\Seen");
  if (marks.answered) flags.push("\\Answered");
  if (marks.flag?.status === "active") flags.push("\\Flagged");
  if (marks.draft) flags.push("\\Draft");
  if (marks.forwarded) flags.push("$Forwarded");
  for (const word of marks.keywords) flags.push(keywordOf(word) ?? "");
  return [...new Set(flags)].filter(Boolean);
}

/** What has to be kept beside the server's `flags` so that together they say `wanted`. */
export function extraFor(flags: string, wanted: Marks): string | undefined {
  const all = flagsOf(flags);
  const there = new Map(all.map((flag) => [flag.toLowerCase(), flag]));
  const words: Record<string, string> = {};
  const keywords: string[] = [];
  // Two words may share a keyword where the server does not tell capital letters apart.
  const said = new Set(all.filter(isCategory).map(wordOf));
  for (const word of wanted.keywords) {
    if (said.has(word)) continue;
    const name = keywordOf(word)?.toLowerCase();
    const spelled = name === undefined ? undefined : there.get(name);
    const taken = name !== undefined && (words[name] !== undefined ||
      (spelled !== undefined && wanted.keywords.includes(wordOf(spelled))));
    if (name !== undefined && spelled !== undefined && !taken) words[name] = word;
    else keywords.push(word);
  }
  const details = wanted.flag && Object.keys(wanted.flag).length > 1;
  return written({
    ...(wanted.flag && (details || wanted.flag.status === "complete") && { flag: wanted.flag }),
    ...(wanted.verb && { verb: wanted.verb }),
    ...(wanted.forwarded && !there.has("$forwarded") && { forwarded: true as const }),
    ...(keywords.length > 0 && { keywords }),
    ...(Object.keys(words).length > 0 && { words }),
  });
}

/**
 * `extra` after somebody else changed the flags: details of a flag that they took away, or set anew,
 * do not come back later.
 */
export function extraAfter(flags: string, extra: string | undefined): string | undefined {
  if (extra === undefined) return undefined;
  const kept = read(extra);
  const flagged = flagsOf(flags).includes("\\Flagged");
  if (!kept.flag || flagged === (kept.flag.status === "active")) return extra;
  const { flag: _, ...rest } = kept;
  return written(rest);
}

/** `extra` that was passed on, and that nobody else gets. */
export function givenAway(extra: string): string {
  return JSON.stringify({ ...read(extra), given: true });
}

export function isGivenAway(extra: string | null): boolean {
  return read(extra ?? undefined).given === true;
}

/** Whether the folder keeps this flag; undefined: it does not say, so it keeps all. */
export function isPermanent(permanent: ReadonlySet<string> | undefined, flag: string): boolean {
  if (!permanent) return true;
  const lower = flag.toLowerCase();
  for (const one of permanent) {
    if (one.toLowerCase() === lower || (one === "\\*" && !flag.startsWith("\\"))) return true;
  }
  return false;
}

function read(extra: string | undefined): Extra {
  return extra === undefined ? {} : JSON.parse(extra) as Extra;
}

function written(extra: Extra): string | undefined {
  return Object.keys(extra).length > 0 ? JSON.stringify(extra) : undefined;
}
