// How long the probe waits for an answer.
import type { Clock } from "../../../core/mod.ts";
import type { Fetch } from "../client/mod.ts";
import { TooSlow } from "./explain.ts";

/** Seconds after which phones give up a request that is not held. */
const patience = 60;

/** Ends requests that take too long. Ping is spared: who sends it knows how long it may take. */
export function patient(fetch: Fetch, clock: Clock): Fetch {
  return async (request) => {
    if (new URL(request.url).searchParams.get("Cmd") === "Ping") return await fetch(request);
    const late = new AbortController();
    const failed = Promise.withResolvers<never>();
    const cancel = clock.after(patience * 1000, () => {
      const error = new TooSlow(patience);
      failed.reject(error);
      late.abort(error);
    });
    const signal = AbortSignal.any([request.signal, late.signal]);
    try {
      return await Promise.race([fetch(new Request(request, { signal })), failed.promise]);
    } finally {
      cancel();
    }
  };
}
