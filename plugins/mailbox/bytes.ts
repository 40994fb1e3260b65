// Streams of bytes on their way through: counting, cutting off, copying, collecting.
import { Refused } from "./api.ts";

/** A stream of bytes, whatever brought them. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Makes a stream of bytes that are already there. */
export function bytesOf(source: Bytes | Uint8Array): Bytes {
  return source instanceof Uint8Array ? once(source) : source;
}

async function* once(bytes: Uint8Array): Bytes {
  if (bytes.length > 0) yield bytes;
}

/** Several streams, one after the other. */
export async function* concat(...parts: readonly (Bytes | Uint8Array)[]): Bytes {
  for (const part of parts) yield* bytesOf(part);
}

/** Passes a stream on and throws {@link Refused} (`tooLarge`) as soon as it exceeds `limit` bytes. */
export async function* limited(source: Bytes, limit: number): Bytes {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) {
      throw new Refused("tooLarge", `Cannot take the message: it is larger than ${limit} bytes`);
    }
    yield chunk;
  }
}

/** Reads a stream whole. Only for what is known to be small. */
export async function collect(source: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return join(chunks);
}

/** Joins chunks into one array. */
export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  if (only) return only;
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Cuts a stream into pieces of exactly `size` bytes; only the last one may be shorter. */
export async function* pieces(source: Bytes, size: number): Bytes {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    let rest = join(waiting);
    for (; rest.length >= size; rest = rest.subarray(size)) yield rest.slice(0, size);
    waiting = [rest];
    length = rest.length;
  }
  if (length > 0) yield join(waiting).slice();
}

/** The bytes of a stream from one place up to (not including) another. */
export async function* within(
  stream: Bytes,
  { from, to = Infinity }: { readonly from: number; readonly to?: number | undefined },
): Bytes {
  let at = 0;
  if (from >= to) return;
  for await (const piece of stream) {
    const wanted = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (wanted.length) yield wanted;
    at += piece.length;
    if (at >= to) return;
  }
}

/**
 * Reads `source` once for several readers, in step: the next chunk is fetched when every reader
 * that is still there has taken this one. Whoever stops early calls `return` (a `for await` does)
 * and then holds up nobody.
 */
export function tee(source: Bytes, readers: number): AsyncIterableIterator<Uint8Array>[] {
  const shared = new Shared(source, readers);
  return Array.from({ length: readers }, () => {
    let open = true;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => open ? shared.next() : Promise.resolve(ended),
      async return() {
        if (!open) return ended;
        open = false;
        await shared.leave();
        return ended;
      },
    };
  });
}

type Result = IteratorResult<Uint8Array>;
const ended: Result = { done: true, value: undefined };

/** One source and those who wait for its next chunk. */
class Shared {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #waiting: PromiseWithResolvers<Result>[] = [];
  #present: number;

  constructor(source: Bytes, readers: number) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#present = readers;
  }

  next(): Promise<Result> {
    const turn = Promise.withResolvers<Result>();
    this.#waiting.push(turn);
    void this.#step();
    return turn.promise;
  }

  async leave(): Promise<void> {
    this.#present--;
    await this.#step();
  }

  async #step(): Promise<void> {
    if (this.#present === 0) return void await this.#iterator.return?.();
    if (this.#waiting.length < this.#present) return;
    const all = this.#waiting;
    this.#waiting = [];
    try {
      const result = await this.#iterator.next();
      for (const reader of all) reader.resolve(result);
    } catch (error) {
      for (const reader of all) reader.reject(error);
    }
  }
}
