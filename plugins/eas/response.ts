// Answers as HTTP: whole with their length where they are short, as a stream where they are long.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, Log } from "../../core/mod.ts";
import type { Answer } from "./api.ts";
import { joined } from "./request_body.ts";
import { encode } from "./wbxml/encode.ts";
import { encodeStream, isStreamed } from "./wbxml/encode_stream.ts";
import { Element, type Stream, type Tag } from "./wbxml/element.ts";

export const wbxmlType = "application/vnd.ms-sync.wbxml";

/** Up to here an answer is sent with its length: chunks break the progress bars of old clients. */
const buffered = 1024 * 1024;
/** What is not complete after this begins to flow: phones wait 30 s, people less. Milliseconds. */
const patience = 1000;
/** Below it, gzip gains nothing. */
const worthwhile = 1024;

const compress = promisify(gzip);

export interface ResponseOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The client takes gzip. */
  readonly gzip: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The response to a command. Rejects where making the answer fails before any of it was sent; what
 * fails later cuts the connection, so that nobody takes half an answer for a whole one.
 */
// MS-ASHTTP 2.2.2.1
export async function respond(answer: Answer, options: ResponseOptions): Promise<Response> {
  if (answer === undefined) return empty(200, options.headers);
  if (answer instanceof Element) {
    return isStreamed(answer)
      ? await streamed(flowing(answer, options.clock), wbxmlType, undefined, options)
      : await whole(encode(answer), wbxmlType, options);
  }
  const { body, contentType, length } = answer;
  if (body instanceof Uint8Array) return await whole(body, contentType, options);
  return await streamed(bytesOf(body), contentType, length, options);
}

/** A status of the whole request, in a document of the command. MS-ASCMD 2.2.2 */
export function statusDocument(root: Tag, code: number): Uint8Array<ArrayBuffer> {
  const status = `${root.slice(0, root.indexOf(":"))}:Status` as Tag;
  return encode(new Element(root, [new Element(status, String(code))]));
}

/** A response without body. */
export function empty(http: number, headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: http, headers: { ...headers, "Content-Length": "0" } });
}

/** A response that is complete. */
export async function whole(
  bytes: Uint8Array,
  contentType: string,
  options: Pick<ResponseOptions, "gzip" | "headers">,
): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers, "Content-Type": contentType };
  let body = bytes as Uint8Array<ArrayBuffer>;
  if (options.gzip && contentType === wbxmlType && bytes.length >= worthwhile) {
    const packed = await compress(bytes);
    if (packed.length < bytes.length) {
      body = packed;
      headers["Content-Encoding"] = "gzip";
    }
  }
  headers["Content-Length"] = String(body.length);
  return new Response(body, { headers });
}

/** A document as it is made; what is ready leaves at least once a second, however slow the rest. */
async function* flowing(document: Element, clock: Clock): AsyncGenerator<Uint8Array> {
  let beat: Promise<void> | undefined;
  let cancel = () => {};
  const late = () =>
    beat ??= new Promise((resolve) => {
      cancel = clock.after(patience, () => {
        beat = undefined;
        resolve();
      });
    });
  try {
    yield* encodeStream(document, undefined, late);
  } finally {
    cancel();
  }
}

async function streamed(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
  length: number | undefined,
  options: ResponseOptions,
): Promise<Response> {
  const iterator = chunks[Symbol.asyncIterator]();
  const begun = await begin(iterator, options.clock);
  if (begun.complete) return await whole(joined(begun.pieces), contentType, options);
  // No gzip here: it would hold back items that are ready, and most long answers are attachments.
  const headers = {
    ...options.headers,
    "Content-Type": contentType,
    ...(length !== undefined && { "Content-Length": String(length) }),
  };
  return new Response(rest(begun, iterator, options.log), { headers });
}

interface Begun {
  readonly pieces: Uint8Array[];
  readonly complete: boolean;
  /** The next piece, where it was already asked for. */
  readonly pending?: Promise<IteratorResult<Uint8Array>>;
}

/** Collects an answer until it is complete, too long to wait for, or too slow. */
async function begin(iterator: AsyncIterator<Uint8Array>, clock: Clock): Promise<Begun> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(patience, () => resolve(undefined));
  });
  try {
    while (size <= buffered) {
      const pending = iterator.next();
      // Before the first piece nothing could flow, and an error can still be told as a status.
      const next = pieces.length > 0 ? await Promise.race([pending, late]) : await pending;
      if (next === undefined) return { pieces, complete: false, pending };
      if (next.done) return { pieces, complete: true };
      pieces.push(next.value);
      size += next.value.length;
    }
    return { pieces, complete: false };
  } finally {
    cancel();
  }
}

function rest(
  begun: Begun,
  iterator: AsyncIterator<Uint8Array>,
  log: Log,
): ReadableStream<Uint8Array> {
  let { pieces, pending } = begun;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      pieces = [];
    },
    async pull(controller) {
      try {
        const next = await (pending ?? iterator.next());
        pending = undefined;
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        log.error({ err: error }, "an answer broke off");
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function* bytesOf(stream: Stream): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const piece of stream) {
    yield typeof piece === "string" ? encoder.encode(piece) : piece;
  }
}

/** Whether an Accept-Encoding header names gzip and does not refuse it. RFC 9110 12.5.3 */
export function takesGzip(header: string | null): boolean {
  return (header ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
