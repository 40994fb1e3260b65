// Basic authentication, and what a device is told that may not enter.
import { type Account, type Login, Unavailable } from "../../core/mod.ts";

/** What an Authorization header holds. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Reads a Basic header; undefined where it is none. Phones send UTF-8, Outlook on the desktop
 * ISO-8859-1: what is not UTF-8 is read as that.
 */
// RFC 7617; MS-ASHTTP 2.2.1.1.2.1
export function parseBasic(header: string | null): BasicCredentials | undefined {
  const token = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header ?? "")?.[1];
  if (token === undefined) return undefined;
  let binary: string;
  try {
    binary = atob(token);
  } catch {
    return undefined;
  }
  const text = decoded(binary);
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decoded(latin1: string): string {
  const bytes = Uint8Array.from(latin1, (char) => char.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1;
  }
}

/** An HTTP answer in place of an account. */
export interface Barred {
  readonly http: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The account of a request, or what to answer. Too many failures and an unreachable directory are
 * 503, never 401: on a 401 phones ask for the password, and people type the right one in vain.
 */
export async function authenticate(
  login: Login,
  header: string | null,
  who: {
    readonly client: string | undefined;
    readonly inquiry: boolean;
    readonly remote: string;
  },
): Promise<{ readonly account: Account } | Barred> {
  const basic = parseBasic(header);
  if (basic === undefined) return challenge;
  const { client, ...where } = who;
  try {
    const result = await login({ ...basic, ...(client && { client }), ...where });
    if (result.ok) return { account: result.account };
    if (result.reason === "limited") return later(result.retryAfter);
    return result.reason === "disabled" ? { http: 403, headers: {} } : challenge;
  } catch (error) {
    if (error instanceof Unavailable) return later(error.retryAfter);
    throw error;
  }
}

const challenge: Barred = {
  http: 401,
  headers: { "WWW-Authenticate": 'Basic realm="Navette"' },
};

function later(seconds: number): Barred {
  return { http: 503, headers: { "Retry-After": String(Math.max(1, Math.ceil(seconds))) } };
}
