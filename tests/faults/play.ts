// Plays a scenario: devices and somebody else work on the same mail, and at each rest all must agree.
import { Ledger } from "./ledger.ts";
import { type Machine, machine, type MachineOptions } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";
import { Violation } from "./violation.ts";

export interface PlayOptions extends Pick<MachineOptions, "sabotage" | "plain"> {
  /** Whether devices may be told to start over; default: where the server is `plain`. */
  readonly mayStartOver?: boolean;
  /** What makes the server; default: one in this process. */
  readonly machine?: (options: MachineOptions) => Promise<Machine>;
  /** Looks at the server before it ends. */
  readonly last?: (server: Machine) => Promise<void>;
}

/** What went wrong, and at which operation. */
export interface Failure {
  readonly at: number;
  readonly message: string;
}

/** Plays; undefined where nothing went wrong. */
export async function play(
  scenario: Scenario,
  options: PlayOptions = {},
): Promise<Failure | undefined> {
  const ledger = new Ledger();
  const server = await (options.machine ?? machine)({
    accounts: scenario.accounts,
    tap: ledger.tap,
    ...(options.sabotage && { sabotage: options.sabotage }),
    ...(options.plain && { plain: true }),
  });
  const stage = new Stage(server, ledger, scenario);
  for (const device of stage.devices) {
    device.startsOver = options.mayStartOver ?? options.plain ?? false;
  }
  let at = 0;
  try {
    for (const op of scenario.ops) {
      await stage.perform(op);
      at++;
    }
    await options.last?.(server);
    return undefined;
  } catch (error) {
    return { at, message: told(error) };
  } finally {
    stage.devices.forEach((device) => device.hangUp());
    await server.end();
  }
}

function told(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
