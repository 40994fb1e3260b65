// The HTTP side of the client: one server, one user, one device, one protocol version.
import { atLeast, parseVersion, type Version } from "../versions.ts";
import { type Element, encode } from "../wbxml/mod.ts";
import { network } from "./network.ts";
import { base64Query, type Parameters, plainQuery, type QueryParts } from "./query.ts";
import { readReply, type Reply } from "./reply.ts";

/** What carries a request to the server; tests put an application or a fault in its place. */
export type Fetch = (request: Request) => Promise<Response>;

export interface ConnectionOptions {
  /** The whole address, for example `https://mail.example.org/Microsoft-Server-ActiveSync`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** 1 to 32 letters and digits. */
  readonly deviceId: string;
  readonly deviceType: string;
  readonly version: Version;
  readonly userAgent?: string;
  /** How the query is written; default: plain, which is all that versions before 12.1 have. */
  readonly query?: "plain" | "base64";
  /** Default: the network. */
  readonly fetch?: Fetch;
}

/** What may go with a request. */
export interface SendOptions {
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
  /** For a body of bytes that is no document: `message/rfc822`. */
  readonly contentType?: string;
}

/** What OPTIONS says. */
export interface Offer {
  readonly http: number;
  readonly headers: Headers;
  /** What the server names, known to this client or not, in its order. */
  readonly versions: readonly string[];
  readonly commands: readonly string[];
  /** The highest version that both sides speak. */
  readonly best: Version | undefined;
}

/** Sends requests; changes its address only where a server says so (HTTP 451). */
export interface Connection {
  readonly version: Version;
  readonly url: string;
  /** Sent with every request but OPTIONS. undefined: none. */
  policyKey: number | undefined;
  options(signal?: AbortSignal): Promise<Offer>;
  /**
   * Sends one request and reads the answer, whatever its HTTP status. Without `body` the request is
   * empty. Rejects with what `fetch` rejects with, and with WbxmlError for a broken answer.
   */
  send(command: string, body?: Element | Uint8Array, options?: SendOptions): Promise<Reply>;
  /** From now on, requests go there. */
  moveTo(url: string): void;
}

export function connection(options: ConnectionOptions): Connection {
  let url = options.url;
  const fetch = options.fetch ?? network();
  const self: Connection = {
    version: options.version,
    policyKey: undefined,
    get url() {
      return url;
    },
    moveTo(to) {
      url = to;
    },
    async options(signal) {
      const init = signal ? { signal } : {};
      const headers = commonHeaders(options);
      const response = await fetch(new Request(url, { method: "OPTIONS", headers, ...init }));
      await response.body?.cancel();
      return offerOf(response);
    },
    async send(command, body, sending = {}) {
      const { policyKey } = self;
      const parts = { ...options, url, command, policyKey, parameters: sending.parameters ?? {} };
      return await readReply(await fetch(requestOf(parts, body, sending)));
    },
  };
  return self;
}

function requestOf(
  parts: QueryParts & ConnectionOptions,
  body: Element | Uint8Array | undefined,
  { contentType, signal }: SendOptions,
): Request {
  const base64 = parts.query === "base64" && atLeast(parts.version, "12.1");
  const headers = commonHeaders(parts);
  if (!base64) plainHeaders(headers, parts);
  const bytes = body instanceof Uint8Array || body === undefined ? body : encode(body);
  if (bytes !== undefined) {
    headers.set("Content-Type", contentType ?? "application/vnd.ms-sync.wbxml");
  }
  return new Request(`${parts.url}?${base64 ? base64Query(parts) : plainQuery(parts)}`, {
    method: "POST",
    headers,
    body: bytes === undefined ? null : bytes as Uint8Array<ArrayBuffer>,
    ...(signal ? { signal } : {}),
  });
}

function commonHeaders({ user, password, userAgent }: ConnectionOptions): Headers {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  const headers = new Headers({ Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` });
  headers.set("User-Agent", userAgent ?? "Navette-Client/1");
  return headers;
}

/** What the base64 encoding has in the query. */
function plainHeaders(headers: Headers, parts: QueryParts): void {
  headers.set("MS-ASProtocolVersion", parts.version);
  if (parts.policyKey !== undefined) headers.set("X-MS-PolicyKey", String(parts.policyKey));
  if (parts.parameters.acceptMultiPart) headers.set("MS-ASAcceptMultiPart", "T");
}

function offerOf(response: Response): Offer {
  const { headers } = response;
  const versions = listOf(headers.get("MS-ASProtocolVersions"));
  const known = versions.map(parseVersion).filter((version) => version !== undefined);
  return {
    http: response.status,
    headers,
    versions,
    commands: listOf(headers.get("MS-ASProtocolCommands")),
    best: known.sort((a, b) => Number(b) - Number(a))[0],
  };
}

function listOf(header: string | null): string[] {
  return (header ?? "").split(",").map((word) => word.trim()).filter((word) => word !== "");
}
