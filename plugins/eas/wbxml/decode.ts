// Bytes to element tree, with strict limits: every request of the internet passes through here.
import { Element, type Tag, type Value } from "./element.ts";
import {
  ATTRIBUTES,
  CONTENT,
  END,
  FIRST_TAG,
  header,
  OPAQUE,
  pageCount,
  STR_I,
  SWITCH_PAGE,
  tagOf,
  WbxmlError,
} from "./tokens.ts";

/** What a document may cost. Each limit stops an attack of its own. */
export interface Limits {
  /**
   * Elements inside each other. Stops a document of opening tags only from exhausting the stack,
   * here or in whoever walks the tree. The deepest real one, an attendee of a calendar exception,
   * is at 11.
   */
  readonly depth: number;
  /** Bytes of the whole document: nothing that follows is worth more memory than this. */
  readonly bytes: number;
  /**
   * Bytes of one OPAQUE, checked when its length is read. Stops a length of 4 GB from being
   * reserved, and a file where a picture belongs.
   */
  readonly opaque: number;
  /**
   * Elements and pieces of text together. Stops amplification: a tag of one byte becomes an object
   * of about a hundred.
   */
  readonly nodes: number;
}

/** For what a device sends: 200 commands with long calendar items, or a mail with attachments. */
export const requestLimits: Limits = {
  depth: 32,
  bytes: 64 * 1024 * 1024,
  opaque: 64 * 1024 * 1024,
  nodes: 250_000,
};

/**
 * Reads a document. Texts are UTF-8, where a byte that is none becomes U+FFFD, so that one bad
 * subject does not cost the request. OPAQUE content is a view into `bytes`, not a copy; an element
 * with empty content is an empty element. Elements of unknown code pages (seen: page 254) are
 * left out with all they contain.
 *
 * Throws {@link WbxmlError} for anything else than the WBXML of EAS: other headers, string tables,
 * attributes, entities, processing instructions, unknown tokens, elements mixed with text, a
 * document that ends too early or too late, or one beyond `limits`. MS-ASWBXML 2.1.1
 */
export function decode(bytes: Uint8Array, limits: Limits = requestLimits): Element {
  if (bytes.length > limits.bytes) {
    throw new WbxmlError(`more than ${limits.bytes} bytes`, limits.bytes);
  }
  return new Decoder(bytes, limits).document();
}

/** Bytes that are tried as ASCII one by one before the text goes to the TextDecoder. */
const shortText = 32;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

class Decoder {
  private readonly bytes: Uint8Array;
  private readonly limits: Limits;
  private at = 0;
  private page = 0;
  private nodes = 0;

  constructor(bytes: Uint8Array, limits: Limits) {
    this.bytes = bytes;
    this.limits = limits;
  }

  document(): Element {
    for (const byte of header) {
      if (this.byte() !== byte) this.fail("not the header 03 01 6A 00", this.at - 1);
    }
    const root = this.element(this.token(), 1);
    if (root === undefined) this.fail("the root element is of an unknown code page", 4);
    if (this.at < this.bytes.length) this.fail("bytes after the root element");
    return root;
  }

  /** The element whose token was just read; undefined where its code page is unknown. */
  private element(token: number, depth: number): Element | undefined {
    const tag = this.tag(token);
    if (depth > this.limits.depth) this.fail(`more than ${this.limits.depth} levels`);
    this.count();
    const value = (token & CONTENT) === 0 ? undefined : this.content(depth);
    return tag === undefined ? undefined : new Element(tag, value);
  }

  private tag(token: number): Tag | undefined {
    if ((token & 0x3f) < FIRST_TAG) this.fail(`global token ${hex(token)}`, this.at - 1);
    if ((token & ATTRIBUTES) !== 0) this.fail("attributes", this.at - 1);
    if (this.page >= pageCount) return undefined;
    return tagOf[(this.page << 6) | (token & 0x3f)] ??
      this.fail(`unknown token ${hex(token & 0x3f)} in code page ${this.page}`, this.at - 1);
  }

  /** All up to the END of an element at `depth`. */
  private content(depth: number): Value {
    const token = this.token();
    if (token === END) return undefined;
    return token === STR_I || token === OPAQUE ? this.leaf(token) : this.children(token, depth);
  }

  private children(first: number, depth: number): Element[] | undefined {
    let children: Element[] | undefined;
    for (let token = first; token !== END; token = this.token()) {
      if (token === STR_I || token === OPAQUE) this.fail("text beside an element", this.at - 1);
      const child = this.element(token, depth + 1);
      if (child === undefined) continue;
      if (children === undefined) children = [child];
      else children.push(child);
    }
    return children;
  }

  private leaf(first: number): Value {
    this.count();
    const start = this.at;
    const value = first === STR_I ? this.string() : this.opaque();
    if (this.token() === END) return value.length > 0 ? value : undefined;
    this.at = start; // a text in several pieces: once more, as bytes
    return this.pieces(first);
  }

  /** A leaf of several texts or OPAQUEs: they belong together. Bytes, if one is OPAQUE. */
  private pieces(first: number): Value {
    const pieces: Uint8Array[] = [];
    let text = true;
    for (let token = first; token !== END; token = this.token()) {
      this.count();
      if (token === STR_I) pieces.push(this.stringBytes());
      else if (token === OPAQUE) pieces.push(this.opaque());
      else this.fail("an element beside text", this.at - 1);
      text &&= token === STR_I;
    }
    const all = concatenate(pieces);
    if (all.length === 0) return undefined;
    return text ? utf8.decode(all) : all;
  }

  /** The next token that is not a change of code page. */
  private token(): number {
    let token = this.byte();
    while (token === SWITCH_PAGE) {
      this.page = this.byte();
      token = this.byte();
    }
    return token;
  }

  private string(): string {
    const bytes = this.bytes;
    const start = this.at;
    // Most texts are a few ASCII characters: cheaper to put together here than to hand over.
    let text = "";
    for (let at = start, last = start + shortText; at < last; at++) {
      const byte = bytes[at];
      if (byte === 0) {
        this.at = at + 1;
        return text;
      }
      if (byte === undefined || byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    return utf8.decode(this.stringBytes());
  }

  private stringBytes(): Uint8Array {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) this.fail("a text without end");
    const piece = this.bytes.subarray(this.at, end);
    this.at = end + 1;
    return piece;
  }

  private opaque(): Uint8Array {
    const start = this.at;
    const length = this.integer();
    if (length > this.limits.opaque) {
      this.fail(`an OPAQUE of more than ${this.limits.opaque} bytes`, start);
    }
    if (length > this.bytes.length - this.at) this.fail("an OPAQUE without end", start);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** mb_u_int32: seven bits a byte, highest first. At most five bytes and 32 bits. */
  private integer(): number {
    const start = this.at;
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    this.fail("an integer of more than 32 bits", start);
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) this.fail("the document ends too early");
    this.at++;
    return byte;
  }

  private count(): void {
    if (++this.nodes > this.limits.nodes) {
      this.fail(`more than ${this.limits.nodes} elements and texts`);
    }
  }

  private fail(problem: string, offset = this.at): never {
    throw new WbxmlError(problem, offset);
  }
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function hex(token: number): string {
  return `0x${token.toString(16).padStart(2, "0")}`;
}
