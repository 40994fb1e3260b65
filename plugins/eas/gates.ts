// Asks the gates, stage by stage. A gate that fails refuses: see the `catch` in dispatch.ts.
import { type EasCall, type Gate, refused, stages, type Status } from "./api.ts";

/** The first refusal, in the order of {@link stages}; undefined: the command may run. */
export async function refusal(
  gates: readonly Gate[],
  command: string,
  call: EasCall,
): Promise<Status | undefined> {
  for (const stage of stages) {
    for (const gate of gates) {
      if (gate.stage !== stage || gate.spares?.includes(command)) continue;
      const said = await gate.check(call);
      if (said === undefined) continue;
      const status = typeof said === "number" ? refused(said) : said;
      call.log.info({ stage, command, status: status.code }, "a gate refused");
      return status;
    }
  }
  return undefined;
}
