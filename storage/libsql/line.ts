// The way to a libSQL server: time limits, patience, and its failures in the port's words.
import { setTimeout as wait } from "node:timers/promises";
import { type Client, createClient } from "@libsql/client/http";
import { StorageError } from "../../core/database.ts";
import { isBusy } from "../refusal.ts";
import { isRefused, remoteRefusal } from "./refusal.ts";

export interface LineOptions {
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long to wait for another client's transaction or for an unreachable server. */
  readonly patienceMs?: number;
}

/** A client of a server. */
export interface Line {
  readonly client: Client;
  /** Does `work` once; `what` is the verb of the message where it fails. */
  send<R>(what: string, work: () => Promise<R>): Promise<R>;
  /**
   * Does `work` again where the server did not do it: it was busy, or not there. What can be repeated
   * without harm is also done again where nobody knows.
   */
  patiently<R>(repeatable: boolean, work: () => Promise<R>): Promise<R>;
}

/** A line to `address`; nothing is sent yet. */
export function openLine(
  address: string,
  token: string | undefined,
  { timeoutMs = 30_000, patienceMs = 5000 }: LineOptions,
): Line {
  return {
    client: clientOf(address, token, timeoutMs),
    async send(what, work) {
      try {
        return await work();
      } catch (error) {
        throw remoteRefusal(error, what, address, token);
      }
    },
    async patiently(repeatable, work) {
      for (let waited = 0, pause = 20;; waited += pause, pause = Math.min(pause * 2, 500)) {
        try {
          return await work();
        } catch (error) {
          const lost = error instanceof StorageError && error.kind === "unreachable";
          const again = isBusy(error) || isRefused(error) || (repeatable && lost);
          if (!again || waited >= patienceMs) throw error;
        }
        await wait(pause); // real time whatever the clock: the server lives in it
      }
    },
  };
}

function clientOf(url: string, token: string | undefined, timeoutMs: number): Client {
  const limited = (request: Request) => fetch(request, { signal: AbortSignal.timeout(timeoutMs) });
  try {
    const authToken = token === undefined ? {} : { authToken: token };
    return createClient({ url, ...authToken, intMode: "bigint", fetch: limited });
  } catch (error) {
    throw remoteRefusal(error, "open", url, token);
  }
}
