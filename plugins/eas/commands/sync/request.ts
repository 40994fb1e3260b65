// A Sync request as the engine takes it. What is not a command is plain data: it is kept as JSON.
import type { Element } from "../../api.ts";
import type { CollectionOptions } from "./options.ts";

/** What a device did to an item, or wants of it. */
export interface DeviceCommand {
  readonly kind: "add" | "change" | "delete" | "fetch";
  /** The ServerId; of an Add the ClientId. */
  readonly id: string;
  readonly data: Element | undefined;
  /** The draft is to be sent. MS-ASEMAIL 2.2.2.69 */
  readonly send: boolean;
}

/** The lasting part of a collection's request. */
export interface CollectionRequest {
  readonly id: string;
  readonly key: string;
  /** As sent; absent: changes are wanted, except with key 0. */
  readonly getChanges?: boolean;
  /** 1 to 512. */
  readonly window: number;
  readonly deletesAsMoves: boolean;
  /** Absent: those of the last time hold. */
  readonly options?: CollectionOptions;
  /** ConversationMode; absent: as the last time. */
  readonly conversations?: boolean;
}

/** A collection of this request: with the device's commands, or with what is wrong with it. */
export interface AskedCollection extends CollectionRequest {
  readonly commands: readonly DeviceCommand[];
  /** Its request breaks the protocol: only this collection is refused, with Status 4. */
  readonly malformed?: string;
}

/** How long a request may wait for changes, in the unit of the element that said so. */
export interface Patience {
  readonly unit: "minutes" | "seconds";
  readonly value: number;
}

/** What an answer says that ends the whole request. MS-ASCMD 2.2.3.177.17 */
export interface Refusal {
  readonly status: 4 | 5 | 12 | 13 | 14 | 15 | 16;
  readonly limit?: number;
}

export interface SyncRequest {
  readonly collections: readonly AskedCollection[];
  readonly patience?: Patience;
  /** For all collections together, 1 to 512. */
  readonly window: number;
  /** What is not said holds as in the last request: an empty body, or Partial. */
  readonly cached: boolean;
}

/** What stays of a request for those that lean on it. */
export type CachedRequest = Pick<SyncRequest, "patience" | "window"> & {
  readonly collections: readonly CollectionRequest[];
};

export const isRefusal = (value: object): value is Refusal => "status" in value;
