// What OPTIONS offers: the versions and the commands that really work here.
import { type AnyCommand, atLeast, Status, type Version, versions } from "./api.ts";
import type { RawQuery } from "./query.ts";

/** Versions and commands as headers. MS-ASHTTP 2.2.2.1.2 */
export interface Offer {
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
    .filter(({ since }) => since === undefined || atLeast(max, since))
    .map(({ name }) => name);
  const headers = {
    "MS-ASProtocolVersions": spoken.join(","),
    "MS-ASProtocolCommands": names.join(","),
  };
  return {
    headers,
    text: `${spoken.join(",")} ${names.toSorted().join(",")}`,
    // MS-ASHTTP 2.2.2.1.1.10
    renewal: { ...headers, "X-MS-RP": spoken.join(",") },
  };
}

/** Whether whoever speaks this version, known here or not, reads common status codes. */
export function readsStatus(version: string | undefined): boolean {
  return Number.parseFloat(version ?? "0") >= 14;
}

/** What a query or a header says the version is; undefined where neither does. */
export function namedVersion(query: RawQuery, header: string | null): string | undefined {
  return query.version ?? (header?.trim() || undefined);
}

/** The version to speak. Throws Status 138; where none is named, 1.0 is meant. */
// MS-ASHTTP 2.2.1.1.2.6
export function agreedVersion(named: string | undefined, max: Version): Version {
  const version = versions.find((known) => known === named);
  if (version !== undefined && atLeast(max, version)) return version;
  const http = named === undefined || named === "1.0" ? 505 : 400;
  throw new Status(138, `version ${named ?? "1.0"} is not spoken here`, { http });
}
