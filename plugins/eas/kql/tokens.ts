// The pieces of a search text: words, phrases, properties with their values, operators, brackets.

export type Token =
  | { readonly kind: "open" | "close" | "and" | "or" | "not" }
  /** `quoted`: exactly these words; `open`: the last one may go on. */
  | {
    readonly kind: "text";
    readonly text: string;
    readonly quoted: boolean;
    readonly open: boolean;
  }
  /** `value` undefined: what follows in brackets. `source`: as it was typed. */
  | {
    readonly kind: "property";
    readonly name: string;
    readonly sign: string;
    readonly value: Extract<Token, { kind: "text" }> | undefined;
    readonly source: string;
  };

/** Longer texts are cut: nobody types them. */
const LONGEST = 2048;

/** Proximity is not kept: both words have to be there. */
const operators: Readonly<Record<string, "and" | "or" | "not">> = {
  AND: "and",
  NEAR: "and",
  ONEAR: "and",
  OR: "or",
  NOT: "not",
};

/** Words of two after which a value goes on: `received:this week`. */
const going = /^(this|last)$/i;
const goesOn = /^\s+(week|month|year)(?![\p{L}\p{N}])/iu;

/**
 * Takes a text apart; whatever it is, all of its words come out. `properties` are the names, in lower
 * case, that make `name:value` a property; any other is plain text.
 */
export function tokens(text: string, properties: ReadonlySet<string>): Token[] {
  const found: Token[] = [];
  const source = text.slice(0, LONGEST);
  let at = 0;
  while (at < source.length) {
    const { token, end } = next(source, at, properties);
    if (token) found.push(token);
    at = end;
  }
  return found;
}

interface Step<T = Token> {
  readonly token: T | undefined;
  readonly end: number;
}

function next(source: string, at: number, properties: ReadonlySet<string>): Step {
  const first = source[at]!;
  if (/\s/.test(first)) return { token: undefined, end: at + 1 };
  if (first === "(") return { token: { kind: "open" }, end: at + 1 };
  if (first === ")") return { token: { kind: "close" }, end: at + 1 };
  if (first === '"') return quoted(source, at);
  // Signs in front of a word: all others must be there in any case.
  if (first === "+" && /\S/.test(source[at + 1] ?? "")) return { token: undefined, end: at + 1 };
  if (first === "-" && /[^\s-]/.test(source[at + 1] ?? "")) {
    return { token: { kind: "not" }, end: at + 1 };
  }
  const property = propertyAt(source, at, properties);
  if (property) return property;
  const word = bare(source, at);
  const { text } = word.token;
  if (!Object.hasOwn(operators, text)) return word;
  const distance = /NEAR$/.test(text) ? /^\(\s*(?:n\s*=\s*)?\d+\s*\)/i : /^/;
  const behind = distance.exec(source.slice(word.end))?.[0].length ?? 0;
  return { token: { kind: operators[text]! }, end: word.end + behind };
}

function propertyAt(
  source: string,
  at: number,
  properties: ReadonlySet<string>,
): Step | undefined {
  const match = /^([a-z]{2,20})(:|<>|<=|>=|=|<|>)(>=|<=|<>|=|>|<)?/i
    .exec(source.slice(at, at + 30));
  const name = match?.[1]?.toLowerCase();
  if (!match || !name || !properties.has(name)) return undefined;
  // People write `received:>=2026-01-01` as well.
  const sign = match[3] ?? match[2]!;
  const behind = at + match[0].length;
  const from = behind + /^[ \t]*/.exec(source.slice(behind))![0].length;
  const property = { kind: "property", name, sign } as const;
  if (source[from] === "(") {
    const token = { ...property, value: undefined, source: source.slice(at, from) };
    return { token, end: from };
  }
  const { token: value, end } = source[from] === '"'
    ? quoted(source, from)
    : unquoted(source, from);
  if (!value || value.text === "") return undefined;
  return { token: { ...property, value, source: source.slice(at, end) }, end };
}

type Text = Extract<Token, { kind: "text" }>;

function unquoted(source: string, at: number): Step<Text> {
  const word = bare(source, at);
  const rest = going.test(word.token.text) ? goesOn.exec(source.slice(word.end)) : null;
  if (!rest) return word;
  const text = `${word.token.text} ${rest[1]}`;
  return { token: { ...word.token, text }, end: word.end + rest[0].length };
}

/** Up to the next quotation mark, or to the end where there is none. */
function quoted(source: string, at: number): Step<Text> {
  const close = source.indexOf('"', at + 1);
  const end = close < 0 ? source.length : close;
  const text = source.slice(at + 1, end);
  const star = text.endsWith("*") || source[end + 1] === "*";
  const behind = source[end + 1] === "*" ? end + 2 : end + 1;
  return { token: { kind: "text", text, quoted: true, open: star }, end: behind };
}

/** Up to the next space, bracket or quotation mark. */
function bare(source: string, at: number): Step<Text> & { readonly token: Text } {
  const text = /^[^\s()"]*/.exec(source.slice(at))![0];
  const token = { kind: "text", text, quoted: false, open: text.endsWith("*") } as const;
  return { token, end: at + Math.max(1, text.length) };
}
