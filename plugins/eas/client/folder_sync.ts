// FolderSync: the tree of folders and its changes. MS-ASCMD 2.2.1.5
import { el, type Element } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";

/** The classes of collections, as old versions name them. */
export type FolderClass = "Email" | "Calendar" | "Contacts" | "Tasks" | "Notes";

export interface PhoneFolder {
  /** Its CollectionId. */
  readonly id: string;
  /** `0`: at the top. */
  readonly parent: string;
  readonly name: string;
  /** 2 is the inbox. MS-ASCMD 2.2.3.186.3 */
  readonly type: number;
  /** undefined: of a type that phones do not show. */
  readonly class: FolderClass | undefined;
}

export interface FolderSyncReply {
  /** 1: well. 9: the key is unknown, start again with 0. */
  readonly status: number;
  readonly key: string | undefined;
  readonly adds: readonly PhoneFolder[];
  readonly updates: readonly PhoneFolder[];
  readonly deletes: readonly string[];
}

export async function folderSync(client: EasClient, key: string): Promise<FolderSyncReply> {
  const document = el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", key));
  const reply = (await client.command("FolderSync", document)).document;
  const changes = reply?.child("FolderHierarchy:Changes");
  return {
    status: Number(reply?.textOf("FolderHierarchy:Status") ?? NaN),
    key: reply?.textOf("FolderHierarchy:SyncKey"),
    adds: changes?.all("FolderHierarchy:Add").map(folderOf) ?? [],
    updates: changes?.all("FolderHierarchy:Update").map(folderOf) ?? [],
    deletes: changes?.all("FolderHierarchy:Delete")
      .map((end) => end.textOf("FolderHierarchy:ServerId") ?? "") ?? [],
  };
}

function folderOf(change: Element): PhoneFolder {
  const type = Number(change.textOf("FolderHierarchy:Type"));
  return {
    id: change.textOf("FolderHierarchy:ServerId") ?? "",
    parent: change.textOf("FolderHierarchy:ParentId") ?? "0",
    name: change.textOf("FolderHierarchy:DisplayName") ?? "",
    type,
    class: classOf(type),
  };
}

// MS-ASCMD 2.2.3.186.3
function classOf(type: number): FolderClass | undefined {
  if ([1, 2, 3, 4, 5, 6, 12].includes(type)) return "Email";
  if (type === 8 || type === 13) return "Calendar";
  if (type === 9 || type === 14) return "Contacts";
  if (type === 7 || type === 15) return "Tasks";
  return type === 10 || type === 17 ? "Notes" : undefined;
}
