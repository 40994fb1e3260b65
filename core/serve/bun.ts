// Serving by Bun.serve.
import { createServer } from "node:net";
import { within } from "./grace.ts";
import type { Listen, ListenOptions } from "./listener.ts";
import { readTls, type TlsTexts } from "./tls_files.ts";

// What is used of Bun; its own types would disturb those of the other runtimes.
interface BunServer {
  readonly port: number;
  timeout(request: Request, seconds: number): void;
  requestIP(request: Request): { readonly address: string } | null;
  stop(force?: boolean): Promise<void>;
}
interface BunRuntime {
  serve(options: {
    hostname: string;
    port: number;
    reusePort: boolean;
    maxRequestBodySize: number;
    tls?: TlsTexts;
    fetch(request: Request, server: BunServer): Response | Promise<Response>;
  }): BunServer;
}

/** See {@link Listen}. */
export const listen: Listen = async (options) => {
  const tls = options.tls && await readTls(options.tls);
  // A shared port would hide that another program has it: ask first, without sharing.
  if (tls) await claim(options);
  let server = open(options, options.port, tls);
  const { port } = server;
  const old = new Set<BunServer>();
  return {
    hostname: options.hostname,
    port,
    async reloadTls() {
      if (!options.tls) return;
      // Bun's own reload() keeps the old certificate: a second server takes over the port.
      const before = server;
      server = open(options, port, await readTls(options.tls));
      old.add(before);
      before.stop().then(() => old.delete(before), () => old.delete(before));
    },
    async stop(graceMs) {
      const all = [server, ...old];
      const finished = Promise.allSettled(all.map((server) => server.stop()));
      await within(finished, graceMs, () => Promise.all(all.map((server) => server.stop(true))));
    },
  };
};

function open({ hostname, fetch }: ListenOptions, port: number, tls?: TlsTexts): BunServer {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  return Bun.serve({
    hostname,
    port,
    reusePort: tls !== undefined,
    // How large a body may be is for those who read it to say.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    ...(tls ? { tls } : {}),
    fetch(request, server) {
      // Otherwise a held request without a body is cut after ten seconds.
      server.timeout(request, 0);
      return fetch(request, { remote: server.requestIP(request)?.address ?? "" });
    },
  });
}

function claim({ hostname, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host: hostname, port }, () => probe.close(() => resolve()));
  });
}
