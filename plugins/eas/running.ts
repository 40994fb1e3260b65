// The requests that are being worked on, so that a stopping server can answer those that wait.

/** One running request. */
export interface RunningCall {
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  end(): void;
}

export interface Running {
  /** Registers a request; `client` aborts when it goes away. */
  begin(client: AbortSignal): RunningCall;
  /** Aborts all that run, and all that begin from now on. */
  stop(): void;
  readonly count: number;
}

/**
 * One controller for each request, and not `AbortSignal.any` with one signal of the server: ten
 * thousand waiting phones would hang on that one for as long as it lives.
 */
export function runningCalls(): Running {
  const controllers = new Set<AbortController>();
  let stopped = false;
  return {
    begin(client) {
      const controller = new AbortController();
      const abort = () => controller.abort();
      if (stopped || client.aborted) abort();
      else client.addEventListener("abort", abort, { once: true });
      controllers.add(controller);
      return {
        signal: controller.signal,
        end() {
          client.removeEventListener("abort", abort);
          controllers.delete(controller);
        },
      };
    },
    stop() {
      stopped = true;
      for (const controller of controllers) controller.abort();
    },
    get count() {
      return controllers.size;
    },
  };
}
