// An ActiveSync client: commands as functions, with the manners of a phone. State is phone.ts.
import type { Element } from "../wbxml/mod.ts";
import {
  type Connection,
  connection,
  type ConnectionOptions,
  type SendOptions,
} from "./connection.ts";
import {
  folderCreate,
  folderDelete,
  type FolderEdited,
  type FolderPlace,
  folderUpdate,
} from "./folder_edits.ts";
import { find, type FindOptions } from "./find.ts";
import { folderSync, type FolderSyncReply } from "./folder_sync.ts";
import { type Fetched, fetchItem, type FetchOptions, type FetchTarget } from "./item_operations.ts";
import { type Estimate, type EstimateOptions, getItemEstimate } from "./item_estimate.ts";
import { type Moved, moveItems, type MoveOrder } from "./move_items.ts";
import { ping, type PingOptions, type PingReply } from "./ping.ts";
import { type DeviceInformation, provision, type Provisioned } from "./provision.ts";
import { EasError, type Reply, rootStatus } from "./reply.ts";
import {
  type PeopleOptions,
  search,
  type SearchOptions,
  searchPeople,
  type SearchReply,
} from "./search.ts";
import { sendMail, type SendMailOptions } from "./send_mail.ts";
import { sendDeviceInformation, type UserInformation, userInformation } from "./settings.ts";
import { smart, type SmartOptions, type SmartSource } from "./smart.ts";
import { sync, type SyncReply, type SyncRequest } from "./sync.ts";

export interface ClientOptions extends ConnectionOptions {
  /** What it tells about itself when it is provisioned. */
  readonly device?: DeviceInformation;
  /** Provision when the server asks for it, and repeat the request; default: true. */
  readonly provisions?: boolean;
}

/**
 * A client. All functions reject with what `fetch` rejects with; with {@link EasError} where the
 * server refuses the command as a whole; and with WbxmlError for an answer that cannot be read.
 * Statuses that belong to one command are given back.
 */
export interface EasClient extends Connection {
  /** As `send`, but provisions or moves to another server when told so, and insists on success. */
  command(name: string, body?: Element | Uint8Array, options?: SendOptions): Promise<Reply>;
  provision(): Promise<Provisioned>;
  folderSync(key: string): Promise<FolderSyncReply>;
  /** Makes a folder; `type` 12 (the default) is one of mail. */
  folderCreate(key: string, folder: FolderPlace & { type?: number }): Promise<FolderEdited>;
  folderUpdate(key: string, id: string, to: FolderPlace): Promise<FolderEdited>;
  folderDelete(key: string, id: string): Promise<FolderEdited>;
  /** One Sync; without a request it is an empty one: repeat the last. */
  sync(request?: SyncRequest, signal?: AbortSignal): Promise<SyncReply>;
  getItemEstimate(options: EstimateOptions): Promise<Estimate>;
  /** Fetches one item, or one attachment, by ItemOperations. */
  fetch(target: FetchTarget, options?: FetchOptions): Promise<Fetched>;
  moveItems(orders: readonly MoveOrder[]): Promise<Moved[]>;
  /** Looks for mail, from 12.0. */
  search(options: SearchOptions): Promise<SearchReply>;
  /** Looks for people in the server's directory. */
  searchPeople(text: string, options?: PeopleOptions): Promise<SearchReply>;
  /** Looks for mail or people, from 16.1. */
  find(options: FindOptions): Promise<SearchReply>;
  /** Sends an RFC 5322 message. */
  sendMail(mime: Uint8Array | string, options?: SendMailOptions): Promise<void>;
  /** Answers an item: sends the new text, the server adds the original. */
  smartReply(
    source: SmartSource,
    mime: Uint8Array | string,
    options?: SmartOptions,
  ): Promise<void>;
  /** Forwards an item, in the same way. */
  smartForward(
    source: SmartSource,
    mime: Uint8Array | string,
    options?: SmartOptions,
  ): Promise<void>;
  /** Waits for changes; without options it is an empty one: repeat the last. */
  ping(options?: PingOptions, signal?: AbortSignal): Promise<PingReply>;
  userInformation(): Promise<UserInformation>;
  /** What 14.1 and later tell in Provision. */
  sendDeviceInformation(information: DeviceInformation): Promise<number>;
}

