// What a device of the play asks of every folder.
import type { PhoneOptions } from "../../plugins/eas/client/mod.ts";
import { atLeast } from "../../plugins/eas/versions.ts";
import type { DeviceSetup } from "./scenario.ts";

/** FilterType by days. */
const filters = new Map([[0, 0], [1, 1], [3, 2], [7, 3], [14, 4], [30, 5]]);

/** As its days and its window are at each request. */
export function habits(
  device: { readonly setup: DeviceSetup; readonly days: number; readonly window: number },
): PhoneOptions {
  const { conflict, truncation, version, deletesAsMoves, whole } = device.setup;
  const bodies = [{ type: 1 as const, truncationSize: truncation }];
  const text = atLeast(version, "12.0") ? { bodies } : { truncation: 1 };
  return {
    deletesAsMoves,
    ...(whole && { conversationMode: true }),
    get windowSize() {
      return device.window;
    },
    get options() {
      return { filter: filters.get(device.days)!, conflict, ...text };
    },
  };
}
