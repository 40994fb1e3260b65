// The element tree: what the codec reads and writes, and how commands look into it.
import type { Tag } from "./pages/mod.ts";

export type { Tag } from "./pages/mod.ts";

/** A leaf whose text or bytes come piece by piece. Text is written as STR_I, so without NUL. */
export type Stream = AsyncIterable<string | Uint8Array>;

/**
 * What an element holds: nothing (an empty element), text, bytes (OPAQUE), elements, or, when
 * writing, children or a text that come piece by piece.
 */
export type Value = undefined | string | Uint8Array | readonly Element[] | Flow | Leaf;

/** Children that are made while they are written. */
export class Flow {
  readonly children: AsyncIterable<Element>;
  constructor(children: AsyncIterable<Element>) {
    this.children = children;
  }
}

/** A text leaf that is made while it is written. */
export class Leaf {
  readonly pieces: Stream;
  constructor(pieces: Stream) {
    this.pieces = pieces;
  }
}

const none: readonly Element[] = [];

export class Element {
  readonly tag: Tag;
  readonly value: Value;
  constructor(tag: Tag, value: Value) {
    this.tag = tag;
    this.value = value;
  }

  /** The child elements; none where the element is empty or a leaf. */
  get children(): readonly Element[] {
    return Array.isArray(this.value) ? this.value : none;
  }

  /** The first child with this tag. */
  child(tag: Tag): Element | undefined {
    return this.children.find((child) => child.tag === tag);
  }

  /** All children with this tag, in order. */
  all(tag: Tag): Element[] {
    return this.children.filter((child) => child.tag === tag);
  }

  /** The text of a leaf; bytes are read as UTF-8; an empty element is "". */
  get text(): string {
    if (typeof this.value === "string") return this.value;
    if (this.value instanceof Uint8Array) return new TextDecoder().decode(this.value);
    return "";
  }

  /** The bytes of a leaf; text is given as UTF-8. */
  get bytes(): Uint8Array {
    if (this.value instanceof Uint8Array) return this.value;
    return new TextEncoder().encode(this.text);
  }

  /** The text of the first child with this tag; undefined where there is none. */
  textOf(tag: Tag): string | undefined {
    return this.child(tag)?.text;
  }
}

/**
 * Makes an element. Children that are undefined or false are left out; numbers and booleans become
 * their text (`1`/`0`). `el("Ping:Status", 1)`, `el("Sync…", a, b && c)`, `el("AirSync:MoreAvailable")`.
 */
export function el(
  tag: Tag,
  ...content:
    readonly (Element | string | number | boolean | Uint8Array | Flow | Leaf | undefined)[]
): Element {
  const first = content[0];
  if (content.length === 1 && !(first instanceof Element)) {
    if (typeof first === "number") return new Element(tag, String(first));
    if (typeof first === "boolean") return new Element(tag, first ? "1" : "0");
    return new Element(tag, first);
  }
  const children = content.filter((child): child is Element => child instanceof Element);
  return new Element(tag, children.length > 0 ? children : undefined);
}
