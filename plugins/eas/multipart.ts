// Multipart answers: the document first, then the bytes that it refers to by number.
import type { RawAnswer } from "./api.ts";
import { counted } from "./counted.ts";

/** A part after the document. */
export interface Part {
  /** Exactly so many bytes; the table of parts comes first and says it. */
  readonly length: number;
  /** Opened when its turn comes, once. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** The body: number of parts, place and length of each, then the parts. */
// MS-ASCMD 2.2.1.10.1
export function multipart(document: Uint8Array, parts: readonly Part[]): RawAnswer {
  const all: readonly Part[] = [{ length: document.length, open: () => once(document) }, ...parts];
  const table = tableOf(all.map(({ length }) => length));
  const length = all.reduce((sum, part) => sum + part.length, table.length);
  return {
    contentType: "application/vnd.ms-sync.multipart",
    body: written(table, all),
    length,
  };
}

/** All integers are unsigned, of 32 bits, lowest byte first; places count from the very beginning. */
function tableOf(lengths: readonly number[]): Uint8Array {
  const table = new Uint8Array(4 + 8 * lengths.length);
  const view = new DataView(table.buffer);
  view.setUint32(0, lengths.length, true);
  let offset = table.length;
  lengths.forEach((length, index) => {
    view.setUint32(4 + 8 * index, offset, true);
    view.setUint32(8 + 8 * index, length, true);
    offset += length;
  });
  return table;
}

async function* written(table: Uint8Array, parts: readonly Part[]): AsyncIterable<Uint8Array> {
  yield table;
  for (const { length, open } of parts) yield* counted(open(), length);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
