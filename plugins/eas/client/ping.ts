// Ping: wait until something changes. MS-ASCMD 2.2.1.13
import { el } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import type { FolderClass } from "./folder_sync.ts";
import { optional } from "./sync_options.ts";

export interface PingOptions {
  /** Seconds to wait. */
  readonly heartbeat?: number;
  readonly folders?: readonly { readonly id: string; readonly class: FolderClass }[];
}

export interface PingReply {
  /** 1 nothing changed, 2 changes, 5 wrong interval, 6 too many folders, 7 folders changed. */
  readonly status: number;
  /** With status 2: where. */
  readonly folders: readonly string[];
  /** With status 5: the nearest interval that the server accepts. */
  readonly heartbeat: number | undefined;
  readonly maxFolders: number | undefined;
}

export async function ping(
  client: EasClient,
  options?: PingOptions,
  signal?: AbortSignal,
): Promise<PingReply> {
  const reply = await client.command(
    "Ping",
    options && requestOf(options),
    signal ? { signal } : {},
  );
  const document = reply.document;
  const heartbeat = document?.textOf("Ping:HeartbeatInterval");
  const maxFolders = document?.textOf("Ping:MaxFolders");
  return {
    status: Number(document?.textOf("Ping:Status")),
    folders: document?.child("Ping:Folders")?.all("Ping:Folder").map(({ text }) => text) ?? [],
    heartbeat: heartbeat === undefined ? undefined : Number(heartbeat),
    maxFolders: maxFolders === undefined ? undefined : Number(maxFolders),
  };
}

function requestOf({ heartbeat, folders }: PingOptions) {
  const list = folders?.map((folder) =>
    el("Ping:Folder", el("Ping:Id", folder.id), el("Ping:Class", folder.class))
  );
  return el(
    "Ping:Ping",
    optional("Ping:HeartbeatInterval", heartbeat),
    list && el("Ping:Folders", ...list),
  );
}
