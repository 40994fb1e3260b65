// The listeners for LMTP and SMTP as background work, and whether they run.
import { formatListen, type Health, parseListen, pause, type Task } from "../../../core/mod.ts";
import type { Clock } from "../../../core/mod.ts";
import { type ListenerOptions, listenForMail } from "./listener.ts";

export interface ListenerTask {
  readonly task: Task;
  readonly health: () => Promise<Health>;
}

// The port may be held by the server that this one follows.
const tryAgain = 10_000;

/** A listener at `listen` (`host:port`) that runs while the server does. */
export function listenerTask(
  listen: string,
  clock: Clock,
  options: () => Omit<ListenerOptions, "hostname" | "port">,
  protocol: "lmtp" | "smtp",
): ListenerTask {
  const address = parseListen(listen)!; // the configuration has seen that it is one
  let trouble: string | undefined = "not started yet";
  return {
    task: {
      name: protocol,
      async run(signal) {
        const { log } = options();
        while (!signal.aborted) {
          try {
            const listener = await listenForMail({ ...options(), ...address });
            trouble = undefined;
            const at = formatListen({ ...address, port: listener.port });
            log.info({ protocol, listen: at }, "Mail can come in");
            await aborted(signal);
            return await listener.close();
          } catch (error) {
            trouble = `Cannot listen at ${listen}: ${(error as Error).message}`;
            log.error({ err: error, protocol, listen }, "Mail cannot come in");
            await pause(clock, tryAgain, signal);
          }
        }
      },
    },
    health: () =>
      Promise.resolve({
        name: protocol,
        ok: trouble === undefined,
        ...(trouble !== undefined && { detail: trouble }),
      }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