const generic: DeviceInformation = { model: "Navette client", os: "Navette" };

/** Makes a client; nothing is sent yet. */
export function easClient(options: ClientOptions): EasClient {
  const device = {
    userAgent: options.userAgent ?? "Navette-Client/1",
    ...generic,
    ...options.device,
  };
  const base = connection(options);
  const client: EasClient = Object.assign(base, {
    command: (name: string, body?: Element | Uint8Array, sending?: SendOptions) =>
      politely(client, options.provisions ?? true, name, body, sending),
    provision: () => provision(client, device),
    folderSync: (key: string) => folderSync(client, key),
    folderCreate: (key: string, folder: FolderPlace & { type?: number }) =>
      folderCreate(client, key, folder),
    folderUpdate: (key: string, id: string, to: FolderPlace) => folderUpdate(client, key, id, to),
    folderDelete: (key: string, id: string) => folderDelete(client, key, id),
    sync: (request?: SyncRequest, signal?: AbortSignal) => sync(client, request, signal),
    getItemEstimate: (asked: EstimateOptions) => getItemEstimate(client, asked),
    fetch: (target: FetchTarget, asked?: FetchOptions) => fetchItem(client, target, asked),
    moveItems: (orders: readonly MoveOrder[]) => moveItems(client, orders),
    search: (asked: SearchOptions) => search(client, asked),
    searchPeople: (text: string, asked?: PeopleOptions) => searchPeople(client, text, asked),
    find: (asked: FindOptions) => find(client, asked),
    sendMail: (mime: Uint8Array | string, asked?: SendMailOptions) => sendMail(client, mime, asked),
    smartReply: (source: SmartSource, mime: Uint8Array | string, asked?: SmartOptions) =>
      smart(client, "SmartReply", source, mime, asked),
    smartForward: (source: SmartSource, mime: Uint8Array | string, asked?: SmartOptions) =>
      smart(client, "SmartForward", source, mime, asked),
    ping: (asked?: PingOptions, signal?: AbortSignal) => ping(client, asked, signal),
    userInformation: () => userInformation(client),
    sendDeviceInformation: (told: DeviceInformation) => sendDeviceInformation(client, told),
  });
  return client;
}

/** The statuses, and the HTTP code in their place, that mean: provision first. MS-ASCMD 2.2.2 */
const provisionFirst: readonly (number | undefined)[] = [142, 143, 144];

async function politely(
  client: EasClient,
  provisions: boolean,
  name: string,
  body: Element | Uint8Array | undefined,
  options: SendOptions | undefined,
): Promise<Reply> {
  let reply = await client.send(name, body, options);
  // MS-ASHTTP 2.2.2.1.1: only the host of X-MS-Location is certain.
  const location = reply.headers.get("X-MS-Location");
  if (reply.http === 451 && location) {
    client.moveTo(otherServer(client.url, location));
    reply = await client.send(name, body, options);
  }
  if (provisions && (reply.http === 449 || provisionFirst.includes(rootStatus(reply.document)))) {
    const { wipe } = await client.provision();
    if (wipe === undefined) reply = await client.send(name, body, options);
  }
  const status = rootStatus(reply.document);
  if (reply.http !== 200) throw new EasError(name, reply);
  if (status !== undefined && status > 100) throw new EasError(name, reply, status);
  // A login page or a proxy's own page: not an empty answer, which means success.
  if (reply.document === undefined && reply.bytes.length > 0 && name !== "GetAttachment") {
    const type = reply.headers.get("Content-Type") ?? "no type";
    throw new SyntaxError(`Cannot read the answer to ${name}: it is ${type}, not WBXML`);
  }
  return reply;
}

function otherServer(url: string, location: string): string {
  const moved = new URL(url);
  const { protocol, host } = new URL(location);
  if (moved.protocol === "https:" && protocol !== "https:") {
    throw new RangeError("Cannot follow the server to an address without TLS");
  }
  moved.protocol = protocol;
  moved.host = host;
  return moved.href;
}
