// Requests over the network. Not by `fetch`: there, Node gives up on a held request after five
// minutes, and every runtime describes TLS failures in its own words.
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Fetch } from "./connection.ts";

export interface NetworkOptions {
  /** Certificates to trust besides the well-known ones, as PEM. */
  readonly ca?: string;
  /** Talk to servers whose certificate nobody vouches for. */
  readonly insecure?: boolean;
}

/**
 * Sends requests, each over a connection of its own, without redirects and without a time limit: that
 * is the signal's business. Rejects with the error of `node:http`, whose `code` says what is wrong
 * (`ECONNREFUSED`, `CERT_HAS_EXPIRED` …), and with the signal's reason.
 */
export function network(options: NetworkOptions = {}): Fetch {
  return async (request) => {
    const { signal } = request;
    signal.throwIfAborted();
    const body = new Uint8Array(await request.arrayBuffer());
    const message = await send(request, body, options);
    const stop = () => message.destroy();
    signal.addEventListener("abort", stop);
    try {
      return await responseOf(message);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}

function send(
  request: Request,
  body: Uint8Array,
  { ca, insecure }: NetworkOptions,
): Promise<http.IncomingMessage> {
  const { signal } = request;
  const url = new URL(request.url);
  const headers: Record<string, string | number> = Object.fromEntries(request.headers);
  headers["accept-encoding"] = "gzip";
  headers["content-length"] = body.length;
  const tls = { ...(ca ? { ca } : {}), rejectUnauthorized: !insecure };
  const options = { method: request.method, headers, agent: false as const };
  return new Promise((resolve, reject) => {
    const sending = url.protocol === "https:"
      ? https.request(url, { ...options, ...tls }, resolve)
      : http.request(url, options, resolve);
    const stop = () => sending.destroy(signal.reason);
    signal.addEventListener("abort", stop);
    sending.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    sending.on("close", () => signal.removeEventListener("abort", stop));
    sending.end(body);
  });
}

const inflate = promisify(gunzip);
const largest = 512 * 1024 * 1024;

async function responseOf(message: http.IncomingMessage): Promise<Response> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk);
  let body: Uint8Array<ArrayBuffer> = Buffer.concat(chunks);
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (headers.get("content-encoding") === "gzip" && body.length > 0) {
    body = await inflate(body, { maxOutputLength: largest });
    headers.delete("content-encoding");
  }
  const status = message.statusCode ?? 0;
  const hasBody = body.length > 0 && ![204, 205, 304].includes(status);
  return new Response(hasBody ? body : null, { status, headers });
}
