// ItemOperations Fetch: the whole of one item, or one attachment. MS-ASCMD 2.2.1.10
import { atLeast } from "../versions.ts";
import { el, type Element, type Tag } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import type { Reply } from "./reply.ts";
import { type BodyPreference, bodyPreference, optional } from "./sync_options.ts";

/** What to fetch: an item by its folder and id, a search result, or an attachment. */
export type FetchTarget =
  | { readonly collectionId: string; readonly id: string }
  | { readonly longId: string }
  | { readonly fileReference: string };

export interface FetchOptions {
  readonly bodies?: readonly BodyPreference[];
  readonly mimeSupport?: 0 | 1 | 2;
  /** First and last byte. */
  readonly range?: readonly [first: number, last: number];
  /** Ask for bytes as they are instead of base64. */
  readonly multipart?: boolean;
  readonly signal?: AbortSignal;
}

export interface Fetched {
  /** Of the Fetch; 1 is well. */
  readonly status: number;
  readonly properties: Element | undefined;
  /** The attachment's or the body's bytes. */
  readonly content: Uint8Array | undefined;
  readonly contentType: string | undefined;
  readonly range: string | undefined;
  readonly total: number | undefined;
}

export async function fetchItem(
  client: EasClient,
  target: FetchTarget,
  options: FetchOptions = {},
): Promise<Fetched> {
  if (!atLeast(client.version, "12.0") && "fileReference" in target) {
    return await getAttachment(client, target.fileReference, options);
  }
  const document = el(
    "ItemOperations:ItemOperations",
    el(
      "ItemOperations:Fetch",
      el("ItemOperations:Store", "Mailbox"),
      ...targetElements(target),
      optionsOf(options),
    ),
  );
  const reply = await client.command("ItemOperations", document, {
    parameters: options.multipart ? { acceptMultiPart: true } : {},
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return fetchedOf(reply);
}

/** The bytes of an attachment in 2.5, which calls its reference a name. */
// MS-ASCMD 2.2.1.7
async function getAttachment(
  client: EasClient,
  attachmentName: string,
  { signal }: FetchOptions,
): Promise<Fetched> {
  const sending = { parameters: { attachmentName }, ...(signal && { signal }) };
  const { bytes, headers } = await client.command("GetAttachment", undefined, sending);
  const contentType = headers.get("Content-Type") ?? undefined;
  const whole = { properties: undefined, range: undefined, total: bytes.length };
  return { ...whole, status: 1, content: bytes, contentType };
}

function targetElements(target: FetchTarget): Element[] {
  if ("fileReference" in target) return [el("AirSyncBase:FileReference", target.fileReference)];
  if ("longId" in target) return [el("Search:LongId", target.longId)];
  return [el("AirSync:CollectionId", target.collectionId), el("AirSync:ServerId", target.id)];
}

function optionsOf({ bodies, mimeSupport, range }: FetchOptions): Element | undefined {
  const children = [
    optional("ItemOperations:Range", range && `${range[0]}-${range[1]}`),
    optional("AirSync:MIMESupport", mimeSupport),
    ...(bodies ?? []).map(bodyPreference),
  ].filter((child) => child !== undefined);
  return children.length > 0 ? el("ItemOperations:Options", ...children) : undefined;
}

function fetchedOf(reply: Reply): Fetched {
  const fetched = reply.document?.child("ItemOperations:Response")?.child("ItemOperations:Fetch");
  const status = fetched?.textOf("ItemOperations:Status") ??
    reply.document?.textOf("ItemOperations:Status");
  const properties = fetched?.child("ItemOperations:Properties");
  const total = properties?.textOf("ItemOperations:Total");
  return {
    status: Number(status),
    properties,
    content: properties && contentOf(properties, reply.parts),
    contentType: properties?.textOf("AirSyncBase:ContentType"),
    range: properties?.textOf("ItemOperations:Range"),
    total: total === undefined ? undefined : Number(total),
  };
}

function contentOf(
  properties: Element,
  parts: readonly Uint8Array[],
): Uint8Array | undefined {
  const part = find(properties, "ItemOperations:Part");
  if (part !== undefined) return parts[Number(part.text)];
  const file = properties.child("ItemOperations:Data");
  if (file !== undefined) {
    return file.value instanceof Uint8Array ? file.bytes : unbase64(file.text);
  }
  return find(properties, "AirSyncBase:Data")?.bytes;
}

function find(element: Element, tag: Tag): Element | undefined {
  if (element.tag === tag) return element;
  for (const child of element.children) {
    const found = find(child, tag);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unbase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
