// What the commands of the sync engine share: its memory, one lock and one wait for each device.
import { LRUCache } from "lru-cache";
import type { Host } from "../../../core/mod.ts";
import { type DeviceRef, type EasCall, syncState } from "../api.ts";
import type { EasConfig } from "../config.ts";
import { Busy, type DeviceLock, deviceLock } from "../device_lock.ts";
import { plainState } from "../plain_state.ts";
import { problemList, type Problems } from "../problems.ts";
import { type Sent, sentJournal } from "../sent.ts";
import type { SyncState } from "../sync_state.ts";
import { deviceWaits, type Waits } from "../waiting.ts";
import { type AddRates, addRates } from "./sync/add_rates.ts";

/** What slowed a device down: fewer items, a stub, a folder that pauses. */
export type BrakeKind = "window" | "stub" | "adds";

export interface Work {
  readonly host: Host<EasConfig>;
  readonly lock: DeviceLock;
  readonly waits: Waits;
  /** Items whose content broke off while it was sent, with the reason: they go out as stubs. */
  readonly broken: LRUCache<string, string>;
  /** Drafts that were sent. */
  readonly sent: Sent;
  readonly addRates: AddRates;
  /** What the administrator should know. */
  readonly problems: Problems;
  /** Told of each brake that was put on a device, for the metrics. */
  readonly braked: (kind: BrakeKind) => void;
  /** Read when it is used: points are not filled yet while plugins contribute. */
  readonly state: SyncState;
}

/** One for all commands of a host. */
export function syncWork(
  host: Host<EasConfig>,
  braked: (kind: BrakeKind) => void = () => {},
): Work {
  const plain = plainState(host.db);
  return {
    host,
    lock: deviceLock(host.clock),
    waits: deviceWaits(host.clock),
    broken: new LRUCache({ max: 1000 }),
    sent: sentJournal(host.db),
    addRates: addRates(host.config.maxAlikeAdds),
    problems: problemList(host.db, host.clock),
    braked,
    get state() {
      return host.all(syncState)[0] ?? plain;
    },
  };
}

/**
 * Looks while no other request of the device is at work. A folder that the device itself is making
 * wakes its own wait at once; only when that request has noted what the device has now can be seen
 * that there is nothing to tell.
 */
export async function atRest<R>(work: Work, call: EasCall, look: () => Promise<R>): Promise<R> {
  try {
    return await work.lock.run(deviceOf(call), call.signal, look);
  } catch (error) {
    if (error instanceof Busy) return await look();
    throw error;
  }
}

/** The device of a call, as the engine's memory knows it. */
export function deviceOf({ account, device }: EasCall): DeviceRef {
  return { account: account.id, device: device.id };
}
