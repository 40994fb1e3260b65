// What a server's refusals and a connection's troubles mean in the words of the mailbox port.
import type { ImapFlow } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import { NotFound, Refused } from "../../../api.ts";
import { codeOf } from "./raw.ts";

/** What imapflow's errors carry. They also quote commands, which go nowhere from here. */
interface FlowError extends Error {
  readonly code?: string;
  readonly responseStatus?: string;
  readonly responseText?: string;
  readonly response?: unknown;
  readonly serverResponseCode?: string;
  readonly mailboxMissing?: boolean;
  /** What the server said when it closed the connection. */
  readonly reason?: string;
  /** Milliseconds. */
  readonly throttleReset?: number;
}

type Meaning = Refused["reason"] | "missing" | "away";

/** Response codes: RFC 3501, 4315, 5530, 7889, 9051. */
const byCode: Readonly<Record<string, Meaning>> = {
  NONEXISTENT: "missing",
  TRYCREATE: "missing",
  ALREADYEXISTS: "exists",
  NOPERM: "readonly",
  "READ-ONLY": "readonly",
  OVERQUOTA: "quota",
  TOOBIG: "tooLarge",
  LIMIT: "other",
  CANNOT: "other",
  HASCHILDREN: "other",
  BADCHARSET: "other",
  "UNKNOWN-CTE": "other",
  NOTSAVED: "other",
  INUSE: "away",
  UNAVAILABLE: "away",
  SERVERBUG: "away",
  CORRUPTION: "away",
  CONTACTADMIN: "away",
  CLIENTBUG: "away",
  EXPUNGEISSUED: "away",
  AUTHENTICATIONFAILED: "away",
  AUTHORIZATIONFAILED: "away",
  EXPIRED: "away",
  PRIVACYREQUIRED: "away",
};

/** The words of servers that know no codes. */
const byWords: readonly (readonly [RegExp, Meaning])[] = [
  [/already exists/i, "exists"],
  [/(does ?n[o']t|not) exist|no such (mailbox|folder)|unknown mailbox|not found/i, "missing"],
  [/quota/i, "quota"],
  [/too (large|big)|size limit|exceeds .*size/i, "tooLarge"],
  [/read-?only|permission|access denied|not allowed|not permitted/i, "readonly"],
  [/temporar|try again|later|internal|timed? ?out|in use|locked|i\/o error/i, "away"],
];

/**
 * The port's error for whatever came out of a connection; `doing` completes "Cannot …". The port's
 * own errors stay as they are.
 */
export function portError(error: unknown, doing: string): Error {
  if (isPorts(error)) return error;
  const trouble = (error instanceof Error ? error : new Error(String(error))) as FlowError;
  const message = `Cannot ${doing}: ${sayWhat(trouble)}`;
  const meaning = meaningOf(trouble);
  if (meaning === "missing") return new NotFound(message);
  if (meaning === "away") return new Unavailable(message, waitFor(trouble));
  if (meaning) return new Refused(meaning, message);
  return trouble;
}

function isPorts(error: unknown): error is Error {
  return error instanceof Unavailable || error instanceof NotFound || error instanceof Refused ||
    // Forgotten, WrongPassword and what else other parts of the backend throw on purpose.
    (error instanceof Error && error.name !== "Error" && !("responseStatus" in error) &&
      !("code" in error));
}

/** undefined: a mistake of this program. */
function meaningOf(error: FlowError): Meaning | undefined {
  if (error.mailboxMissing || error.code === "NotFound") return "missing";
  if (error.code === "ETHROTTLE") return "away";
  const code = refusalCode(error);
  if (code && byCode[code]) return byCode[code];
  if (error.responseStatus === "NO") {
    const said = error.responseText ?? "";
    return byWords.find(([pattern]) => pattern.test(said))?.[1] ?? "other";
  }
  // A server that does not understand us: nothing that a device did.
  if (error.responseStatus !== undefined) return "away";
  return typeof error.code === "string" ? "away" : undefined;
}

/** The response code of a refusal, in capitals: `NO [UNAVAILABLE] …`. */
export function refusalCode(error: unknown): string | undefined {
  const { serverResponseCode, response } = (error ?? {}) as Partial<FlowError>;
  return serverResponseCode?.toUpperCase() ?? codeOf(response);
}

/**
 * RFC 5530: the server has found a fault of its own. A session whose folder was restored under it
 * answers so to everything from then on (Dovecot), where another one finds all in order.
 */
export function hasLostItsWay(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = refusalCode(error);
  return code === "SERVERBUG" || code === "CORRUPTION" || hasLostItsWay(error.cause);
}

/** The server's words, made fit for a log line. */
function sayWhat({ responseText, reason, message, code }: FlowError): string {
  const said = responseText || reason || message || code || "unknown trouble";
  // deno-lint-ignore no-control-regex
  return said.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").trim().slice(0, 200);
}

function waitFor({ throttleReset }: FlowError): number | undefined {
  return throttleReset === undefined ? undefined : Math.ceil(throttleReset / 1000);
}

/** The connection is of no use any more. */
export function isBroken(client: ImapFlow): boolean {
  return !client.usable || client.isClosed;
}

/** A login was refused because there are too many connections already. */
export function isCrowded(error: unknown): boolean {
  return error instanceof Error && error.name !== "WrongPassword" &&
    /too many|\[?limit\]?|maximum (number|of)|exceeded/i.test(error.message);
}

/** The server has understood and will not do it, or did not understand; the connection lives on. */
export function isRefusal(error: unknown): boolean {
  const status = (error as FlowError | undefined)?.responseStatus;
  return status === "NO" || status === "BAD";
}
