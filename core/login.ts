// Login: asks every authenticator, under the limit on failures.
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { Account, Credentials, Login, LoginResult } from "./accounts.ts";
import type { Clock } from "./clock.ts";
import { Unavailable } from "./error.ts";
import { FailureLimit, type FailureLimits } from "./failure_limit.ts";
import type { Log } from "./log.ts";
import type { Authenticator } from "./points.ts";

export interface LoginOptions {
  readonly authenticators: () => readonly Authenticator[];
  readonly limits: FailureLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each outcome, for the metrics. */
  readonly count: (outcome: "ok" | "unavailable" | "wrong" | "disabled" | "limited") => void;
}

/**
 * One login after another for the same credentials: requests that come together with the same
 * password share one check, and different guesses that come together cannot outrun the limit.
 */
export function createLogin(options: LoginOptions): Login {
  const limit = new FailureLimit(options.limits, options.clock);
  const key = createSecretKey(randomBytes(32));
  const running = new Map<string, Promise<LoginResult>>();
  const pending = new Map<string, number>();
  return (who) => {
    const user = nameOf(who.user);
    const words = [user, who.password];
    // Failures are remembered for long, so that no guess is kept as it was; questions are gone when
    // they are answered, and nearly all succeed.
    const guess = () => createHmac("sha256", key).update(JSON.stringify(words)).digest("base64");
    const same = JSON.stringify([words, who.client ?? null, who.inquiry ?? false, who.remote]);
    const other = running.get(same);
    if (other) return other;
    const pair = `${who.remote} ${user}`;
    const ahead = pending.get(pair) ?? 0;
    pending.set(pair, ahead + 1);
    const result = attempt(options, limit, who, user, guess, ahead)
      .finally(() => {
        running.delete(same);
        const left = pending.get(pair)! - 1;
        if (left > 0) pending.set(pair, left);
        else pending.delete(pair);
      });
    running.set(same, result);
    return result;
  };
}

async function attempt(
  { authenticators, log, count }: LoginOptions,
  limit: FailureLimit,
  who: Credentials,
  user: string,
  guess: () => string,
  ahead: number,
): Promise<LoginResult> {
  const wait = limit.wait(user, who.remote, ahead);
  if (wait > 0) {
    count("limited");
    log.warn({ user: who.user, remote: who.remote }, "Login refused: too many failures");
    return { ok: false, reason: "limited", retryAfter: Math.ceil(wait / 1000) };
  }
  let account: Account | undefined;
  try {
    account = await ask(await claimants(authenticators(), who, log), who, log);
  } catch (error) {
    count("unavailable");
    // Whoever is asked words it for the operator; the client hears only that it has to wait.
    const reason = (error as Error).message;
    log.warn({ user: who.user, remote: who.remote, reason }, "Login has to wait");
    throw error;
  }
  if (!account) {
    limit.failed(user, who.remote, guess());
    count("wrong");
    log.warn({ user: who.user, remote: who.remote }, "Login failed");
    return { ok: false, reason: "wrong" };
  }
  limit.succeeded(user, who.remote);
  count(account.disabled ? "disabled" : "ok");
  if (!account.disabled) return { ok: true, account };
  log.warn({ user: who.user, remote: who.remote }, "Login refused: the account is disabled");
  return { ok: false, reason: "disabled" };
}

/** Those who claim this user; where nobody does, all. */
async function claimants(
  authenticators: readonly Authenticator[],
  who: Credentials,
  log: Log,
): Promise<readonly Authenticator[]> {
  const claiming: Authenticator[] = [];
  for (const authenticator of authenticators) {
    try {
      if (await authenticator.claims?.(who)) claiming.push(authenticator);
    } catch (error) {
      // Whoever cannot tell may be the only one to be asked.
      throw trouble(error, log);
    }
  }
  return claiming.length > 0 ? claiming : authenticators;
}

/** The first authenticator that knows them. One that cannot tell matters only if no other does. */
async function ask(
  authenticators: readonly Authenticator[],
  who: Credentials,
  log: Log,
): Promise<Account | undefined> {
  let first: Unavailable | undefined;
  for (const authenticate of authenticators) {
    try {
      const account = await authenticate(who);
      if (account) return account;
    } catch (error) {
      const reason = trouble(error, log);
      first ??= reason;
    }
  }
  if (first) throw first;
  return undefined;
}

function trouble(error: unknown, log: Log): Unavailable {
  if (error instanceof Unavailable) return error;
  log.error({ err: error }, "An authenticator failed");
  return new Unavailable("Cannot check the password now", 30, { cause: error });
}

/** The user as the limit counts it: however the domain was written. */
function nameOf(user: string): string {
  return user.trim().normalize("NFC").toLowerCase().replace(/^.*\\/, "");
}
