// What people type to search, in the Keyword Query Language as far as phones use it, as a query.
import type { ItemClass, Query, TextField } from "../../mailbox/api.ts";
import { timeRange } from "./dates.ts";
import { type Token, tokens } from "./tokens.ts";

/** Brackets inside brackets beyond this are ignored, and so are terms beyond the last one. */
const DEEPEST = 20;
const MOST_TERMS = 64;

type PropertyToken = Extract<Token, { kind: "property" }>;

/** Fields that a text property looks into; any of them will do. */
const fields: Readonly<Record<string, readonly TextField[]>> = {
  from: ["from"],
  to: ["to"],
  cc: ["cc"],
  bcc: ["bcc"],
  recipients: ["to", "cc", "bcc"],
  participants: ["from", "to", "cc", "bcc"],
  subject: ["subject"],
  body: ["body"],
  attachment: ["attachment"],
  attachments: ["attachment"],
  attachmentnames: ["attachment"],
  filename: ["attachment"],
};

const kinds: Readonly<Record<string, ItemClass>> = {
  email: "mail",
  contacts: "contact",
  meetings: "event",
  tasks: "task",
  notes: "note",
};

const marks: Readonly<Record<string, Query>> = {
  read: { read: true },
  unread: { read: false },
  flagged: { flagged: true },
  unflagged: { flagged: false },
};

const switches: Readonly<Record<string, (on: boolean) => Query>> = {
  isread: (on) => ({ read: on }),
  isflagged: (on) => ({ flagged: on }),
  hasflag: (on) => ({ flagged: on }),
  hasattachment: (on) => ({ attachments: on }),
  hasattachments: (on) => ({ attachments: on }),
};

const properties: ReadonlySet<string> = new Set([
  ...Object.keys(fields),
  ...Object.keys(switches),
  "received",
  "sent",
  "is",
  "kind",
]);

/**
 * The query that a text stands for: words, "phrases", beginnings*, properties (`from:ben`,
 * `received>=2026-01-01`, `is:unread` …), AND, OR, NOT and brackets. Words are found by their
 * beginning, as people expect it while they type; phrases in quotation marks are not. What cannot be
 * understood is looked for as words; nothing is an error. undefined: there is no word in it.
 */
// MS-ASCMD 2.2.3.73.1
export function parseKql(text: string, now: number): Query | undefined {
  return new Parser(tokens(text, properties), now).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #now: number;
  #at = 0;
  #terms = 0;

  constructor(tokens: readonly Token[], now: number) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /** All of the text: what stands behind a bracket that was never opened is read as well. */
  whole(): Query | undefined {
    const parts: (Query | undefined)[] = [];
    while (this.#at < this.#tokens.length) {
      parts.push(this.#either(0, undefined));
      this.#at++;
    }
    return all(parts);
  }

  #peek(): Token["kind"] | undefined {
    return this.#tokens[this.#at]?.kind;
  }

  #either(depth: number, inside: PropertyToken | undefined): Query | undefined {
    const parts = [this.#both(depth, inside)];
    while (this.#peek() === "or") {
      this.#at++;
      parts.push(this.#both(depth, inside));
    }
    return any(parts);
  }

  /** Terms that follow each other must all hold; those of one property are alternatives. */
  #both(depth: number, inside: PropertyToken | undefined): Query | undefined {
    const groups: { name: string | undefined; parts: (Query | undefined)[] }[] = [];
    let joined = false;
    for (let kind = this.#peek(); kind && kind !== "or" && kind !== "close"; kind = this.#peek()) {
      if (kind === "and") {
        joined = true;
        this.#at++;
        continue;
      }
      const name = this.#alternative();
      const part = this.#term(depth, inside);
      const last = groups.at(-1);
      if (!joined && name !== undefined && last?.name === name) last.parts.push(part);
      else groups.push({ name, parts: [part] });
      joined = false;
    }
    return all(groups.map(({ parts }) => any(parts)));
  }

  /** The name of the text property that comes next. */
  #alternative(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === "property" && token.name in fields && token.sign !== "<>"
      ? token.name
      : undefined;
  }

  #term(depth: number, inside: PropertyToken | undefined): Query | undefined {
    let negative = false;
    while (this.#peek() === "not") {
      negative = !negative;
      this.#at++;
    }
    const query = this.#positive(depth, inside);
    return negative && query ? { not: query } : query;
  }

  #positive(depth: number, inside: PropertyToken | undefined): Query | undefined {
    const token = this.#tokens[this.#at];
    if (!token || token.kind === "or" || token.kind === "and" || token.kind === "close") {
      return undefined;
    }
    this.#at++;
    if (token.kind === "open") return this.#bracket(depth, inside);
    if (token.kind === "property" && token.value === undefined) {
      if (this.#peek() === "open") this.#at++;
      return this.#bracket(depth, token);
    }
    if (++this.#terms > MOST_TERMS) return undefined;
    if (token.kind === "property") return propertyQuery(token, this.#now) ?? plain(token.source);
    if (token.kind !== "text") return undefined;
    if (!inside) return textQuery(token, undefined);
    const property = { ...inside, value: token, source: token.text };
    return propertyQuery(property, this.#now) ?? textQuery(token, undefined);
  }

  #bracket(depth: number, inside: PropertyToken | undefined): Query | undefined {
    if (depth >= DEEPEST) return undefined;
    const query = this.#either(depth + 1, inside);
    if (this.#peek() === "close") this.#at++;
    return query;
  }
}

type TextToken = Extract<Token, { kind: "text" }>;

/** undefined: there is no letter and no digit in it. */
function textQuery({ text, quoted, open }: TextToken, field?: TextField): Query | undefined {
  if (!/[\p{L}\p{N}]/u.test(text)) return undefined;
  return { text, prefix: !quoted || open, ...(field && { in: field }) };
}

const plain = (text: string) => textQuery({ kind: "text", text, quoted: false, open: false });

/** undefined: the property cannot have such a value. */
function propertyQuery({ name, sign, value }: PropertyToken, now: number): Query | undefined {
  if (!value) return undefined;
  const query = valueQuery(name, sign, value, now);
  return query && sign === "<>" ? { not: query } : query;
}

function valueQuery(
  name: string,
  sign: string,
  value: TextToken,
  now: number,
): Query | undefined {
  const word = value.text.trim().toLowerCase();
  if (name === "received" || name === "sent") {
    const range = timeRange(sign, value.text.trim(), now);
    if (!range) return undefined;
    return name === "received" ? { received: range } : { sent: range };
  }
  if (name in fields) {
    const exact = { ...value, quoted: value.quoted || sign === "=" };
    return any(fields[name]!.map((field) => textQuery(exact, field)));
  }
  if (name === "is") return Object.hasOwn(marks, word) ? marks[word] : undefined;
  if (name === "kind") return Object.hasOwn(kinds, word) ? { class: kinds[word]! } : undefined;
  const on = /^(true|yes|1)$/.test(word);
  return on || /^(false|no|0)$/.test(word) ? switches[name]?.(on) : undefined;
}

function all(parts: readonly (Query | undefined)[]): Query | undefined {
  const there = parts.filter((part) => part !== undefined);
  return there.length > 1 ? { and: there } : there[0];
}

function any(parts: readonly (Query | undefined)[]): Query | undefined {
  const there = parts.filter((part) => part !== undefined);
  return there.length > 1 ? { or: there } : there[0];
}
