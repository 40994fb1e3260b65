// The bytes of a part: fetched piece by piece as they are consumed, decoded on the way.
import { NotFound } from "../../../api.ts";
import { type Bytes, within } from "../../../bytes.ts";
import { decodeStream, isIdentity, leaves, namedParts } from "../../../mime/mod.ts";
import type { ItemId, PartBytes } from "../../../model.ts";
import { base64Lines, type Lines, placeInLines, SEEN } from "./base64_lines.ts";
import { atom } from "../connections/raw.ts";
import type { OpenFolder } from "../connections/connections.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { fetchTold, fieldsOf, peek, peekFields, type Stretch } from "./fetch.ts";
import type { Located } from "../items/item_index.ts";
import { inPlace } from "../items/item_store.ts";
import type { Reading } from "./read.ts";
import { readStructure, sectionOf, shownFields } from "./structure.ts";

/** What is fetched at a time, in bytes. Between two pieces the connection is free for others. */
const PIECE = 256 * 1024;
const HEADER_LIMIT = 256 * 1024;

/** A part as it is on the server. */
interface Found {
  readonly type: string;
  readonly name: string;
  readonly encoding: string;
  readonly section: string;
  /** Exact bytes decoded, where that can be told. */
  readonly size: number | undefined;
  /** Where base64 can be entered in the middle. */
  readonly lines: Lines | undefined;
}

/**
 * A part of an item, or (`""`) all of it. Nothing of it is held but the piece that is being
 * consumed, and none is fetched before the one in front of it was. A connection that breaks costs no
 * more than the piece that was on its way.
 *
 * Base64 in lines of one length is entered where the range begins; everything else is decoded up to
 * there. Throws NotFound for an item or a part that is not there, also in the middle of the bytes
 * when the message is removed or replaced meanwhile.
 */
export async function readPart(
  reading: Reading,
  id: ItemId,
  number: string,
  range: { readonly from: number; readonly to?: number } = { from: 0 },
): Promise<PartBytes> {
  const item = (await reading.index.locate([id])).get(id);
  if (!item) throw gone();
  const part = await inItem(reading, item, (open, uid) => findPart(open, uid, number));
  const { type, name, size } = part;
  return { type, name, size, bytes: decoded(reading, item, part, range) };
}

function decoded(
  reading: Reading,
  item: Located,
  part: Found,
  { from, to }: { readonly from: number; readonly to?: number },
): Bytes {
  const { encoding, section, lines } = part;
  if (isIdentity(encoding)) return encoded(reading, item, section, from, to);
  const { at, skip } = lines ? placeInLines(lines, from) : { at: 0, skip: from };
  const rest = to === undefined ? undefined : to - from + skip;
  // Enough bytes for the range and no more, as far as that can be told.
  const end = lines && to !== undefined ? placeInLines(lines, to) : undefined;
  const stop = end && lines ? end.at + lines.length + lines.eol : undefined;
  const source = encoded(reading, item, section, at, stop);
  return within(decodeStream(encoding, source), { from: skip, to: rest });
}

/** The bytes of a section as they are, from one place to another or to its end. */
async function* encoded(
  reading: Reading,
  item: Located,
  section: string,
  from: number,
  to = Infinity,
): Bytes {
  for (let at = from; at < to;) {
    const stretch = { section, from: at, to: Math.min(at + PIECE, to) };
    const bytes = await inItem(reading, item, ({ client }, uid) =>
      // An answer without the section: there is nothing (more) of it.
      fetchOne(client, uid, [peek(stretch)]).then((told) => bytesIn(told, stretch)));
    if (bytes.length > 0) yield bytes;
    at += bytes.length;
    // Servers may miscount a part: its end is where they have no more.
    if (at < stretch.to) return;
  }
}

/** Works on an item's message in its folder as it is now. */
async function inItem<R>(
  reading: Reading,
  item: Located,
  work: (open: OpenFolder, uid: number) => Promise<R>,
): Promise<R> {
  const { index } = reading;
  return await inPlace(reading, item.folder, async (place, open) => {
    const moved = await index.settle(place, open);
    const now = moved ? (await index.locate([item.id])).get(item.id) : item;
    if (!now) throw gone();
    return await work(open, now.uid);
  }, { repeatable: true, asks: true });
}

async function fetchOne(
  client: OpenFolder["client"],
  uid: number,
  items: Parameters<typeof fetchTold>[2],
): Promise<Told> {
  let refusal: string | undefined;
  const told = await fetchTold(client, [uid], [atom("UID"), ...items], (_, why) => refusal = why);
  const row = told.get(uid);
  if (!row) throw refusal === undefined ? gone() : new NotFound(`Cannot read: ${refusal}`);
  return row;
}

function bytesIn({ sections }: Told, { section, from }: Stretch): Uint8Array {
  return sections.get(`${section}<${from}>`) ?? new Uint8Array(0);
}

async function findPart(
  { client }: OpenFolder,
  uid: number,
  number: string,
): Promise<Found> {
  if (number === "") {
    const { size = 0 } = await fetchOne(client, uid, [atom("RFC822.SIZE")]);
    return { ...message, size };
  }
  const told = await fetchOne(client, uid, [
    atom("RFC822.SIZE"),
    atom("BODYSTRUCTURE"),
    peekFields(shownFields, HEADER_LIMIT),
  ]);
  const root = readStructure(told.structure ?? null, fieldsOf(told), told.size ?? 0);
  const leaf = leaves(root).find((part) => part.number === number);
  // The server told everything that a name can be made of.
  const places = await namedParts(root, () => Promise.resolve(new Uint8Array(0)));
  const place = places.find((part) => part.number === number);
  if (!leaf || !place) throw new NotFound(`Cannot read part ${number}: the message has none`);
  const section = sectionOf(root, leaf);
  const { type, name, encoding, start, end } = place;
  const part = { type, name, encoding, section };
  if (encoding === "base64") {
    const lines = await findLines(client, uid, section, end - start);
    return { ...part, lines, size: lines?.size };
  }
  // Of a multipart without parts the server counts nothing.
  const exact = isIdentity(encoding) && leaf.told !== undefined;
  return { ...part, lines: undefined, size: exact ? end - start : undefined };
}

const message = {
  type: "message/rfc822",
  name: "",
  encoding: "",
  section: "",
  lines: undefined,
} as const;

async function findLines(
  client: OpenFolder["client"],
  uid: number,
  section: string,
  length: number,
): Promise<Lines | undefined> {
  if (length === 0) return undefined;
  const head = { section, from: 0, to: Math.min(SEEN, length) };
  const tail = { section, from: Math.max(0, length - SEEN), to: length };
  const stretches = tail.from === 0 ? [head] : [head, tail];
  const told = await fetchOne(client, uid, stretches.map(peek));
  const [first, last] = [bytesIn(told, head), bytesIn(told, tail)];
  if (first.length < head.to || last.length < tail.to - tail.from) return undefined;
  return base64Lines(length, first, last);
}

function gone(): NotFound {
  return new NotFound("Cannot read the message: it is not there any more");
}
