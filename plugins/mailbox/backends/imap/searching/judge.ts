// Whether a message that the server found is what a query means, as far as can be told without its text.
import type { Query } from "../../../query.ts";
import { type FieldWords, fieldWords } from "../../../search/content.ts";
import { type Candidate, matches } from "../../../search/matches.ts";
import type { MailFacts } from "../../../mime/mod.ts";
import { freshThread } from "../../../mime/thread.ts";
import type { Marks } from "../../../model.ts";

/** What has to be known of a message to judge it. */
export interface Needs {
  /** Header fields. */
  readonly header: boolean;
  /** Attachments: header fields as well. */
  readonly structure: boolean;
}

/** What a message found is known by. */
export interface Hit {
  readonly date: number;
  readonly marks: Marks;
  /** Absent where no query needs it. */
  readonly facts?: MailFacts;
  /** What the server says of words in its text; absent where nobody asked. */
  readonly said?: ReadonlyMap<Query, boolean>;
}

/**
 * Words of which only the server can tell where they are, and has to be asked one by one: where one
 * of several conditions is enough, and others are found too often, its word for all is not enough.
 */
export function wordsToAsk(query: Query): readonly TextQuery[] {
  const parts = leaves(query);
  const choice = isChoice(query) && parts.some((part) => !("text" in part) || isKnown(part));
  return choice ? parts.filter((part) => "text" in part && !isKnown(part)) as TextQuery[] : [];
}

export type TextQuery = Extract<Query, { text: string }>;

function leaves(query: Query): readonly Query[] {
  if ("and" in query) return query.and.flatMap(leaves);
  if ("or" in query) return query.or.flatMap(leaves);
  return "not" in query ? leaves(query.not) : [query];
}

function isChoice(query: Query): boolean {
  if ("and" in query) return query.and.some(isChoice);
  return "or" in query || "not" in query;
}

export function needsOf(query: Query): Needs {
  const parts = leaves(query);
  const structure = parts.some((part) =>
    "attachments" in part || ("text" in part && part.in === "attachment")
  );
  return { header: structure || parts.some(isKnown), structure };
}

/**
 * False: it is not. True, or undefined where only the server can tell (words in the text), whose word
 * then counts. `holds` is what conditions on the folder mean.
 */
export function judge(
  query: Query,
  hit: Hit,
  holds: (condition: Extract<Query, { folder: string } | { class: string }>) => boolean,
): boolean | undefined {
  const words = hit.facts && fieldWords(hit.facts, undefined, undefined);
  const ask = (part: Query): boolean | undefined => {
    if ("not" in part) return negated(ask(part.not));
    if ("and" in part) return negated(either(part.and.map(ask).map(negated)));
    if ("or" in part) return either(part.or.map(ask));
    if ("folder" in part || "class" in part) return holds(part);
    if (isListed(part)) return matches(part, candidate(hit, words));
    if (!isKnown(part)) return hit.said?.get(part);
    return hit.facts && matches(part, candidate(hit, words));
  };
  return ask(query);
}

/** What is known of every message that is looked at. */
function isListed(part: Query): boolean {
  return "received" in part || "read" in part || "flagged" in part;
}

function isKnown(part: Query): boolean {
  if ("text" in part) return part.in !== undefined && part.in !== "body";
  return "sent" in part || "thread" in part || "attachments" in part;
}

const negated = (answer: boolean | undefined) => answer === undefined ? undefined : !answer;

function either(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

const noWords: FieldWords = {
  subject: [],
  from: [],
  to: [],
  cc: [],
  bcc: [],
  body: [],
  attachment: [],
};

function candidate({ date, marks, facts }: Hit, words: FieldWords = noWords): Candidate {
  return {
    state: { id: "", date, revision: "", marks },
    facts: facts ?? ({ attachments: [] } as unknown as MailFacts),
    words,
    thread: facts ? freshThread(facts) : "",
    path: [],
  };
}
