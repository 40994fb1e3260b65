// Whether an item is what a query looks for: the meaning of a query, in the plainest form.
import { type FieldWords, hasAttachments, textFields } from "./content.ts";
import type { Folder, ItemState } from "../model.ts";
import type { MailFacts } from "../mime/mod.ts";
import type { Query, TimeRange } from "../query.ts";
import { growing, words } from "./words.ts";

/** An item with all that a query can ask about. */
export interface Candidate {
  readonly state: ItemState;
  readonly facts: MailFacts;
  readonly words: FieldWords;
  readonly thread: string;
  /** Its folder and those above it, the nearest first. */
  readonly path: readonly Folder[];
}

/** Whether `candidate` is what `query` looks for. */
export function matches(query: Query, candidate: Candidate): boolean {
  if ("and" in query) return query.and.every((each) => matches(each, candidate));
  if ("or" in query) return query.or.some((each) => matches(each, candidate));
  if ("not" in query) return !matches(query.not, candidate);
  if ("text" in query) return hasText(query, candidate.words);
  const { state, facts, path } = candidate;
  if ("received" in query) return within(state.date, query.received);
  if ("sent" in query) return facts.sent !== undefined && within(facts.sent, query.sent);
  if ("read" in query) return state.marks.read === query.read;
  if ("flagged" in query) return (state.marks.flag?.status === "active") === query.flagged;
  if ("attachments" in query) return hasAttachments(facts) === query.attachments;
  if ("thread" in query) return candidate.thread === query.thread;
  if ("class" in query) return path[0]?.class === query.class;
  return path.slice(0, query.below ? undefined : 1).some(({ id }) => id === query.folder);
}

function hasText(
  { text, in: field, prefix }: Extract<Query, { text: string }>,
  candidate: FieldWords,
): boolean {
  const wanted = words(text);
  if (wanted.length === 0) return false;
  const open = prefix === true && growing(wanted.at(-1)!);
  const fields = field === undefined ? textFields : [field];
  return fields.some((each) => hasPhrase(candidate[each], wanted, open));
}

/** Whether the words stand somewhere in a row; where it is open, the last one may go on. */
function hasPhrase(text: readonly string[], phrase: readonly string[], open: boolean): boolean {
  const last = phrase.length - 1;
  return text.some((_, at) =>
    phrase.every((word, index) => {
      const there = text[at + index];
      return there === word || (open && index === last && there?.startsWith(word) === true);
    })
  );
}

function within(time: number, { since = -Infinity, until = Infinity }: TimeRange): boolean {
  return time >= since && time < until;
}
