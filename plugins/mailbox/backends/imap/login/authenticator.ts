// Who somebody is whose mail lies at an IMAP server: that server tells, by letting them log in.
import {
  type Account,
  type Accounts,
  type Authenticator,
  CliError,
  type Credentials,
  type Log,
  type PasswordKeeper,
} from "../../../../../core/mod.ts";
import type { Keyring, Secret } from "./keyring.ts";
import type { PasswordChecks } from "./password_checks.ts";
import type { Seals } from "./seals.ts";
import { atServer, type Server } from "../servers/server.ts";
import type { Residence } from "../servers/servers.ts";

export interface AuthenticatorParts {
  readonly residence: Residence;
  readonly accounts: () => Accounts;
  readonly checks: PasswordChecks;
  readonly keyring: Keyring;
  readonly seals: Seals;
  readonly log: Log;
  /** Told when an account can be acted for again, after nobody had logged in for a while. */
  readonly returned: (account: Account) => Promise<void>;
}

/** Whom a name means: at which server, by which main address, and the account if there is one yet. */
interface Meant {
  readonly server: Server;
  readonly address: string;
  readonly account: Account | undefined;
}

/**
 * The authenticator of everybody whose mail lies at a server; it claims them, so that no password of
 * this server's own lets them in. What it has checked goes into the keyring.
 */
export function imapAuthenticator(parts: AuthenticatorParts): Authenticator {
  // Whoever is asked about a login is asked to check it next.
  const logins = new WeakMap<Credentials, Promise<Meant | undefined>>();
  const authenticate = async (who: Credentials) => {
    const meant = await (logins.get(who) ?? whoIsMeant(parts, who.user));
    return meant && await authenticated(parts, meant, who);
  };
  return Object.assign(authenticate, {
    async claims(who: Credentials) {
      const meant = whoIsMeant(parts, who.user);
      logins.set(who, meant);
      return await meant !== undefined;
    },
  });
}

/** An account that exists wins; else whose address it is, or could be with the only domain. */
async function whoIsMeant(
  { residence, accounts }: AuthenticatorParts,
  user: string,
): Promise<Meant | undefined> {
  const account = await accounts().meant(user);
  const names = account ? [account.address] : addressesIn(user, residence.onlyDomain);
  for (const address of names) {
    const server = residence.serverOf(address);
    if (server) return { server, address, account };
  }
  return undefined;
}

/** The addresses that `anna@example.org`, `anna`, `example.org\anna` or `EXAMPLE\anna` can mean. */
function addressesIn(user: string, onlyDomain: string | undefined): string[] {
  const typed = user.trim().normalize("NFC").toLowerCase();
  const at = typed.lastIndexOf("\\");
  const domain = typed.slice(0, Math.max(at, 0));
  const name = typed.slice(at + 1);
  if (name === "" || name.includes("@")) return name === "" ? [] : [name];
  return [
    // The short name of a Windows domain says nothing about addresses.
    ...(domain.includes(".") ? [`${name}@${domain}`] : []),
    ...(onlyDomain === undefined ? [] : [`${name}@${onlyDomain}`]),
  ];
}

async function authenticated(
  parts: AuthenticatorParts,
  { server, address, account }: Meant,
  who: Credentials,
): Promise<Account | undefined> {
  const { checks, keyring, log } = parts;
  if (!account && !server.config.provision) {
    log.info({ user: who.user }, "Login refused: there is no such account here, and none is made");
    return undefined;
  }
  const shown = account && server.config.appPasswords
    ? await parts.accounts().useAppPassword(account.id, who)
    : undefined;
  const secret = shown === undefined
    ? { reveal: () => who.password }
    : await parts.seals.open(account!, { id: shown, password: who.password });
  if (!secret) return undefined;
  if (!await checks.check({ server, address, secret })) {
    if (shown !== undefined) {
      log.warn(
        { user: who.user, appPassword: shown },
        "The password that is sealed by an app password is not right any more: make a new one",
      );
    }
    return undefined;
  }
  const known = account ?? await provisioned(parts, address);
  if (known.disabled) return known;
  const returns = keyring.get(known) === undefined;
  keyring.put(known, secret);
  if (returns) await parts.returned(known);
  return known;
}

/** Makes the account at its first login, without a password of its own. */
async function provisioned({ accounts, log }: AuthenticatorParts, address: string) {
  try {
    const account = await accounts().add({ address });
    log.info({ account: account.address }, "An account was made at its first login");
    return account;
  } catch (error) {
    // Two devices come for the first time at once.
    const account = error instanceof RangeError ? await accounts().find(address) : undefined;
    if (account) return account;
    throw error;
  }
}

/** What `user` and `app-password` are told about these accounts. */
export function imapPasswordKeeper(
  { residence, checks, seals }: Pick<AuthenticatorParts, "residence" | "checks" | "seals">,
): PasswordKeeper {
  return {
    welcome: residence.servers.filter(({ config }) => config.provision)
      .flatMap(({ config: { domains, accounts } }) => [...domains, ...accounts]),
    keeps(address) {
      const server = residence.serverOf(address);
      return server && atServer(server);
    },
    async readyAppPassword(account, ask) {
      const { address } = account;
      const server = residence.serverOf(address)!;
      const cannot = `Cannot make an app password for ${address}`;
      if (!server.config.appPasswords) {
        throw new CliError(
          `${cannot}: its password is the one ${
            atServer(server)
          }, and for that server app passwords ` +
            `are off. Each would keep that password, sealed. To allow it: ` +
            `mailbox.imap.${server.name}.appPasswords = true`,
        );
      }
      const password = await ask();
      const secret: Secret = { reveal: () => password };
      const fits = await checks.check({ server, address, secret }).catch((error) => {
        throw new CliError(`${cannot}: ${(error as Error).message}`);
      });
      if (!fits) throw new CliError(`${cannot}: this is not its password ${atServer(server)}`);
      return (made) => seals.put(account, made, secret);
    },
  };
}
