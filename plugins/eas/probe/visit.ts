// What the steps of one visit share.
import type { Clock } from "../../../core/mod.ts";
import type { EasClient, Phone } from "../client/mod.ts";

export interface Visit {
  readonly client: EasClient;
  readonly phone: Phone;
  readonly clock: Clock;
  readonly user: string;
  /** The commands that the server offers. */
  readonly commands: readonly string[];
  /** Seconds that a Ping is held. */
  readonly wait: number;
  /** The user's own addresses, once they are known. */
  addresses: readonly string[];
}

/** Of a number and a noun: `1 folder`, `2 folders`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Bytes for people. */
export function size(bytes: number): string {
  if (bytes < 1024) return count(bytes, "byte");
  const [unit, divisor] = bytes < 1024 * 1024 ? ["KB", 1024] : ["MB", 1024 * 1024];
  return `${(bytes / (divisor as number)).toFixed(1)} ${unit}`;
}
