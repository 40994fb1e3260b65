// Serving by Deno.serve.
import { pause, systemClock } from "../clock.ts";
import { within } from "./grace.ts";
import type { Listen, Listener, ListenOptions } from "./listener.ts";
import { readTls, type TlsTexts } from "./tls_files.ts";

type Server = Deno.HttpServer<Deno.NetAddr>;
type Handler = Deno.ServeHandler<Deno.NetAddr>;

/** See {@link Listen}. */
export const listen: Listen = async (options) => {
  // Deno cannot cut connections once `shutdown` has begun: what still runs is answered instead.
  const running = new Set<(answer: Response) => void>();
  const handler: Handler = (request, { remoteAddr }) =>
    new Promise((resolve, reject) => {
      running.add(resolve);
      Promise.resolve(options.fetch(request, { remote: remoteAddr.hostname }))
        .then(resolve, reject).finally(() => running.delete(resolve));
    });
  let server = open(options, options.port, await tlsOf(options), handler);
  const { port } = server.addr;
  // Those whose certificate was replaced: they live as long as their connections.
  const old = new Set<Server>();
  const listener: Listener = {
    hostname: options.hostname,
    port,
    async reloadTls() {
      const texts = await tlsOf(options);
      // Deno changes no certificate of a running server, and shares a port only behind an unstable
      // flag. `shutdown` frees the port at once and lets held requests go on: only connections that
      // begin within that millisecond are refused.
      const before = server;
      old.add(before);
      before.shutdown().then(() => old.delete(before), () => old.delete(before));
      server = await reopen(() => open(options, port, texts, handler));
    },
    async stop(graceMs) {
      const all = Promise.allSettled([server, ...old].map((server) => server.shutdown()));
      await within(all, graceMs, () => {
        for (const answer of running) answer(new Response("The server stops", { status: 503 }));
        // Answers that are being streamed end with the process.
        return within(all, 200, () => {});
      });
    },
  };
  return listener;
};

async function tlsOf({ tls }: ListenOptions): Promise<TlsTexts | undefined> {
  return tls && await readTls(tls);
}

function open(
  { hostname }: ListenOptions,
  port: number,
  tls: TlsTexts | undefined,
  handler: Handler,
): Server {
  return Deno.serve({
    hostname,
    port,
    ...tls,
    // Phones come back all at once after a restart.
    tcpBacklog: 4096,
    onListen: () => {},
  }, handler);
}

async function reopen(open: () => Server): Promise<Server> {
  const patience = 1000;
  for (let tries = 1;; tries++) {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries >= patience) throw error;
      await pause(systemClock, 1);
    }
  }
}
