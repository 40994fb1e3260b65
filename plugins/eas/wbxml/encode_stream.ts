// Element tree to bytes as a stream, where children or texts come piece by piece.
import { Element, Flow, Leaf, type Stream } from "./element.ts";
import { isEmpty, write } from "./encode.ts";
import { characters } from "./text.ts";
import type { Code } from "./tokens.ts";
import { codeFor, Writer } from "./_writer.ts";

type Chunk = Uint8Array<ArrayBufferLike>;
const utf8 = new TextEncoder();

/** Whether a tree holds a `Flow` or a `Leaf`, so that its length is known only when it is written. */
export function isStreamed(element: Element): boolean {
  const { value } = element;
  return value instanceof Flow || value instanceof Leaf || element.children.some(isStreamed);
}

/**
 * Writes a tree as chunks of about `chunk` bytes. Children of a `Flow` and pieces of a `Leaf` are
 * asked for only when the chunk before them was taken: a slow reader slows the source down. When the
 * reader stops early, every open source is told (`return`). An error of a source ends the stream.
 *
 * Pieces of a `Leaf` may be cut anywhere, inside a character too; bytes are read as UTF-8. Where the
 * tag wants OPAQUE, whose length comes first, the pieces of a `Leaf` are collected in memory.
 *
 * `late`, where given, is asked while a source is waited for: once it resolves, what is written so
 * far goes out as a smaller chunk.
 */
export async function* encodeStream(
  root: Element,
  chunk = 16_384,
  late?: Late,
): AsyncGenerator<Chunk, void> {
  const writer = new Writer(2 * chunk);
  const isLate = late && lateness(late);
  const open: Children[] = [listed([root])];
  try {
    for (let parent = open.at(-1); parent !== undefined; parent = open.at(-1)) {
      let element = parent.next();
      if (element instanceof Promise) {
        if (writer.size > 0 && await isLate?.(element)) yield writer.take();
        element = await element;
      }
      if (element === undefined) {
        open.pop();
        if (open.length > 0) writer.close();
      } else if (left(element, chunk) >= 0) {
        write(writer, element);
      } else if (hasChildren(element)) {
        const children = element.value instanceof Flow
          ? yield* awaited(flowing(element.value), writer, isLate)
          : listed(element.children);
        writer.open(codeFor(element.tag), children !== undefined);
        if (children !== undefined) open.push(children);
      } else {
        yield* leaf(writer, element, chunk, isLate);
      }
      if (writer.size >= chunk) yield writer.take();
    }
    if (writer.size > 0) yield writer.take();
  } finally {
    for (const parent of open.reverse()) await parent.stop?.();
  }
}

/** Resolves when what is there must not be held back any longer. */
export type Late = () => Promise<unknown>;

/** Whether it is late before a source has come. */
type Lateness = (source: Promise<unknown>) => Promise<boolean>;

/** One question serves for all sources until it is answered: there may be thousands of them. */
function lateness(late: Late): Lateness {
  let tell = (_late: boolean) => {};
  let asked = false;
  return (source) =>
    new Promise((resolve) => {
      tell = resolve;
      const here = () => resolve(false);
      source.then(here, here);
      if (asked) return;
      asked = true;
      void late().then(() => {
        asked = false;
        tell(true);
      });
    });
}

/** Waits for a source, but not with all that is written in hand. */
async function* awaited<T>(
  source: Promise<T>,
  writer: Writer,
  isLate: Lateness | undefined,
): AsyncGenerator<Chunk, T> {
  if (writer.size > 0 && await isLate?.(source)) yield writer.take();
  return await source;
}

/**
 * How much of `room` a tree leaves, in characters and elements; below 0: it does not fit, or comes
 * piece by piece. What fits is written at once, which costs a fraction of doing it step by step.
 */
function left({ value }: Element, room: number): number {
  if (value instanceof Flow || value instanceof Leaf) return -1;
  if (typeof value === "string" || value instanceof Uint8Array) return room - 1 - value.length;
  let rest = room - 1;
  if (value) { for (const child of value) if ((rest = left(child, rest)) < 0) break; }
  return rest;
}

function hasChildren({ value }: Element): boolean {
  return value instanceof Flow || (Array.isArray(value) && value.length > 0);
}

/** The children of an element that is being written, one after the other. */
interface Children {
  next(): Element | undefined | Promise<Element | undefined>;
  /** Tells a source that no more is wanted. */
  stop?(): Promise<unknown>;
}

function listed(children: readonly Element[]): Children {
  let index = 0;
  return { next: () => children[index++] };
}

/** Waits for the first child; undefined where there is none: then the element is an empty one. */
async function flowing(flow: Flow): Promise<Children | undefined> {
  const source = flow.children[Symbol.asyncIterator]();
  let first: Element | undefined = await following(source);
  if (first === undefined) return undefined;
  return {
    next() {
      const child = first ?? following(source);
      first = undefined;
      return child;
    },
    stop: async () => await source.return?.(),
  };
}

async function following(source: AsyncIterator<Element>): Promise<Element | undefined> {
  const { done, value } = await source.next();
  return done ? undefined : value;
}

async function* leaf(
  writer: Writer,
  element: Element,
  chunk: number,
  isLate: Lateness | undefined,
): AsyncGenerator<Chunk, void> {
  const { value } = element;
  const code = codeFor(element.tag);
  if (value instanceof Leaf) {
    if (code.opaque) {
      const all = yield* awaited(collected(value.pieces), writer, isLate);
      yield* bytes(writer, code, all, chunk);
    } else yield* text(writer, code, value.pieces, chunk, isLate);
  } else if (value instanceof Uint8Array) {
    yield* bytes(writer, code, value, chunk);
  } else if (typeof value === "string" && value.length > chunk && !code.opaque) {
    yield* text(writer, code, [value], chunk);
  } else {
    write(writer, element);
  }
}

async function* text(
  writer: Writer,
  code: Code,
  source: Stream | Iterable<string>,
  chunk: number,
  isLate?: Lateness,
): AsyncGenerator<Chunk, void> {
  const pieces = characters(source, chunk)[Symbol.asyncIterator]();
  let ended = false;
  try {
    const first = yield* awaited(pieces.next(), writer, isLate);
    ended = first.done === true;
    if (ended) return writer.open(code, false);
    writer.open(code, true);
    writer.startText();
    for (let piece = first; !piece.done; piece = yield* awaited(pieces.next(), writer, isLate)) {
      writer.text(piece.value);
      if (writer.size >= chunk) yield writer.take();
    }
    ended = true;
  } finally {
    if (!ended) await pieces.return?.(undefined);
  }
  writer.endText();
  writer.close();
}

/** A large OPAQUE goes out as views of the bytes that were given. */
async function* bytes(
  writer: Writer,
  code: Code,
  content: Uint8Array,
  chunk: number,
): AsyncGenerator<Chunk, void> {
  if (isEmpty(content)) return writer.open(code, false);
  writer.open(code, true);
  writer.startOpaque(content.length);
  if (content.length < chunk) {
    writer.bytes(content);
  } else {
    yield writer.take();
    for (let at = 0; at < content.length; at += chunk) yield content.subarray(at, at + chunk);
  }
  writer.close();
}

async function collected(source: Stream): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of source) {
    parts.push(typeof piece === "string" ? utf8.encode(piece) : piece.slice());
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
