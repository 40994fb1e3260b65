// ResolveRecipients: who is meant by what somebody typed, found in the directories that there are.
import type { Host } from "../../../core/mod.ts";
import {
  atLeast,
  type Command,
  directory,
  type DirectoryEntry,
  type EasCall,
  el,
  type Element,
  Status,
  type Tag,
} from "../api.ts";
import { parseDate } from "../schema/dates.ts";

/** What is asked of each name. */
interface Asked {
  readonly to: readonly string[];
  readonly certificates: boolean;
  readonly availability: boolean;
  readonly picture: boolean;
  /** How many people are suggested where a name means several. */
  readonly suggestions: number;
}

type Request = Asked | "malformed";

/** What was found for one name. */
interface Resolved {
  readonly to: string;
  readonly status: number;
  readonly people: readonly DirectoryEntry[];
  /** How many there are; all of them may be more than are told. */
  readonly count: number;
}

interface Outcome {
  readonly status: number;
  readonly asked?: Asked;
  readonly resolved: readonly Resolved[];
}

// MS-ASCMD 2.2.3.177.11: of the command, and of one name
const ok = 1, protocolError = 5, serverError = 6;
const found = 1, ambiguous = 2, partial = 3, nobody = 4;
/** MS-ASCMD 2.2.3.177.11: no certificate, no answer about free times; 2.2.2: no photo. */
const noCertificate = 7, noAvailability = 163, noPhoto = 173;

// MS-ASCMD 2.2.3.185.5, 2.2.3.101
const mostNames = 100, longestName = 256, standardSuggestions = 19;
/** MS-ASCMD 2.2.3.61.1: the longest span of free times. */
const longestSpan = 42 * 86_400_000;

// MS-ASCMD 2.2.1.15
export function resolveRecipients(host: Host): Command<Request, Outcome> {
  return {
    name: "ResolveRecipients",
    root: "ResolveRecipients:ResolveRecipients",
    read,
    async run(request, call) {
      if (request === "malformed") return { status: protocolError, resolved: [] };
      const resolved: Resolved[] = [];
      try {
        for (const to of request.to) resolved.push(await resolve(host, to, request, call));
      } catch (error) {
        call.log.error({ err: error }, "a directory failed");
        return { status: serverError, resolved: [] };
      }
      return { status: ok, asked: request, resolved };
    },
    write: ({ status, asked, resolved }) =>
      el(
        "ResolveRecipients:ResolveRecipients",
        el("ResolveRecipients:Status", status),
        ...resolved.map((one) => response(one, asked!)),
      ),
  };
}

function read({ document, version }: EasCall): Request {
  if (document === undefined) throw new Status(101, "ResolveRecipients without a document");
  const to = document.all("ResolveRecipients:To").map(({ text }) => text.trim());
  const options = document.child("ResolveRecipients:Options");
  const retrieval = number(options, "ResolveRecipients:CertificateRetrieval", 1, 3, 1);
  const suggestions = number(
    options,
    "ResolveRecipients:MaxAmbiguousRecipients",
    0,
    9999,
    standardSuggestions,
  );
  const times = atLeast(version, "14.0") && options?.child("ResolveRecipients:Availability");
  const wrong = to.length === 0 || to.length > mostNames ||
    to.some((name) => name.length > longestName) || !retrieval || suggestions === undefined ||
    (times && !isSpan(times));
  if (wrong) return "malformed";
  return {
    to,
    certificates: retrieval > 1,
    availability: Boolean(times),
    picture: atLeast(version, "14.1") && Boolean(options?.child("ResolveRecipients:Picture")),
    suggestions,
  };
}

/** A number within bounds, or what holds where none is given; undefined: it is none. */
function number(
  options: Element | undefined,
  tag: Tag,
  least: number,
  most: number,
  standard: number,
): number | undefined {
  const text = options?.textOf(tag)?.trim();
  if (text === undefined) return standard;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

/** Without an end, a week is meant. MS-ASCMD 2.2.3.61.1 */
function isSpan(availability: Element): boolean {
  const start = parseDate(availability.textOf("ResolveRecipients:StartTime") ?? "");
  const text = availability.textOf("ResolveRecipients:EndTime");
  if (start === undefined) return false;
  if (text === undefined) return true;
  const end = parseDate(text);
  return end !== undefined && end > start && end - start <= longestSpan;
}

async function resolve(
  host: Host,
  to: string,
  { suggestions }: Asked,
  { account }: EasCall,
): Promise<Resolved> {
  // One more than is told: that is how to know that there are more.
  const limit = Math.max(suggestions, 1) + 1;
  const all = new Map<string, DirectoryEntry>();
  for (const one of to === "" ? [] : host.all(directory)) {
    for (const entry of await one.find(to, limit, account)) {
      all.set(entry.address.toLowerCase(), entry);
    }
  }
  // Whoever is named by the whole address is meant, however many others look alike.
  const exact = all.get(to.toLowerCase());
  const people = exact ? [exact] : [...all.values()];
  const count = people.length;
  if (count === 0) return { to, status: nobody, people, count };
  if (count === 1) return { to, status: found, people, count };
  const told = people.slice(0, suggestions);
  return { to, status: told.length < count ? partial : ambiguous, people: told, count };
}

function response({ to, status, people, count }: Resolved, asked: Asked): Element {
  return el(
    "ResolveRecipients:Response",
    el("ResolveRecipients:To", to),
    el("ResolveRecipients:Status", status),
    el("ResolveRecipients:RecipientCount", count),
    ...people.map((person) => recipient(person, asked)),
  );
}

/** A person of the directory. Free times, certificates and pictures are kept nowhere yet. */
function recipient({ displayName, address }: DirectoryEntry, asked: Asked): Element {
  const status = (code: number) => el("ResolveRecipients:Status", code);
  return el(
    "ResolveRecipients:Recipient",
    el("ResolveRecipients:Type", 1),
    el("ResolveRecipients:DisplayName", displayName),
    el("ResolveRecipients:EmailAddress", address),
    asked.availability && el("ResolveRecipients:Availability", status(noAvailability)),
    asked.certificates &&
      el(
        "ResolveRecipients:Certificates",
        status(noCertificate),
        el("ResolveRecipients:CertificateCount", 0),
      ),
    asked.picture && el("ResolveRecipients:Picture", status(noPhoto)),
  );
}
