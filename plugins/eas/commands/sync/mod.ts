// Sync: items of folders, in both directions.
import type { Command } from "../../api.ts";
import type { Work } from "../work.ts";
import { readSync } from "./read.ts";
import type { Refusal, SyncRequest } from "./request.ts";
import { runSync, type SyncOutcome } from "./run.ts";
import { writeSync } from "./write.ts";

/** MS-ASCMD 2.2.1.21 */
export function sync(work: Work): Command<SyncRequest | Refusal, SyncOutcome> {
  return {
    name: "Sync",
    root: "AirSync:Sync",
    read: (call) => readSync(call, work.host.config.strict),
    run: (request, call) => runSync(work, request, call),
    write: (outcome, call) => writeSync(work, outcome, call),
  };
}
