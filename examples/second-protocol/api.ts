// The point that the postcard protocol opens: the only file that its guests import.
import { definePoint } from "../../core/mod.ts";

/** A stamp: what is put on a card on its way. */
export interface Stamp {
  /** Countries that it is for, as two letters; absent: all. */
  readonly countries?: readonly string[];
  print(card: string): string;
}

export const stamp = definePoint<Stamp>("postcard.stamp", "many", "What is put on cards");
