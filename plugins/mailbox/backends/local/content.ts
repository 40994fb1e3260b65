// The bytes of messages: kept in pieces as they arrive, and read again by ranges.
import type { Database } from "../../../../core/mod.ts";
import { NotFound } from "../../api.ts";
import { pieces, within } from "../../bytes.ts";
import type { Places, ReadBytes, ReadMail } from "../../mime/mod.ts";
import { decodeStream, isIdentity, readMail, StructureScanner } from "../../mime/mod.ts";
import type { PartBytes } from "../../model.ts";
import type { Store } from "./write.ts";

/** Bytes in a piece: small enough for one row anywhere, large enough to be quick. */
const CHUNK = 256 * 1024;
/** Pieces of one message have ids next to each other. */
const CHUNKS = 65536;
/** How much decoded text is kept beside a message, in UTF-8 bytes; what is beyond is read from its MIME. */
const TEXT_LIMIT = 1024 * 1024;

/** A message that has arrived and belongs to nobody yet. */
export interface Arrived {
  readonly mail: ReadMail;
  /** Makes it visible, inside the transaction that gives it an item; returns its id. */
  keep(tx: Database): Promise<number>;
}

/**
 * Takes in a message. A small one is held until it is kept; the pieces of a larger one are stored
 * while it arrives, in small transactions, and removed by housekeeping if it is never kept.
 */
export async function arrive(store: Store, mime: AsyncIterable<Uint8Array>): Promise<Arrived> {
  const scanner = new StructureScanner();
  let size = 0;
  let first: Uint8Array | undefined;
  let id: number | undefined;
  for await (const piece of pieces(mime, CHUNK)) {
    scanner.push(piece);
    if (size === 0) first = piece;
    else {
      if (id === undefined) {
        id = await startMessage(store);
        await putChunk(store.db, id, 0, first!);
        first = undefined;
      }
      await putChunk(store.db, id, Math.floor(size / CHUNK), piece);
    }
    size += piece.length;
  }
  const read = id === undefined ? memoryReader(first) : chunkReader(store.db, id);
  const mail = await readMail(scanner.end(), size, TEXT_LIMIT, read);
  return { mail, keep: (tx) => keep(tx, id, first, mail) };
}

async function startMessage({ db, clock }: Store): Promise<number> {
  return await db.transaction(async (tx) => {
    const [row] = await tx.all<{ id: number }>(
      "INSERT INTO mailbox_message (size) VALUES (0) RETURNING id",
    );
    await tx.run("INSERT INTO mailbox_orphan (message, at) VALUES (?, ?)", [row!.id, clock.now()]);
    return row!.id;
  });
}

async function putChunk(db: Database, id: number, number: number, bytes: Uint8Array) {
  if (number >= CHUNKS) throw new RangeError("Cannot store the message: it is larger than 16 GiB");
  await db.run("INSERT INTO mailbox_chunk (id, bytes) VALUES (?, ?)", [
    id * CHUNKS + number,
    bytes,
  ]);
}

async function keep(
  tx: Database,
  id: number | undefined,
  only: Uint8Array | undefined,
  mail: ReadMail,
): Promise<number> {
  const values = messageValues(mail);
  if (id !== undefined) {
    const { changes } = await tx.run(
      "UPDATE mailbox_message SET size = ?, problem = ?, facts = ?, places = ?, text_size = ?, " +
        "html_size = ?, text = ?, html = ? WHERE id = ?",
      [...values, id],
    );
    if (!changes) throw new NotFound("Cannot keep the message: it took too long to arrive");
    return id;
  }
  const [row] = await tx.all<{ id: number }>(
    "INSERT INTO mailbox_message (size, problem, facts, places, text_size, html_size, text, html) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    values,
  );
  if (only) await putChunk(tx, row!.id, 0, only);
  return row!.id;
}

function messageValues({ facts, places, problem, text, html }: ReadMail) {
  return [
    facts.size,
    problem ?? null,
    JSON.stringify(facts),
    JSON.stringify(places),
    text?.size ?? null,
    html?.size ?? null,
    text?.content ?? null,
    html?.content ?? null,
  ];
}

function memoryReader(bytes: Uint8Array | undefined): ReadBytes {
  return (start, end) => Promise.resolve(bytes?.subarray(start, end) ?? new Uint8Array(0));
}

/** Reads from the stored pieces of a message. */
export function chunkReader(db: Database, message: number): ReadBytes {
  return async (start, end) => {
    const whole = new Uint8Array(Math.max(0, end - start));
    let at = 0;
    for await (const bytes of readChunks(db, message, start, end)) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    return whole.subarray(0, at);
  };
}

/** The bytes from `start` to `end` (exclusive), a piece at a time. */
async function* readChunks(
  db: Database,
  message: number,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const number = Math.floor(at / CHUNK);
    const [row] = await db.all<{ bytes: Uint8Array }>(
      "SELECT bytes FROM mailbox_chunk WHERE id = ?",
      [message * CHUNKS + number],
    );
    if (!row) throw new NotFound("Cannot read the message: it was removed meanwhile");
    const from = at - number * CHUNK;
    const bytes = row.bytes.subarray(from, Math.min(row.bytes.length, from + end - at));
    if (!bytes.length) return;
    yield bytes;
    at += bytes.length;
  }
}

/** A part of a message, or (`""`) all of it. Throws NotFound. */
export async function readPart(
  db: Database,
  message: number,
  number: string,
  range: { readonly from: number; readonly to?: number },
): Promise<PartBytes> {
  const [row] = await db.all<{ size: number; places: string }>(
    "SELECT size, places FROM mailbox_message WHERE id = ?",
    [message],
  );
  if (!row) throw new NotFound("Cannot read the message: it was removed meanwhile");
  const part = number ? placeOf(JSON.parse(row.places), number) : wholeMessage(row.size);
  const size = part.end - part.start;
  const cut = (at: number | undefined) => part.start + Math.min(at ?? Infinity, size);
  const { type, name, encoding } = part;
  if (isIdentity(encoding)) {
    const bytes = readChunks(db, message, cut(range.from), cut(range.to));
    return { type, name, size, bytes };
  }
  const bytes = decodeStream(encoding, readChunks(db, message, part.start, part.end));
  return { type, name, size: undefined, bytes: within(bytes, range) };
}

function wholeMessage(size: number): Places["parts"][number] {
  return { number: "", type: "message/rfc822", name: "", encoding: "", start: 0, end: size };
}

function placeOf(places: Places, number: string): Places["parts"][number] {
  const part = places.parts.find((place) => place.number === number);
  if (!part) throw new NotFound(`Cannot read part ${number}: the message has none`);
  return part;
}

/** Removes a message's content. */
export async function dropMessage(tx: Database, message: number): Promise<void> {
  await tx.run("DELETE FROM mailbox_chunk WHERE id >= ? AND id < ?", [
    message * CHUNKS,
    (message + 1) * CHUNKS,
  ]);
  await tx.run("DELETE FROM mailbox_message WHERE id = ?", [message]);
}
