// A MIME part: what its header says, and where its bytes lie in the message.
import libmime from "libmime";
import type { Header, Structured } from "./header.ts";
import { decodeWords, parseHeader, parseStructured } from "./header.ts";

/** A part of a message. Places are byte offsets in the message as it arrived. */
export interface Part {
  /** RFC 3501 section number; empty for a multipart at the top. */
  number: string;
  readonly header: Header;
  /** `type/subtype`, lower case, as it is best understood. */
  type: string;
  readonly params: Readonly<Record<string, string>>;
  /** Content-Transfer-Encoding, lower case; empty where there is none. */
  readonly encoding: string;
  /** `attachment`, `inline`, something else, or empty. */
  readonly disposition: string;
  /** The file name that the sender gave; may be empty. */
  readonly name: string;
  readonly contentId: string | undefined;
  readonly contentLocation: string | undefined;
  /** Where the body starts and ends (exclusive), still encoded. */
  readonly start: number;
  end: number;
  readonly children: Part[];
  /** What somebody who knows the part told about it, so that its bytes need not be read for that. */
  readonly told?: Told;
}

/** What a mail server tells of a part beside its header. */
export interface Told {
  /** About how many bytes it has when it is decoded. */
  readonly size: number;
  /** Of an embedded message: its subject, not decoded. */
  readonly subject: string | undefined;
}

/** Reads a part's header. `inside` is the type of the multipart that it is in. */
export function readPart(block: Uint8Array, start: number, inside: string): Part {
  const header = parseHeader(block);
  const content = parseStructured(header.get("content-type"));
  const disposition = parseStructured(header.get("content-disposition"));
  const name = fileName(disposition.params["filename"] || content.params["name"] || "");
  return {
    number: "",
    header,
    type: contentType(content, name, disposition.value, inside),
    params: content.params,
    encoding: /[\w-]+/.exec(parseStructured(header.get("content-transfer-encoding")).value)?.[0] ??
      "",
    disposition: disposition.value,
    name,
    contentId: unbracketed(header.get("content-id")),
    contentLocation: unfolded(header.get("content-location")),
    start,
    end: start,
    children: [],
  };
}

/** RFC 2045 5.2 and RFC 2046 5.1.5: what a part is that does not say it, or says it wrongly. */
function contentType(content: Structured, name: string, disposition: string, inside: string) {
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(content.value)) return content.value;
  if (content.value === "text") return "text/plain";
  if (content.value === "html") return "text/html";
  if (name.includes(".")) return libmime.detectMimeType(name.slice(name.lastIndexOf(".") + 1));
  if (disposition === "attachment") return "application/octet-stream";
  return inside === "multipart/digest" ? "message/rfc822" : "text/plain";
}

/** A name without paths and control characters, at most 255 characters. */
export function fileName(given: string): string {
  const name = decodeWords(given).replace(/^.*[\\/](?=[^\\/])/s, "")
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u001f\u007f]+/g, " ").trim();
  return [...name].length > 255 ? [...name].slice(0, 255).join("") : name;
}

function unbracketed(field: string | undefined): string | undefined {
  return field?.trim().replace(/^<|>$/g, "").trim() || undefined;
}

function unfolded(field: string | undefined): string | undefined {
  return field?.replace(/\s+/g, "") || undefined;
}
