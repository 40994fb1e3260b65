// Element tree to bytes: at once, or as a stream where children or texts come piece by piece.
import { type Element, Flow, Leaf, type Value } from "./element.ts";
import { codeFor, Writer } from "./_writer.ts";

const utf8 = new TextEncoder();

/**
 * Writes a finite tree. Bytes, and the text of a tag whose content is OPAQUE, are written as OPAQUE;
 * all other text as STR_I, without what XML 1.0 forbids and with U+FFFD for a lone surrogate.
 *
 * Throws TypeError where the tree holds a `Flow` or a `Leaf`: see {@link encodeStream}.
 */
export function encode(root: Element): Uint8Array<ArrayBuffer> {
  const writer = new Writer(4096);
  write(writer, root);
  return writer.take();
}

/** Writes a finite tree. */
export function write(writer: Writer, element: Element): void {
  const { value } = element;
  const code = codeFor(element.tag);
  if (value === undefined || isEmpty(value)) return writer.open(code, false);
  writer.open(code, true);
  if (value instanceof Flow || value instanceof Leaf) {
    throw new TypeError(`Cannot encode ${element.tag}: it comes piece by piece`);
  } else if (typeof value === "string" && !code.opaque) {
    writer.startText();
    writer.text(value);
    writer.endText();
  } else if (typeof value === "string" || value instanceof Uint8Array) {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    writer.startOpaque(bytes.length);
    writer.bytes(bytes);
  } else {
    for (const child of value) write(writer, child);
  }
  writer.close();
}

/** Whether a value is written as an element without content. */
export function isEmpty(value: Value): boolean {
  return (typeof value === "string" || value instanceof Uint8Array || Array.isArray(value)) &&
    value.length === 0;
}
