// The body of an authenticated request, never more of it in memory than allowed.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Status } from "./api.ts";

const inflate = promisify(gunzip);

/**
 * The whole body, at most `limit` bytes (after decompression too); empty where there is none. Throws
 * {@link TooLarge}, or Status 101 for a body that breaks off or is encoded in an unknown way.
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0);
  const encoding = request.headers.get("Content-Encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new Status(101, "unknown Content-Encoding", { http: 415 });
  }
  const declared = Number(request.headers.get("Content-Length") ?? Number.NaN);
  const raw = await received(request.body, limit, declared);
  if (encoding === "identity" || raw.length === 0) return raw;
  try {
    return await inflate(raw, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw new TooLarge(limit);
    }
    throw new Status(101, "the gzip body is damaged", { cause: error });
  }
}

/** A body beyond the limit. The device hears 101, or 122 where it was sending a message. */
export class TooLarge extends Status {
  override name = "TooLarge";
  constructor(limit: number, code: 101 | 122 = 101) {
    super(code, `the body has more than ${limit} bytes`, { http: 413 });
  }
}

async function received(
  body: ReadableStream<Uint8Array>,
  limit: number,
  declared: number,
): Promise<Uint8Array> {
  const sink = declared >= 0 && declared <= limit ? exactly(declared) : growing();
  // Not `for await`: at the end of every body it makes an error for whoever would read on, with its
  // stack, which took longer than all else that is done for a body.
  const reader = body.getReader();
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      // What is too large is taken in and thrown away, within reason: a connection that is closed
      // in the middle of an upload looks like a bad network, and the device tries for ever.
      if (size > 4 * limit) {
        await reader.cancel();
        break;
      }
      if (size <= limit) sink.add(next.value);
    }
  } catch (error) {
    // What nobody takes any more must not go on coming.
    await reader.cancel().catch(() => {});
    throw new Status(101, "the body broke off", { cause: error });
  }
  if (size > limit) throw new TooLarge(limit);
  if (size < declared) throw new Status(101, "the body is shorter than its Content-Length");
  return sink.bytes();
}

interface Sink {
  add(chunk: Uint8Array): void;
  bytes(): Uint8Array;
}

/** For a known length: nothing is held twice. */
function exactly(length: number): Sink {
  const all = new Uint8Array(length);
  let at = 0;
  return {
    add(chunk) {
      if (at + chunk.length > length) {
        throw new Status(101, "the body is longer than its Content-Length");
      }
      all.set(chunk, at);
      at += chunk.length;
    },
    bytes: () => all,
  };
}

function growing(): Sink {
  const chunks: Uint8Array[] = [];
  return {
    add: (chunk) => void chunks.push(chunk),
    bytes: () => joined(chunks),
  };
}

/** One array of several. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
