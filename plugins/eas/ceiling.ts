// How new a protocol version a client is offered: by the server, by the kind of client, by the account.
import type { Clock, Database } from "../../core/mod.ts";
import { atLeast, type Version } from "./api.ts";
import { parseVersion } from "./versions.ts";

/** What is known of a client before its request is worked on. */
export interface ClientTraits {
  /** Its DeviceType; OPTIONS names none, then those of the account's devices that it may be. */
  readonly types: readonly string[];
  readonly userAgent: string;
}

/** A ceiling for a kind of client: `*` stands for any text, letters match in either case. */
export interface ClientCeiling {
  readonly pattern: string;
  readonly version: Version;
}

/** Reads `pattern version`; undefined where the text is not of that form. */
export function parseClientCeiling(text: string): ClientCeiling | undefined {
  const [, pattern, name] = /^\s*(\S.*?)\s+(\S+)\s*$/.exec(text) ?? [];
  const version = parseVersion(name ?? "");
  return pattern !== undefined && version !== undefined ? { pattern, version } : undefined;
}

/** Whether a client is of that kind: its whole DeviceType or its whole User-Agent fits. */
export function fits(pattern: string, { types, userAgent }: ClientTraits): boolean {
  const words = pattern.split("*").map((word) => word.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  const whole = new RegExp(`^${words.join(".*")}$`, "is");
  return [...types, userAgent].some((text) => text !== "" && whole.test(text));
}

/** The lowest of the ceilings that hold for a client. */
export function lowestCeiling(
  max: Version,
  clients: readonly string[],
  account: Version | undefined,
  traits: ClientTraits,
): Version {
  const kinds = clients.flatMap((text) => parseClientCeiling(text) ?? [])
    .filter(({ pattern }) => fits(pattern, traits)).map(({ version }) => version);
  const all = account === undefined ? kinds : [...kinds, account];
  return all.reduce((low, one) => atLeast(low, one) ? one : low, max);
}

/** The ceilings of accounts. */
export interface AccountCeilings {
  /** As of a few seconds ago: another process may just have changed it. */
  of(account: number): Promise<Version | undefined>;
  /** Undefined takes it away. */
  set(account: number, version: Version | undefined): Promise<void>;
}

/** Accounts with a ceiling are few: all of them are read now and then, and not one by one. */
const freshFor = 5000;

/** The table `eas_ceiling`. */
export function accountCeilings(db: Database, clock: Clock): AccountCeilings {
  let known: { readonly at: number; readonly rows: Promise<ReadonlyMap<number, Version>> };
  const read = async () => {
    const rows = await db.all<{ account: number; version: string }>(
      "SELECT account, version FROM eas_ceiling",
    );
    return new Map(rows.flatMap(({ account, version }) => {
      const parsed = parseVersion(version);
      return parsed ? [[account, parsed] as const] : [];
    }));
  };
  const refresh = () => {
    const rows = read();
    known = { at: clock.now(), rows };
    // What failed is not remembered.
    rows.catch(() => known = { ...known, at: -Infinity });
    return rows;
  };
  return {
    async of(account) {
      const old = known === undefined || clock.now() - known.at >= freshFor;
      return (await (old ? refresh() : known.rows)).get(account);
    },
    async set(account, version) {
      if (version === undefined) {
        await db.run("DELETE FROM eas_ceiling WHERE account = ?", [account]);
      } else {
        await db.run(
          "INSERT INTO eas_ceiling (account, version) VALUES (?, ?) " +
            "ON CONFLICT DO UPDATE SET version = excluded.version",
          [account, version],
        );
      }
      await refresh();
    },
  };
}
