// The IMAP servers of the configuration, and whose mail lies at which of them.
import * as v from "valibot";
import { domainOf, normalAddress, normalDomain } from "../../../address.ts";
import { issuePath } from "../../../options.ts";
import { type Server, type ServerConfig, serverConfig } from "./server.ts";

/** Ids of backends that are no servers. */
const otherBackends = ["local", "memory"];

const name = v.pipe(
  v.string("a text"),
  v.check(
    (name) => !otherBackends.includes(name),
    "a name that is no backend already. Fix: choose another name",
  ),
  v.description(
    "Mail that lies at an IMAP server: one table for each, under a name of your choice. This " +
      "server keeps no copy of it",
  ),
  v.examples(["home"]),
);

/** The section `[mailbox.imap]`: a table for each server. */
export const serversConfig = v.pipe(
  v.record(name, serverConfig),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [name, key, wanted] of twice(dataset.value)) {
      const message = `${wanted}. Fix: remove it from one of the two`;
      addIssue({ message, path: issuePath(dataset.value, [name, key]) });
    }
  }),
);

/** What two servers claim. */
function twice(
  servers: Readonly<Record<string, ServerConfig>>,
): [name: string, key: "domains" | "accounts", wanted: string][] {
  const owners = new Map<string, string>();
  const problems: [string, "domains" | "accounts", string][] = [];
  for (const [name, config] of Object.entries(servers)) {
    for (const key of ["domains", "accounts"] as const) {
      for (const text of config[key]) {
        const claimed = key === "domains" ? normalDomain(text) : plainAddress(text);
        if (claimed === undefined) continue;
        const owner = owners.get(claimed) ?? name;
        owners.set(claimed, owner);
        if (owner === name) continue;
        const what = key === "domains" ? "domains" : "addresses";
        problems.push([name, key, `${what} of this server only: "${owner}" has ${claimed} too`]);
      }
    }
  }
  return problems;
}

/** Which backend keeps whose mail; nothing of it is asked of any server. */
export interface Residence {
  /** The server where the mail of an address lies; undefined: not at any of them. */
  serverOf(address: string): Server | undefined;
  /** The server that names the address or its domain; not the one of everybody else. */
  claimant(address: string): Server | undefined;
  /** The id of the backend of an address. */
  backendOf(address: string): string;
  readonly servers: readonly Server[];
  /** All domains that servers have, in lower case and ASCII. */
  readonly domains: readonly string[];
  /** The domain that a user without one means, where the servers have just one together. */
  readonly onlyDomain: string | undefined;
}

export interface ResidenceConfig {
  /** The backend of everybody else. */
  readonly backend: string;
  readonly imap: Readonly<Record<string, ServerConfig>>;
  /** Addresses whose mail is in the local store whatever a server claims. */
  readonly local: readonly string[];
}

/** Reads the claims once. Addresses come before domains, and `local` before both. */
export function residence(config: ResidenceConfig): Residence {
  const servers = Object.entries(config.imap).map(([name, config]) => ({ name, config }));
  const addresses = new Map<string, Server | undefined>();
  const domains = new Map<string, Server>();
  for (const server of servers) {
    for (const address of server.config.accounts) addresses.set(plainAddress(address)!, server);
    for (const domain of server.config.domains) domains.set(normalDomain(domain)!, server);
  }
  for (const address of config.local) addresses.set(plainAddress(address)!, undefined);
  const everybodyElse = servers.find(({ name }) => name === config.backend);
  const claimed = (address: string, otherwise: Server | undefined): Server | undefined => {
    const plain = plainAddress(address);
    if (plain === undefined) return undefined;
    if (addresses.has(plain)) return addresses.get(plain);
    return domains.get(domainOf(plain)) ?? otherwise;
  };
  const serverOf = (address: string) => claimed(address, everybodyElse);
  return {
    servers,
    domains: [...domains.keys()],
    serverOf,
    claimant: (address) => claimed(address, undefined),
    backendOf(address) {
      const server = serverOf(address);
      if (server) return server.name;
      // `local` takes an address away from a server that has everybody else, too.
      return everybodyElse ? "local" : config.backend;
    },
    onlyDomain: domains.size === 1 ? [...domains.keys()][0] : undefined,
  };
}

/** An address in the form in which claims are compared. */
function plainAddress(address: string): string | undefined {
  return normalAddress(address)?.normalize("NFC").toLowerCase();
}
