// The steps of a visit: each measured, told as soon as it is known, its failure explained.
import type { Clock } from "../../../core/mod.ts";
import { explain } from "./explain.ts";
import type { ProbeFolder, ProbeStep } from "./report.ts";

/** What a step has to say that did not fail. Failing: throw, best a `StepFailed`. */
export interface Outcome {
  readonly detail: string;
  readonly outcome?: "ok" | "warning" | "skipped";
  readonly fix?: string;
  readonly folder?: ProbeFolder;
}

export class Steps {
  readonly done: ProbeStep[] = [];
  private readonly clock: Clock;
  private readonly endpoint: string;
  private readonly tell: (step: ProbeStep) => void;

  constructor(clock: Clock, endpoint: string, tell: (step: ProbeStep) => void) {
    this.clock = clock;
    this.endpoint = endpoint;
    this.tell = tell;
  }

  /** Runs a step; gives whether it did not fail. Never rejects. */
  async run(name: string, work: () => Promise<Outcome>): Promise<boolean> {
    const begun = this.clock.now();
    let result: Omit<ProbeStep, "name" | "ms">;
    try {
      result = { outcome: "ok", ...await work() };
    } catch (error) {
      const { problem, fix } = explain(error, this.endpoint);
      result = { outcome: "failed", detail: problem, fix };
    }
    const step: ProbeStep = { name, ms: this.clock.now() - begun, ...result };
    this.done.push(step);
    this.tell(step);
    return step.outcome !== "failed";
  }
}
