// What is told where there is no account yet.
import type { Host } from "./plugin.ts";
import { passwordKeeper } from "./points.ts";

/** How accounts come into being here: some need nobody to make them. */
export function nobodyYet(host: Pick<Host, "all">): string {
  const welcome = host.all(passwordKeeper).flatMap(({ welcome = [] }) => welcome);
  return welcome.length === 0
    ? "There are no accounts yet: navette user add ADDRESS"
    : `There are no accounts yet. Those of ${welcome.join(", ")} are made at their first login; ` +
      "others by: navette user add ADDRESS";
}
