// What other plugins may use of EAS: commands, gates, the points, the state port.
import type { Account, Clock, Log } from "../../core/mod.ts";
import { defineEvent, definePoint } from "../../core/mod.ts";
import type { Mailbox } from "../mailbox/api.ts";
import type { Status } from "./status.ts";
import type { SyncState } from "./sync_state.ts";
import type { Version } from "./versions.ts";
import type { Element, Stream } from "./wbxml/element.ts";

export { refused, Status } from "./status.ts";
export { atLeast, type Version, versions } from "./versions.ts";
export { el, Element, Flow, Leaf, type Stream, type Tag } from "./wbxml/element.ts";
export * from "./sync_state.ts";

/** A device as the registry knows it. Times are milliseconds. */
export interface Device {
  readonly account: number;
  /** As the device sends it, 1 to 64 characters; with a base64 query its bytes as hex. */
  readonly id: string;
  readonly type: string;
  readonly userAgent: string;
  readonly model: string;
  readonly os: string;
  readonly friendlyName: string;
  readonly phoneNumber: string;
  readonly imei: string;
  readonly language: string;
  readonly operator: string;
  /** The protocol version of its last request. */
  readonly version: string;
  /** All that it has used so far, oldest first. */
  readonly versions: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly lastSync: number | undefined;
}

/** The parameters of a query, in whichever encoding they came. MS-ASHTTP 2.2.1.1.1 */
export interface Query {
  readonly command: string;
  readonly user: string | undefined;
  readonly deviceId: string;
  readonly deviceType: string;
  readonly version: Version;
  readonly policyKey: number | undefined;
  readonly collectionId: string | undefined;
  readonly itemId: string | undefined;
  readonly longId: string | undefined;
  readonly attachmentName: string | undefined;
  readonly occurrence: string | undefined;
  readonly saveInSent: boolean;
  readonly acceptMultiPart: boolean;
}

/** One request, after authentication, with its body decoded. */
export interface EasCall {
  readonly account: Account;
  readonly device: Device;
  readonly version: Version;
  readonly query: Query;
  /** The request's document; undefined where the body was empty or is not WBXML. */
  readonly document: Element | undefined;
  /** The body of a message/rfc822 request, bounded by the size limit. */
  readonly rfc822: Uint8Array | undefined;
  readonly mailbox: Mailbox;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** A body that is neither a document nor nothing. */
export interface RawAnswer {
  readonly contentType: string;
  readonly body: Stream | Uint8Array;
  /** Bytes of a streamed body, where they are known before: then Content-Length says it. */
  readonly length?: number;
}

/** A document, raw bytes, or an empty body. */
export type Answer = Element | RawAnswer | undefined;

/** An EAS command: read → run → write. Each step can be tested alone. */
export interface Command<Q, A> {
  /** The value of `Cmd`. */
  readonly name: string;
  /** The first version that has it; absent: all. */
  readonly since?: Version;
  /** The last version that has it; absent: all. */
  readonly until?: Version;
  /**
   * The root element of its document, where a status goes that ends it: `AirSync:Sync` … Absent:
   * it has no document.
   */
  readonly root?: Element["tag"];
  /** Turns the document into a request. Throws {@link Status}. No I/O. */
  read(call: EasCall): Q;
  /** Does the work. Throws {@link Status}. */
  run(request: Q, call: EasCall): Promise<A>;
  /** Turns the outcome into an answer. No I/O, except in the streams that it returns. */
  write(answer: A, call: EasCall): Answer;
}
// deno-lint-ignore no-explicit-any -- the registry does not look into requests and outcomes
export type AnyCommand = Command<any, any>;

/** The order in which gates are asked, in one place. */
export const stages = ["wipe", "access", "policy"] as const;

/** A check before the command: says nothing, or says a Status. A failing gate refuses. */
export interface Gate {
  readonly stage: (typeof stages)[number];
  /** Commands that it lets through, for example Provision. */
  readonly spares?: readonly string[];
  /** A code of MS-ASCMD 2.2.2 will do as well: plugin files cannot make a Status. */
  check(call: EasCall): Promise<Status | number | undefined>;
}

/** What a plugin answers inside Provision (policy documents, wipe orders). */
export interface Provision {
  /**
   * Looks at a Provision request. `undefined`: nothing to say. Elements are put into the answer after
   * its Status: policies first, wipe orders last.
   */
  answer(call: EasCall): Promise<ProvisionPart | undefined>;
}
export interface ProvisionPart {
  /** `policies` replaces the "no policy" answer; `order` is appended. */
  readonly policies?: Element;
  readonly order?: Element;
  readonly status?: number;
}

/** People that can be found: GAL, ResolveRecipients. */
export interface Directory {
  find(text: string, limit: number, account: Account): Promise<readonly DirectoryEntry[]>;
}
export interface DirectoryEntry {
  readonly displayName: string;
  readonly address: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Keeps the recovery passwords of devices for their administrator. MS-ASCMD 2.2.3.47 */
export interface DevicePasswords {
  /** Keeps it (empty: forgets the one before); false: policy does not want it kept. */
  keep(device: Device, password: string): Promise<boolean>;
}

/** Something changed for a device that may be woken by other means than a held request. */
export interface Wakeup {
  wake(change: { readonly account: Account; readonly folders: readonly string[] }): Promise<void>;
}

export const command = definePoint<AnyCommand>("eas.command", "many", "EAS commands");
export const gate = definePoint<Gate>("eas.gate", "many", "Checks before a command");
export const provision = definePoint<Provision>("eas.provision", "many", "Parts of Provision");
export const directory = definePoint<Directory>("eas.directory", "many", "People to be found");
export const devicePassword = definePoint<DevicePasswords>(
  "eas.devicePassword",
  "many",
  "Keepers of recovery passwords",
);
export const wakeup = definePoint<Wakeup>("eas.wakeup", "many", "Other ways to wake a device");
export const syncState = definePoint<SyncState>(
  "eas.syncState",
  "one",
  "Memory of the sync engine",
);

/** A device sent a request; the first time, `first` is true. */
export const deviceSeen = defineEvent<{ readonly device: Device; readonly first: boolean }>(
  "eas.deviceSeen",
  "A device sent a request",
);
/** An item could not be converted and went out as a stub. */
export const itemFailed = defineEvent<
  {
    readonly account: Account;
    readonly device: Device;
    readonly item: string;
    readonly reason: string;
  }
>("eas.itemFailed", "An item could not be converted");
