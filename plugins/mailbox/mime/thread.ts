// Conversations: which messages belong together, by their references (RFC 5322 3.6.4).
import { hash } from "node:crypto";
import type { MailFacts } from "./mod.ts";
import { isReplySubject } from "./topic.ts";

/** How a message finds its conversation among those that the account knows. */
export interface ThreadKeys {
  /** The conversation of the first of these that is known is the message's own. */
  readonly lookUp: readonly string[];
  /** The conversation's id where none of them is known: 32 hex digits. */
  readonly fresh: string;
  /** All of these lead to the message's conversation from now on, unless they lead elsewhere. */
  readonly remember: readonly string[];
  /** This one leads to the latest conversation with that subject. */
  readonly topic: string | undefined;
}

/** What one message remembers at most: its root, and its nearest ancestors. */
const REMEMBERED = 20;

/**
 * The keys of a message. Messages that arrive out of order meet, because ancestors are remembered
 * before they arrive. Only an answer that names no ancestor goes by its subject.
 */
export function threadKeys(facts: MailFacts): ThreadKeys {
  const ancestors = [...facts.references, ...facts.inReplyTo];
  const named = ancestors.length > REMEMBERED
    ? [ancestors[0]!, ...ancestors.slice(1 - REMEMBERED)]
    : ancestors;
  const ids = [...new Set([...named, ...(facts.messageId ? [facts.messageId] : [])])].map(idKey);
  const topic = facts.threadTopic ? key(`topic ${facts.threadTopic.toLowerCase()}`) : undefined;
  const bySubject = topic && !ancestors.length && isReplySubject(facts.subject) ? [topic] : [];
  return {
    lookUp: [...ids, ...bySubject],
    fresh: ids[0] ?? freshThread(facts),
    remember: ids,
    topic,
  };
}

/** {@link ThreadKeys.fresh} of a message: all that those need who remember nothing. */
export function freshThread(facts: MailFacts): string {
  const root = rootOf(facts);
  return root === undefined
    ? key(`mail ${facts.sent} ${facts.from[0]?.address} ${facts.subject}`)
    : idKey(root);
}

/** What a conversation is named by; undefined: a mail without any id, which is one of its own. */
export function rootOf({ references, inReplyTo, messageId }: MailFacts): string | undefined {
  return references[0] ?? inReplyTo[0] ?? (messageId || undefined);
}

function idKey(messageId: string): string {
  return key(`id ${messageId.toLowerCase()}`);
}

function key(text: string): string {
  return hash("sha256", text, "hex").slice(0, 32);
}
