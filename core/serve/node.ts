// Serving by Node's own servers, with @hono/node-server between their requests and the Web's.
import { once } from "node:events";
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { pause, systemClock } from "../clock.ts";
import { within } from "./grace.ts";
import type { Listen, ListenOptions } from "./listener.ts";
import { readTls, type TlsTexts } from "./tls_files.ts";

/** See {@link Listen}. */
export const listen: Listen = async (options) => {
  const tls = options.tls && await readTls(options.tls);
  const server = create(options, tls);
  server.listen({ host: options.hostname, port: options.port, backlog: 4096 });
  await once(server, "listening");
  return {
    hostname: options.hostname,
    port: (server.address() as AddressInfo).port,
    async reloadTls() {
      if (options.tls) (server as HttpsServer).setSecureContext(await readTls(options.tls));
    },
    async stop(graceMs) {
      const ended = new AbortController();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        .finally(() => ended.abort());
      // close() does not end a connection whose held request is answered only now.
      const sweep = async () => {
        while (!ended.signal.aborted) {
          server.closeIdleConnections();
          await pause(systemClock, 20, ended.signal);
        }
      };
      void sweep();
      await within(closed, graceMs, () => server.closeAllConnections());
    },
  };
};

function create({ fetch }: ListenOptions, tls: TlsTexts | undefined): Server {
  const limits = {
    // For requests: a slow phone sends a large message for long. Held answers are not cut by it.
    requestTimeout: 30 * 60_000,
    headersTimeout: 60_000,
    // Phones keep a connection between two requests; five seconds would cost a handshake each.
    keepAliveTimeout: 120_000,
    // Dead peers of held requests are noticed.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    noDelay: true,
  };
  return createAdaptorServer({
    fetch: (request, env) =>
      fetch(request, { remote: (env as HttpBindings).incoming.socket.remoteAddress ?? "" }),
    ...(tls
      ? { createServer: createHttps, serverOptions: { ...limits, ...tls } }
      : { createServer: createHttp, serverOptions: limits }),
  }) as Server;
}
