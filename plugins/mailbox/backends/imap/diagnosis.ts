// What `doctor` says about each IMAP server.
import type { Finding } from "../../../../core/mod.ts";
import type { Residence } from "./servers.ts";
export function diagnoseServers(_residence: Residence): Promise<Finding[]> {
  return Promise.resolve([]);
}
