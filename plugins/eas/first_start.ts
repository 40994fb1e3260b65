// The first start: the probe visits this server and shows what a phone would see.
import type { Host, Started } from "../../core/mod.ts";
import { formatReport, type ProbeReport, runProbe } from "./probe/mod.ts";

/** What `runProbe` does; tests put another in its place. */
export type Probe = (
  options: { readonly url: string; readonly user: string; readonly password: string },
) => Promise<ProbeReport>;

/** Shows a person who has just started this for the first time that it works; later it is silent. */
export async function showFirstVisit(
  host: Host,
  { first, url, print }: Started,
  probe: Probe = runProbe,
): Promise<void> {
  if (first === undefined) return;
  try {
    const { account, password } = first;
    const report = await probe({ url, user: account.address, password });
    print("");
    print(formatReport(report));
  } catch (error) {
    host.log.error({ err: error }, "the probe of the first start failed");
    print("The probe could not look at this server: see the log");
  }
}
