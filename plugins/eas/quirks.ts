// What single clients need that would be wrong for others: one row each. Behaviour that is good for
// all clients is not here but in the code; so is nothing that a client can be spared.
import type { Device } from "./api.ts";

/** What a client is recognised by. */
export type Traits = Pick<Device, "id" | "type" | "userAgent" | "model" | "os">;

export interface Quirk {
  /** Which clients, in words. */
  readonly client: string;
  readonly recognise: (client: Traits) => boolean;
  /** What it does that others do not. */
  readonly behaviour: string;
  /** What is done about it. */
  readonly remedy: string;
  /** Who has seen it. */
  readonly source: string;
  /** The conversation in `tests/wire` that shows it, without `.txt`. */
  readonly conversation: string;
}

/** All of them, by the name that the code asks for. */
export const quirks = {
  keepsMovedItems: {
    client: "Outlook for Windows, 2013 and later",
    recognise: ({ type }) => type === "WindowsOutlook15",
    behaviour: "keeps the mail that it moved under the new id, and shows it twice after an Add",
    remedy: "the Sync of the destination does not add what the device itself moved there",
    source: "SOGo #2650; Horde ActiveSync State/Base",
    conversation: "quirk_outlook_move",
  },
} as const satisfies Readonly<Record<string, Quirk>>;

export type QuirkName = keyof typeof quirks;

/** Whether a client has a quirk. */
export function hasQuirk(client: Traits, name: QuirkName): boolean {
  return quirks[name].recognise(client);
}
