// Range: which of the results a device wants, counted from 0, both ends included.

export interface Range {
  readonly from: number;
  /** The last one; never below `from`. */
  readonly to: number;
}

/** What holds where the device does not say: some send none. */
const standard: Range = { from: 0, to: 99 };

/** Reads a Range of at most `most` results; undefined: it is none. */
// MS-ASCMD 2.2.3.143.3
export function readRange(text: string | undefined, most: number): Range | undefined {
  if (text === undefined || text.trim() === "") return standard;
  const match = /^\s*(\d{1,9})\s*-\s*(\d{1,9})\s*$/.exec(text);
  if (!match) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from <= to ? { from, to: Math.min(to, from + most - 1) } : undefined;
}

/** The Range of an answer with so many results; there always is one, also without any. */
export function rangeText({ from }: Range, results: number): string {
  return results === 0 ? "0-0" : `${from}-${from + results - 1}`;
}
