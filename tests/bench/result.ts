// What a benchmark says: one figure, always a ratio measured in the same run.

/** One row of `deno task bench`. */
export interface BenchResult {
  readonly name: string;
  /** What was measured, divided by what it is compared with, unless `unit` says otherwise. */
  readonly ratio: number;
  /** The largest ratio that is good enough. */
  readonly limit: number;
  /** Given where the figure is no ratio: `ms`, … */
  readonly unit?: string;
  /** The measured times behind the ratio, for people. */
  readonly detail: string;
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** The figure below which this part of all figures lies: 0.99 of them, for a p99. */
export function quantile(figures: readonly number[], part: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? NaN;
}
