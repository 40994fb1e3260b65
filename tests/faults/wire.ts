// The network between a device and the server, where things get lost, doubled, late and cut.
import type { Fetch } from "../../plugins/eas/client/mod.ts";
import type { Machine } from "./machine.ts";
import type { Fault } from "./scenario.ts";

/** A request that the network still holds. */
export type Late = () => Promise<void>;

export interface Wire {
  readonly fetch: Fetch;
  /** What will happen to the next request. */
  next: Fault | undefined;
  /** The server does not learn that the device hung up. */
  silent: boolean;
}

export interface WireParts {
  readonly machine: () => Machine;
  readonly actor: string;
  /** Takes a request that comes a second time, later. */
  late(send: Late): void;
  /** Called before each request; what it throws ends the play. */
  asked(): void;
  /** Whether the device crashes on an answer. */
  crashesOn(answer: Uint8Array): boolean;
  /** Told of each HTTP status that came back. */
  seen(status: number, command: string): void;
}

/** A line of one device. */
export function wire(parts: WireParts): Wire {
  const self: Wire = {
    next: undefined,
    silent: false,
    async fetch(request) {
      parts.asked();
      const { next: fault = {}, silent } = self;
      self.next = undefined;
      self.silent = false;
      const { signal } = request;
      const bytes = await request.arrayBuffer();
      const send = (heard = !silent) =>
        parts.machine().fetch(copyOf(request, bytes, heard ? signal : undefined), parts.actor);
      if (fault.twin === "later") {
        parts.late(() => send(false).then((answer) => seen(parts, request, answer), () => {}));
      }
      if (fault.request === "lost") throw new TypeError("the request was lost");
      parts.machine().arm({
        ...(fault.power && { power: fault.power }),
        ...(fault.trouble !== undefined && { trouble: fault.trouble }),
        ...(fault.upstream && { upstream: fault.upstream }),
      });
      const answer = await hungUp(both(send, fault), signal);
      seen(parts, request, answer);
      return await digested(await damaged(answer, fault), parts);
    },
  };
  return self;
}

/** An answer that crashes the device is as good as lost. */
async function digested(answer: Response, { crashesOn }: WireParts): Promise<Response> {
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (crashesOn(bytes)) throw new TypeError("the device crashed");
  const { status, headers } = answer;
  return new Response(bytes.length > 0 ? bytes : null, { status, headers });
}

function seen({ seen }: WireParts, request: Request, { status }: Response): void {
  seen(status, new URL(request.url).searchParams.get("Cmd") ?? "");
}

/** A twin is sent at once with the first; the device reads the first's answer. */
async function both(send: () => Promise<Response>, { twin }: Fault): Promise<Response> {
  const answers = [send(), ...(twin === "atOnce" ? [send()] : [])];
  const [first] = await Promise.allSettled(answers);
  if (first!.status === "rejected") throw first!.reason;
  return first!.value;
}

/** What comes after the device hung up is not read. */
async function hungUp(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  answer.catch(() => {});
  return await new Promise((resolve, reject) => {
    const stop = () => reject(new TypeError("the device hung up"));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject);
  });
}

function copyOf(request: Request, bytes: ArrayBuffer, signal: AbortSignal | undefined): Request {
  return new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: bytes.byteLength > 0 ? bytes : null,
    ...(signal && { signal }),
  });
}

/** The answer as it arrives. An empty one cannot end in the middle. */
async function damaged(response: Response, { answer, at = 0.5 }: Fault): Promise<Response> {
  if (answer === undefined) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (answer === "lost" || bytes.length < 2) throw new TypeError("the answer was lost");
  if (answer === "broken") throw new TypeError("the answer broke off");
  const { status, headers } = response;
  const cut = bytes.slice(0, 1 + Math.floor(at * (bytes.length - 1)));
  return new Response(cut, { status, headers });
}
