// Streams of bytes by length: counting them, cutting pieces out, making base64 of them.
import { Buffer } from "node:buffer";

type Bytes = AsyncIterable<Uint8Array>;

/** How many bytes a stream has; reads it to its end and keeps nothing. */
export async function lengthOf(bytes: Bytes): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.length;
  return length;
}

/** At most the first `length` bytes. */
export async function* take(bytes: Bytes, length: number): Bytes {
  if (length <= 0) return;
  let left = length;
  for await (const chunk of bytes) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/**
 * Passes a stream on and throws RangeError where it has not exactly `length` bytes: what follows
 * would be read as its end.
 */
export async function* counted(bytes: Bytes, length: number): Bytes {
  let left = length;
  for await (const chunk of bytes) {
    left -= chunk.length;
    if (left < 0) throw new RangeError(`Cannot send a part: it has more than ${length} bytes`);
    yield chunk;
  }
  if (left > 0) throw new RangeError(`Cannot send a part: ${left} of ${length} bytes are missing`);
}

/** A stream as base64 text without line ends. */
export async function* base64(bytes: Bytes): AsyncIterable<string> {
  let carry = Buffer.alloc(0);
  for await (const chunk of bytes) {
    const all = Buffer.concat([carry, chunk]);
    const whole = all.length - all.length % 3;
    carry = all.subarray(whole);
    if (whole > 0) yield all.toString("base64", 0, whole);
  }
  if (carry.length > 0) yield carry.toString("base64");
}

/** A stream whose first chunk was read already: errors in opening it show here, not later. */
export interface Opened {
  readonly empty: boolean;
  readonly bytes: Bytes;
}

/** Reads the first chunk that is not empty. */
export async function opened(bytes: Bytes): Promise<Opened> {
  const iterator = bytes[Symbol.asyncIterator]();
  let first = await iterator.next();
  while (!first.done && first.value.length === 0) first = await iterator.next();
  return { empty: first.done === true, bytes: continued(first, iterator) };
}

async function* continued(
  first: IteratorResult<Uint8Array>,
  iterator: AsyncIterator<Uint8Array>,
): Bytes {
  try {
    for (let next = first; !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
