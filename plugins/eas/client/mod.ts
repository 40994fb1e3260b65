// A small, complete ActiveSync client: for the probe, and for tests that act as a phone.
export { type ClientOptions, type EasClient, easClient } from "./client.ts";
export { Collection, type PhoneItem } from "./collection.ts";
export type { ConnectionOptions, Fetch, Offer, SendOptions } from "./connection.ts";
export type { FolderEdited, FolderPlace } from "./folder_edits.ts";
export type { FindOptions } from "./find.ts";
export { type DraftAttachment, draftFields, type DraftOptions } from "./drafts.ts";
export type { FolderClass, FolderSyncReply, PhoneFolder } from "./folder_sync.ts";
export type { Estimate, EstimateOptions } from "./item_estimate.ts";
export type { Fetched, FetchOptions, FetchTarget } from "./item_operations.ts";
export type { Moved, MoveOrder } from "./move_items.ts";
export { network, type NetworkOptions } from "./network.ts";
export { EndlessSync, Phone, type PhoneOptions, type PhoneSync } from "./phone.ts";
export type { PingOptions, PingReply } from "./ping.ts";
export type { DeviceInformation, Provisioned } from "./provision.ts";
export type { Parameters } from "./query.ts";
export { EasError, type Reply } from "./reply.ts";
export type { PeopleOptions, SearchOptions, SearchReply, SearchResult } from "./search.ts";
export type { SendMailOptions } from "./send_mail.ts";
export type { SmartOptions, SmartSource } from "./smart.ts";
export type { UserInformation } from "./settings.ts";
export type {
  SyncCollection,
  SyncCollectionReply,
  SyncedItem,
  SyncReply,
  SyncRequest,
  SyncResponse,
} from "./sync.ts";
export type { BodyPreference, SyncOptions } from "./sync_options.ts";
