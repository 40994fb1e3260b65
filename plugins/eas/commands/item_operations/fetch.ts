// Fetch: whole items and attachments, inside the document or as parts behind it.
import { type Host, Unavailable } from "../../../../core/mod.ts";
import { type Item, NotFound } from "../../../mailbox/api.ts";
import { type EasCall, el, type Element, itemFailed, Leaf } from "../../api.ts";
import { base64, lengthOf, opened, take } from "../../counted.ts";
import type { Part } from "../../multipart.ts";
import { parseFileReference } from "../../schema/attachments.ts";
import { bodyBytes, wantedOf } from "../../schema/body.ts";
import { mailItem } from "../../schema/mail_item.ts";
import type { AttachmentFetch, Failed, ItemFetch } from "./read.ts";

export type Fetch = ItemFetch | AttachmentFetch | Failed;

/** Where the bytes go: behind the document, or (undefined) inside it. */
export type Parts = Part[] | undefined;

// MS-ASCMD 2.2.3.177.8
const ok = 1;
const serverError = 3;
const notFound = 6;
const badRange = 8;
const emptyFile = 10;
const badAttachment = 15;

/**
 * Answers fetches in order, each alone: what one of them cannot bring does not touch the others. Items
 * that follow each other and are wanted in the same way are read together.
 */
export async function* fetches(
  all: readonly Fetch[],
  call: EasCall,
  host: Host,
  parts: Parts,
): AsyncIterable<Element> {
  for (const group of grouped(all)) {
    if (group[0].kind === "item") yield* items(group as readonly ItemFetch[], call, host, parts);
    else if (group[0].kind === "attachment") yield await attachment(group[0], call, parts);
    else yield answer(group[0], group[0].status);
  }
}

/** Items that one reading of the mailbox brings; everything else is a group of its own. */
function grouped(all: readonly Fetch[]): [Fetch, ...Fetch[]][] {
  const groups: [Fetch, ...Fetch[]][] = [];
  for (const fetch of all) {
    const before = groups.at(-1);
    if (before && together(before[0], fetch)) before.push(fetch);
    else groups.push([fetch]);
  }
  return groups;
}

function together(a: Fetch, b: Fetch): boolean {
  return a.kind === "item" && b.kind === "item" &&
    JSON.stringify(a.options) === JSON.stringify(b.options);
}

async function* items(
  group: readonly ItemFetch[],
  call: EasCall,
  host: Host,
  parts: Parts,
): AsyncIterable<Element> {
  const want = wantedOf(group[0]!.options);
  const found = call.mailbox.read(group.map(({ item }) => item), want)[Symbol.asyncIterator]();
  try {
    // They come in the order asked, without those that are missing.
    let next = await found.next();
    for (const fetch of group) {
      if (next.done || next.value.id !== fetch.item) {
        yield answer(fetch, notFound);
        continue;
      }
      const item = next.value;
      yield fetch.folder === undefined || fetch.folder === item.folder
        ? await itemAnswer(fetch, item, call, host, parts)
        : answer(fetch, notFound);
      next = await found.next();
    }
  } finally {
    await found.return?.();
  }
}

async function itemAnswer(
  fetch: ItemFetch,
  item: Item,
  call: EasCall,
  host: Host,
  parts: Parts,
): Promise<Element> {
  const number = parts && parts.length + 1;
  const { fields, body, problem } = mailItem(item, fetch.options, call, number);
  if (problem !== undefined) {
    const { account, device } = call;
    await host.emit(itemFailed, { account, device, item: item.id, reason: problem });
  }
  if (parts && body.data !== undefined) {
    const open = () => bodyBytes(body);
    parts.push({ length: await lengthOf(open()), open });
  }
  const { schema } = fetch;
  return answer(
    fetch,
    ok,
    el("AirSync:Class", "Email"),
    el("ItemOperations:Properties", ...fields.filter(({ tag }) => !schema || schema.has(tag))),
  );
}

async function attachment(
  fetch: AttachmentFetch,
  call: EasCall,
  parts: Parts,
): Promise<Element> {
  const reference = parseFileReference(fetch.reference);
  if (reference === undefined) return answer(fetch, badAttachment);
  const { item, part } = reference;
  const { range } = fetch;
  try {
    const open = async () => await call.mailbox.part(item, part, range && { from: range.from });
    const first = await open();
    // The whole is read once more only where its length must be told first and nobody knows it.
    const total = first.size ??
      (range || parts ? await lengthOf((await call.mailbox.part(item, part)).bytes) : undefined);
    if (total === 0) return answer(fetch, emptyFile);
    if (range && range.from >= total!) return answer(fetch, badRange);
    const last = range ? Math.min(range.to, total! - 1) : undefined;
    const length = range ? last! - range.from + 1 : total;
    const data = parts
      ? placed(parts, { length: length!, open: () => again(open, length!) })
      : await inline(first.bytes, length);
    if (data === undefined) return answer(fetch, emptyFile);
    // MS-ASCMD 2.2.3.143.2: iOS cannot read an attachment whose Range it did not ask for
    const place = range && [
      el("ItemOperations:Range", `${range.from}-${last}`),
      el("ItemOperations:Total", total),
    ];
    const type = el("AirSyncBase:ContentType", first.type || "application/octet-stream");
    return answer(fetch, ok, el("ItemOperations:Properties", ...place ?? [], type, data));
  } catch (error) {
    if (error instanceof NotFound) return answer(fetch, notFound);
    // Where nothing can be reached now, the whole request is to be repeated.
    if (error instanceof Unavailable) throw error;
    call.log.error({ err: error, item, part }, "an attachment cannot be read");
    return answer(fetch, serverError);
  }
}

/** The bytes as base64 in the document; undefined where there are none. */
async function inline(
  bytes: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<Element | undefined> {
  const stream = await opened(length === undefined ? bytes : take(bytes, length));
  return stream.empty ? undefined : el("ItemOperations:Data", new Leaf(base64(stream.bytes)));
}

/** The bytes as a part behind the document, and its number in it. */
function placed(parts: Part[], part: Part): Element {
  parts.push(part);
  return el("ItemOperations:Part", parts.length);
}

async function* again(
  open: () => Promise<{ readonly bytes: AsyncIterable<Uint8Array> }>,
  length: number,
): AsyncIterable<Uint8Array> {
  yield* take((await open()).bytes, length);
}

function answer(fetch: Fetch, status: number, ...content: Element[]): Element {
  const tag = fetch.kind === "failed" ? fetch.tag : "ItemOperations:Fetch";
  return el(tag, el("ItemOperations:Status", status), ...fetch.names, ...content);
}
