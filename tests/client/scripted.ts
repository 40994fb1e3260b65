// A server that answers what a script says, and remembers what it was asked.
import { decode, type Element, encode } from "../../plugins/eas/wbxml/mod.ts";
import type { Fetch } from "../../plugins/eas/client/connection.ts";
import { type ClientOptions, type EasClient, easClient } from "../../plugins/eas/client/client.ts";

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The value of Cmd; empty in the base64 encoding. */
  readonly command: string;
  readonly document: Element | undefined;
}

type Answer = Response | Element | undefined;

/** A server that answers with `answer`: a document, nothing (an empty body), or a whole response. */
export function scripted(answer: (seen: Seen) => Answer | Promise<Answer>): {
  readonly fetch: Fetch;
  readonly seen: Seen[];
} {
  const seen: Seen[] = [];
  return {
    seen,
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const url = new URL(request.url);
      const isWbxml = request.headers.get("Content-Type")?.includes("wbxml") ?? false;
      const asked: Seen = {
        method: request.method,
        url,
        headers: request.headers,
        bytes,
        command: url.searchParams.get("Cmd") ?? "",
        document: isWbxml ? decode(bytes) : undefined,
      };
      seen.push(asked);
      const answered = await answer(asked);
      if (answered instanceof Response) return answered;
      const headers = { "Content-Type": "application/vnd.ms-sync.wbxml" };
      return new Response(answered === undefined ? null : encode(answered), { headers });
    },
  };
}

/** A client of that server. */
export function clientOf(
  fetch: Fetch,
  options: Partial<ClientOptions> = {},
): EasClient {
  return easClient({
    url: "https://mail.example.org/Microsoft-Server-ActiveSync",
    user: "ada@example.org",
    password: "pässword",
    deviceId: "TEST1",
    deviceType: "Test",
    version: "16.1",
    fetch,
    ...options,
  });
}
