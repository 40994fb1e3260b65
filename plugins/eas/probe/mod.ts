// The probe: acts as a phone and tells what it sees.
export { probeCommand } from "./command.ts";
export { type ProbeOptions, runProbe } from "./probe.ts";
export {
  formatReport,
  type ProbeFolder,
  type ProbeMessage,
  type ProbeReport,
  type ProbeStep,
  type ProbeVisit,
} from "./report.ts";
