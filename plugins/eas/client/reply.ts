// An answer as it came over HTTP, and how it fails.
import { decode, type Element, type Limits, requestLimits } from "../wbxml/mod.ts";
import { splitMultipart } from "./multipart.ts";

/** One answer of the server. */
export interface Reply {
  /** The HTTP status. */
  readonly http: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  /** The document; undefined where the body is empty or none. */
  readonly document: Element | undefined;
  /** The parts of a multipart answer; the first is the document's. */
  readonly parts: readonly Uint8Array[];
}

/** What a command may end with instead of an answer. */
export class EasError extends Error {
  override name = "EasError";
  readonly command: string;
  /** The HTTP status; 200 where `status` says what is wrong. */
  readonly http: number;
  /** The status in the answer's document; undefined where there was none. */
  readonly status: number | undefined;
  /** Seconds after which to come back, where the server says so. */
  readonly retryAfter: number | undefined;
  readonly headers: Headers;

  constructor(command: string, reply: Pick<Reply, "http" | "headers">, status?: number) {
    const what = status === undefined ? `HTTP ${reply.http}` : `status ${status}`;
    super(`Cannot do ${command}: the server answered ${what}`);
    this.command = command;
    this.http = reply.http;
    this.status = status;
    const seconds = Number(reply.headers.get("Retry-After") ?? NaN);
    this.retryAfter = Number.isFinite(seconds) ? seconds : undefined;
    this.headers = reply.headers;
  }
}

// A client asks one server that its user chose: larger answers than a server takes from anybody.
const replyLimits: Limits = {
  depth: requestLimits.depth,
  bytes: 512 * 1024 * 1024,
  opaque: 512 * 1024 * 1024,
  nodes: 5_000_000,
};

/** Reads all of an answer. Throws WbxmlError where its document is broken. */
export async function readReply(response: Response): Promise<Reply> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("Content-Type") ?? "";
  const parts = /\.multipart\b/i.test(type) && response.ok ? splitMultipart(bytes) : [];
  const document = parts[0] ?? bytes;
  return {
    http: response.status,
    headers: response.headers,
    bytes,
    document: isDocument(response, document) ? decode(document, replyLimits) : undefined,
    parts,
  };
}

function isDocument(response: Response, bytes: Uint8Array): boolean {
  const type = response.headers.get("Content-Type") ?? "";
  return response.status === 200 && bytes.length > 0 && /ms-sync/i.test(type);
}

/** The status at the root of a document; undefined where it has none. */
export function rootStatus(document: Element | undefined): number | undefined {
  const status = document?.children.find(({ tag }) => tag.endsWith(":Status"));
  return status === undefined ? undefined : Number(status.text);
}
