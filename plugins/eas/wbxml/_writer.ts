// A growing buffer that tokens, texts and bytes are written to.
import type { Tag } from "./element.ts";
import { legal } from "./text.ts";
import { type Code, codeOf, CONTENT, END, header, OPAQUE, STR_I, SWITCH_PAGE } from "./tokens.ts";

/** Characters of a text that are tried as ASCII one by one before the text is handed over. */
const shortText = 60;
const utf8 = new TextEncoder();

export class Writer {
  private buffer: Uint8Array;
  private length = 0;
  private page = 0;

  constructor(capacity: number) {
    this.buffer = new Uint8Array(Math.max(capacity, header.length));
    for (const byte of header) this.buffer[this.length++] = byte;
  }

  /** How many bytes `take` would give. */
  get size(): number {
    return this.length;
  }

  /** The bytes written since the last call, in memory of their own. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.buffer.slice(0, this.length) as Uint8Array<ArrayBuffer>;
    this.length = 0;
    return bytes;
  }

  /** An element's token, with what brings its code page; `content` tells that an END will follow. */
  open(code: Code, content: boolean): void {
    this.reserve(3);
    if (code.page !== this.page) {
      this.buffer[this.length++] = SWITCH_PAGE;
      this.buffer[this.length++] = this.page = code.page;
    }
    this.buffer[this.length++] = content ? code.token | CONTENT : code.token;
  }

  close(): void {
    this.reserve(1);
    this.buffer[this.length++] = END;
  }

  /** The beginning of a STR_I. */
  startText(): void {
    this.reserve(1);
    this.buffer[this.length++] = STR_I;
  }

  /** The end of a STR_I. */
  endText(): void {
    this.reserve(1);
    this.buffer[this.length++] = 0;
  }

  /** Characters of a STR_I; forbidden ones are left out, a lone surrogate becomes U+FFFD. */
  text(text: string): void {
    if (text.length <= shortText && this.ascii(text)) return;
    const clean = legal(text);
    this.reserve(clean.length * 3);
    const { written } = utf8.encodeInto(clean, this.buffer.subarray(this.length));
    this.length += written;
  }

  private ascii(text: string): boolean {
    this.reserve(text.length);
    const { buffer, length } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x20 || unit >= 0x80) return false;
      buffer[length + i] = unit;
    }
    this.length = length + text.length;
    return true;
  }

  /** OPAQUE and its length; the bytes follow. */
  startOpaque(length: number): void {
    this.reserve(6);
    this.buffer[this.length++] = OPAQUE;
    for (let shift = 28; shift > 0; shift -= 7) {
      if (length >= 2 ** shift) {
        this.buffer[this.length++] = Math.floor(length / 2 ** shift) % 128 + 128;
      }
    }
    this.buffer[this.length++] = length % 128;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

/** The code of a tag. Throws TypeError for a tag that no code page has. */
export function codeFor(tag: Tag): Code {
  const code = codeOf.get(tag);
  if (code === undefined) throw new TypeError(`Cannot encode WBXML: no code page has ${tag}`);
  return code;
}
