// What OPTIONS offers: the versions and the commands that really work here.
import { type AnyCommand, atLeast, Status, type Version, versions } from "./api.ts";
import type { RawQuery } from "./query.ts";

/** Versions and commands as headers. MS-ASHTTP 2.2.2.1.2 */
export interface Offer {
  /** The newest version in it. */
  readonly max: Version;
  readonly headers: Readonly<Record<string, string>>;
  /** Equal text: equal offer. */
  readonly text: string;
  /** Told to a device that has known another offer; it then asks OPTIONS again. */
  readonly renewal: Readonly<Record<string, string>>;
}

/** Offers `commands` in all versions up to `max`. */
export function offerOf(commands: readonly AnyCommand[], max: Version): Offer {
  const spoken = versions.filter((version) => atLeast(max, version));
  const names = commands
    .filter((one) => spoken.some((version) => hasCommand(version, one)))
    .map(({ name }) => name);
  const headers = {
    "MS-ASProtocolVersions": spoken.join(","),
    "MS-ASProtocolCommands": names.join(","),
  };
  return {
    max,
    headers,
    text: `${spoken.join(",")} ${names.toSorted().join(",")}`,
    // MS-ASHTTP 2.2.2.1.1.10
    renewal: { ...headers, "X-MS-RP": spoken.join(",") },
  };
}

/** Whether a version has a command. */
export function hasCommand(version: Version, { since, until }: AnyCommand): boolean {
  return (since === undefined || atLeast(version, since)) &&
    (until === undefined || atLeast(until, version));
}

/** Whether whoever speaks this version, known here or not, reads common status codes. */
export function readsStatus(version: string | undefined): boolean {
  return Number.parseFloat(version ?? "0") >= 14;
}

/** What a query or a header says the version is; undefined where neither does. */
export function namedVersion(query: RawQuery, header: string | null): string | undefined {
  return query.version ?? (header?.trim() || undefined);
}

/**
 * The version to speak. Throws Status 138. Where none is named the specification means 1.0; but who
 * still asks like that has been answered in 2.5 for twenty years, and reads it.
 */
// MS-ASHTTP 2.2.1.1.2.6
export function agreedVersion(query: RawQuery, header: string | null): Version {
  const named = namedVersion(query, header) ?? versions[0];
  const version = versions.find((known) => known === named);
  // The base64 encoding came with 12.1.
  const readable = version !== undefined && (!query.version || atLeast(version, "12.1"));
  if (readable) return version;
  const http = named === "1.0" ? 505 : 400;
  throw new Status(138, `version ${named} is not spoken here`, { http });
}
