// Whether something grows: samples over time, and the straight line through them.

export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

/**
 * How much the line of least squares through the later half of the samples rises over that half, as
 * a part of its height in the middle: 0.05 is growth by 5 %. The earlier half is for caches to fill.
 */
export function growth(samples: readonly Sample[]): number {
  const late = samples.slice(Math.floor(samples.length / 2));
  if (late.length < 3) throw new RangeError("Cannot judge growth by so few samples");
  const mean = (of: (sample: Sample) => number) =>
    late.reduce((sum, sample) => sum + of(sample), 0) / late.length;
  const at = mean((sample) => sample.at);
  const value = mean((sample) => sample.value);
  const both = mean((sample) => (sample.at - at) * (sample.value - value));
  const slope = both / mean((sample) => (sample.at - at) ** 2);
  return slope * (late.at(-1)!.at - late[0]!.at) / value;
}
