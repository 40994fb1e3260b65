// Sync: what a client sends, and what it is told. MS-ASCMD 2.2.1.21
import { atLeast, type Version } from "../versions.ts";
import { el, type Element, type Tag } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import type { FolderClass } from "./folder_sync.ts";
import { optional, optionElements, type SyncOptions } from "./sync_options.ts";

export interface SyncCollection {
  readonly id: string;
  readonly key: string;
  /** Sent up to 12.1 only, where it must be. Default: Email. */
  readonly class?: FolderClass;
  /** Fields that the device keeps; with key 0 only. */
  readonly supported?: readonly Tag[];
  readonly deletesAsMoves?: boolean;
  readonly getChanges?: boolean;
  readonly windowSize?: number;
  readonly conversationMode?: boolean;
  readonly options?: SyncOptions;
  /** `AirSync:Add`, `Change`, `Delete`, `Fetch`. */
  readonly commands?: readonly Element[];
}

export interface SyncRequest {
  readonly collections: readonly SyncCollection[];
  /** Minutes to wait for changes, from 12.1. */
  readonly wait?: number;
  /** Seconds to wait for changes, from 14.0. */
  readonly heartbeat?: number;
  readonly windowSize?: number;
  readonly partial?: boolean;
}

/** An item in an answer: an Add or Change of the server, or a fetched one. */
export interface SyncedItem {
  readonly id: string;
  readonly fields: readonly Element[];
}

/** What became of a command of the device. */
export interface SyncResponse {
  readonly kind: "Add" | "Change" | "Delete" | "Fetch";
  readonly status: number;
  readonly id: string | undefined;
  readonly clientId: string | undefined;
  readonly fields: readonly Element[];
}

export interface SyncCollectionReply {
  readonly id: string;
  readonly key: string | undefined;
  readonly status: number;
  readonly moreAvailable: boolean;
  readonly adds: readonly SyncedItem[];
  readonly changes: readonly SyncedItem[];
  readonly deletes: readonly string[];
  readonly softDeletes: readonly string[];
  readonly responses: readonly SyncResponse[];
}

export interface SyncReply {
  /** The status at the root; 1 where there is none. */
  readonly status: number;
  /** With status 14 or 15: what the server accepts. */
  readonly limit: number | undefined;
  /** The body was empty: nothing has changed anywhere. */
  readonly empty: boolean;
  readonly collections: readonly SyncCollectionReply[];
  readonly document: Element | undefined;
}

export async function sync(
  client: EasClient,
  request: SyncRequest | undefined,
  signal?: AbortSignal,
): Promise<SyncReply> {
  const document = request && requestOf(request, client);
  const reply = await client.command("Sync", document, signal ? { signal } : {});
  return replyOf(reply.document);
}

function requestOf(request: SyncRequest, client: EasClient): Element {
  const collections = request.collections
    .map((collection) => collectionOf(collection, client.version));
  return el(
    "AirSync:Sync",
    collections.length > 0 && el("AirSync:Collections", ...collections),
    optional("AirSync:Wait", request.wait),
    optional("AirSync:HeartbeatInterval", request.heartbeat),
    optional("AirSync:WindowSize", request.windowSize),
    request.partial && el("AirSync:Partial"),
  );
}

function collectionOf(collection: SyncCollection, version: Version): Element {
  const { options, supported, commands } = collection;
  const old = !atLeast(version, "14.0");
  return el(
    "AirSync:Collection",
    old && el("AirSync:Class", collection.class ?? "Email"),
    el("AirSync:SyncKey", collection.key),
    el("AirSync:CollectionId", collection.id),
    supported && el("AirSync:Supported", ...supported.map((tag) => el(tag))),
    choice("AirSync:DeletesAsMoves", collection.deletesAsMoves, collection, version),
    choice("AirSync:GetChanges", collection.getChanges, collection, version),
    optional("AirSync:WindowSize", collection.windowSize),
    optional("AirSync:ConversationMode", collection.conversationMode),
    options && el("AirSync:Options", ...optionElements(options, version)),
    commands && commands.length > 0 && el("AirSync:Commands", ...commands),
  );
}

/** What is so unless it is said. In 2.5 a tag that is there says yes, and one that is missing no. */
function choice(
  tag: Tag,
  value: boolean | undefined,
  { key }: SyncCollection,
  version: Version,
): Element | undefined {
  if (atLeast(version, "12.0")) return optional(tag, value);
  return value ?? key !== "0" ? el(tag) : undefined;
}

function replyOf(document: Element | undefined): SyncReply {
  const limit = document?.textOf("AirSync:Limit");
  return {
    status: Number(document?.textOf("AirSync:Status") ?? 1),
    limit: limit === undefined ? undefined : Number(limit),
    empty: document === undefined,
    collections: document?.child("AirSync:Collections")
      ?.all("AirSync:Collection").map(collectionReplyOf) ?? [],
    document,
  };
}

function collectionReplyOf(collection: Element): SyncCollectionReply {
  const commands = collection.child("AirSync:Commands");
  return {
    id: collection.textOf("AirSync:CollectionId") ?? "",
    key: collection.textOf("AirSync:SyncKey"),
    status: Number(collection.textOf("AirSync:Status") ?? 1),
    moreAvailable: collection.child("AirSync:MoreAvailable") !== undefined,
    adds: commands?.all("AirSync:Add").map(itemOf) ?? [],
    changes: commands?.all("AirSync:Change").map(itemOf) ?? [],
    deletes: commands?.all("AirSync:Delete").map(idOf) ?? [],
    softDeletes: commands?.all("AirSync:SoftDelete").map(idOf) ?? [],
    responses: collection.child("AirSync:Responses")?.children.map(responseOf) ?? [],
  };
}

function idOf(command: Element): string {
  return command.textOf("AirSync:ServerId") ?? "";
}

function itemOf(command: Element): SyncedItem {
  return { id: idOf(command), fields: command.child("AirSync:ApplicationData")?.children ?? [] };
}

function responseOf(response: Element): SyncResponse {
  return {
    kind: response.tag.slice("AirSync:".length) as SyncResponse["kind"],
    status: Number(response.textOf("AirSync:Status")),
    id: response.textOf("AirSync:ServerId"),
    clientId: response.textOf("AirSync:ClientId"),
    fields: response.child("AirSync:ApplicationData")?.children ?? [],
  };
}
