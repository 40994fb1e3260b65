// Whose folders are whose: RFC 2342.
import type { ImapFlow } from "imapflow";

/** A part of all names. */
export interface Namespace {
  /** Ends in the delimiter; may be empty. */
  readonly prefix: string;
  readonly delimiter: string;
}

/** The namespaces of an account. */
export interface Namespaces {
  /** Of the account's own folders; the first one is where new ones are made. */
  readonly personal: readonly Namespace[];
  /** Of other people's folders, and of those that are nobody's. */
  readonly foreign: readonly Namespace[];
}

/** What the server said at login. Where it knows no namespaces, all is the account's own. */
export function namespacesOf({ namespaces }: ImapFlow): Namespaces {
  const read = (
    found: readonly { prefix: string; delimiter?: string | null | undefined }[] | false | undefined,
  ) => (found || []).map(({ prefix, delimiter }) => ({ prefix, delimiter: delimiter ?? "" }));
  const personal = read(namespaces?.personal);
  return {
    personal: personal.length ? personal : [{ prefix: "", delimiter: "/" }],
    foreign: [...read(namespaces?.other), ...read(namespaces?.shared)],
  };
}

/** The namespace is of others, or of nobody: the longest prefix decides. */
export function isForeign(path: string, { personal, foreign }: Namespaces): boolean {
  const longest = (spaces: readonly Namespace[]) =>
    Math.max(
      -1,
      ...spaces.filter((space) => within(path, space)).map(({ prefix }) => prefix.length),
    );
  return longest(foreign) > longest(personal);
}

/** `INBOX.` holds `INBOX.Sent`; `shared/` also holds the container `shared` itself. */
function within(path: string, { prefix, delimiter }: Namespace): boolean {
  return path.startsWith(prefix) || (delimiter !== "" && path + delimiter === prefix);
}

/** The personal prefix before a name, such as "INBOX."; it is no folder above it. */
export function prefixOf(path: string, { personal }: Namespaces): string {
  return personal.map(({ prefix }) => prefix)
    .filter((prefix) => path.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0] ?? "";
}
