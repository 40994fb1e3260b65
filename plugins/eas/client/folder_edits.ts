// FolderCreate, FolderUpdate and FolderDelete. MS-ASCMD 2.2.1.3, 2.2.1.4, 2.2.1.6
import { el, type Element, type Tag } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";

/** What FolderCreate and FolderUpdate say of a folder. */
export interface FolderPlace {
  readonly name: string;
  /** `0`, the default: at the top. */
  readonly parent?: string;
}

export interface FolderEdited {
  /** 1: well. 2: the name is taken. 9: the key is unknown. */
  readonly status: number;
  /** The next key of the hierarchy, where it went well. */
  readonly key: string | undefined;
  /** The id of a new folder. */
  readonly id: string | undefined;
}

/** Makes a folder; `type` 12 (the default) is one of mail. */
export function folderCreate(
  client: EasClient,
  key: string,
  { name, parent = "0", type = 12 }: FolderPlace & { readonly type?: number },
): Promise<FolderEdited> {
  return edit(
    client,
    "FolderCreate",
    el("FolderHierarchy:SyncKey", key),
    el("FolderHierarchy:ParentId", parent),
    el("FolderHierarchy:DisplayName", name),
    el("FolderHierarchy:Type", type),
  );
}

/** Renames and moves a folder. */
export function folderUpdate(
  client: EasClient,
  key: string,
  id: string,
  { name, parent = "0" }: FolderPlace,
): Promise<FolderEdited> {
  return edit(
    client,
    "FolderUpdate",
    el("FolderHierarchy:SyncKey", key),
    el("FolderHierarchy:ServerId", id),
    el("FolderHierarchy:ParentId", parent),
    el("FolderHierarchy:DisplayName", name),
  );
}

export function folderDelete(client: EasClient, key: string, id: string): Promise<FolderEdited> {
  return edit(
    client,
    "FolderDelete",
    el("FolderHierarchy:SyncKey", key),
    el("FolderHierarchy:ServerId", id),
  );
}

async function edit(
  client: EasClient,
  command: "FolderCreate" | "FolderUpdate" | "FolderDelete",
  ...content: Element[]
): Promise<FolderEdited> {
  const root: Tag = `FolderHierarchy:${command}`;
  const { document } = await client.command(command, el(root, ...content));
  return {
    status: Number(document?.textOf("FolderHierarchy:Status") ?? NaN),
    key: document?.textOf("FolderHierarchy:SyncKey"),
    id: document?.textOf("FolderHierarchy:ServerId"),
  };
}
