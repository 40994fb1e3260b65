// GetItemEstimate: how many changes a Sync would bring. MS-ASCMD 2.2.1.9
import { atLeast } from "../versions.ts";
import { el } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import type { FolderClass } from "./folder_sync.ts";
import { optional } from "./sync_options.ts";

export interface EstimateOptions {
  readonly collectionId: string;
  readonly key: string;
  /** Default: Email. */
  readonly class?: FolderClass;
  readonly filter?: number;
  /** From 14.0. */
  readonly conversationMode?: boolean;
}

export interface Estimate {
  /** 1 well, 2 no such collection, 3 not synced yet, 4 wrong key. */
  readonly status: number;
  readonly estimate: number | undefined;
}

export async function getItemEstimate(
  client: EasClient,
  { collectionId, key, class: folderClass = "Email", filter, conversationMode }: EstimateOptions,
): Promise<Estimate> {
  const collection = atLeast(client.version, "14.0")
    ? el(
      "GetItemEstimate:Collection",
      el("AirSync:SyncKey", key),
      el("GetItemEstimate:CollectionId", collectionId),
      optional("AirSync:ConversationMode", conversationMode),
      filter === undefined ? undefined : el("AirSync:Options", el("AirSync:FilterType", filter)),
    )
    : el(
      "GetItemEstimate:Collection",
      el("GetItemEstimate:Class", folderClass),
      el("GetItemEstimate:CollectionId", collectionId),
      optional("AirSync:FilterType", filter ?? 0),
      el("AirSync:SyncKey", key),
    );
  const document = el(
    "GetItemEstimate:GetItemEstimate",
    el("GetItemEstimate:Collections", collection),
  );
  const reply = (await client.command("GetItemEstimate", document)).document;
  const response = reply?.child("GetItemEstimate:Response");
  const status = response?.textOf("GetItemEstimate:Status") ??
    reply?.textOf("GetItemEstimate:Status");
  const estimate = response?.child("GetItemEstimate:Collection")
    ?.textOf("GetItemEstimate:Estimate");
  return {
    status: Number(status),
    estimate: estimate === undefined ? undefined : Number(estimate),
  };
}
