// What an ItemOperations request asks for, operation by operation.
import { Buffer } from "node:buffer";
import { atLeast, type EasCall, type Element, Status, type Tag, type Version } from "../../api.ts";
import { BadOptions, type ItemOptions, readOptions } from "../../schema/options.ts";

/** The item with its options. */
export interface ItemFetch {
  readonly kind: "item";
  /** What the answer repeats: CollectionId and ServerId, or LongId. */
  readonly names: readonly Element[];
  readonly item: string;
  /** Where it has to be; undefined: anywhere. */
  readonly folder: string | undefined;
  readonly options: ItemOptions;
  /** Only these properties; undefined: all. */
  readonly schema: ReadonlySet<Tag> | undefined;
}

export interface AttachmentFetch {
  readonly kind: "attachment";
  readonly names: readonly Element[];
  readonly reference: string;
  /** First and last byte, both included. */
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

export interface EmptyFolder {
  readonly kind: "empty";
  readonly names: readonly Element[];
  readonly folder: string;
  readonly subfolders: boolean;
}

export interface MoveConversation {
  readonly kind: "move";
  readonly names: readonly Element[];
  /** `Mail.thread` of the conversation. */
  readonly thread: string;
  readonly to: string;
}

/** An operation that is answered with a status without being tried. */
export interface Failed {
  readonly kind: "failed";
  readonly tag:
    | "ItemOperations:Fetch"
    | "ItemOperations:EmptyFolderContents"
    | "ItemOperations:Move";
  readonly names: readonly Element[];
  readonly status: number;
}

export type Operation = ItemFetch | AttachmentFetch | EmptyFolder | MoveConversation | Failed;

/** More in one request are refused. MS-ASCMD 2.2.3.177.8 */
export const mostOperations = 100;

/** The operations in the order of the request. Throws Status 101 without a document. */
// MS-ASCMD 2.2.1.10
export function read({ document, version }: EasCall): readonly Operation[] {
  if (document === undefined) throw new Status(101, "ItemOperations without a document");
  return document.children.flatMap((element): readonly Operation[] => {
    switch (element.tag) {
      case "ItemOperations:Fetch":
        return [fetchOf(element, version)];
      case "ItemOperations:EmptyFolderContents":
        return [emptyOf(element)];
      case "ItemOperations:Move":
        return [moveOf(element, version)];
      default:
        return [];
    }
  });
}

const names = (element: Element, ...tags: Tag[]) => tags.flatMap((tag) => element.child(tag) ?? []);

// MS-ASCMD 2.2.3.67.1
function fetchOf(element: Element, version: Version): Operation {
  const reference = names(element, "AirSyncBase:FileReference");
  const link = names(element, "DocumentLibrary:LinkId");
  const long = names(element, "Search:LongId");
  const item = names(element, "AirSync:CollectionId", "AirSync:ServerId");
  const all = [...item, ...long, ...link, ...reference];
  const fail = (status: number): Failed => ({
    kind: "failed",
    tag: "ItemOperations:Fetch",
    names: all,
    status,
  });
  // MS-ASCMD 2.2.3.177.8: 9 for every store but the mailbox; some devices leave the name out
  const store = element.textOf("ItemOperations:Store") ?? "Mailbox";
  if (store.trim().toLowerCase() !== "mailbox") return fail(9);
  const options = element.child("ItemOperations:Options");
  if (reference[0]) return attachmentOf(reference[0], options) ?? fail(8);
  const id = element.textOf("AirSync:ServerId") || element.textOf("Search:LongId");
  if (!id) return fail(2);
  try {
    return {
      kind: "item",
      names: all,
      item: id,
      // LongId says it all: iOS sends it without the folder.
      folder: element.child("AirSync:ServerId") && element.textOf("AirSync:CollectionId"),
      options: readOptions(options, version),
      schema: schemaOf(options),
    };
  } catch (error) {
    if (error instanceof BadOptions) return fail(2);
    throw error;
  }
}

function schemaOf(options: Element | undefined): ReadonlySet<Tag> | undefined {
  const schema = options?.child("ItemOperations:Schema");
  return schema && schema.children.length > 0
    ? new Set(schema.children.map(({ tag }) => tag))
    : undefined;
}

/** undefined: its Range is none. MS-ASCMD 2.2.3.143.2 */
function attachmentOf(name: Element, options: Element | undefined): AttachmentFetch | undefined {
  const text = options?.textOf("ItemOperations:Range")?.trim();
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? "");
  const range = match ? { from: Number(match[1]), to: Number(match[2]) } : undefined;
  if (text && (!range || range.from > range.to)) return undefined;
  return { kind: "attachment", names: [name], reference: name.text, range };
}

// MS-ASCMD 2.2.3.55
function emptyOf(element: Element): Operation {
  const folder = element.textOf("AirSync:CollectionId") ?? "";
  const all = names(element, "AirSync:CollectionId");
  if (folder === "") {
    return { kind: "failed", tag: "ItemOperations:EmptyFolderContents", names: all, status: 2 };
  }
  const options = element.child("ItemOperations:Options");
  const subfolders = options?.child("ItemOperations:DeleteSubFolders") !== undefined;
  return { kind: "empty", names: all, folder, subfolders };
}

/** A conversation is moved for ever or not at all: 155 where "always" is missing. */
// MS-ASCMD 2.2.3.118
function moveOf(element: Element, version: Version): Operation {
  const all = names(element, "ItemOperations:ConversationId");
  const fail = (status: number): Failed => {
    return { kind: "failed", tag: "ItemOperations:Move", names: all, status };
  };
  const to = element.textOf("ItemOperations:DstFldId")?.trim();
  if (!atLeast(version, "14.0") || !all[0] || !to) return fail(2);
  const options = element.child("ItemOperations:Options");
  if (!options?.child("ItemOperations:MoveAlways")) return fail(155);
  return { kind: "move", names: all, thread: Buffer.from(all[0].bytes).toString("hex"), to };
}
