// Is the port free, or is it us who have it?
import { createServer } from "node:net";
import type { Config } from "../config.ts";
import { formatListen, type ListenAddress, parseListen } from "../listen_address.ts";
import type { Finding } from "../points.ts";

/** Tries to listen where the server would. */
export async function checkPort({ server }: Config): Promise<Finding[]> {
  const address = parseListen(server.listen)!;
  const where = formatListen(address);
  const code = await tryToListen(address);
  if (code === undefined) {
    return [{ check: "port", level: "ok", detail: `${where} is free: navette is not serving now` }];
  }
  if (code === "EADDRINUSE" && await answersAsNavette(address, server.tls.cert !== "")) {
    return [{ check: "port", level: "ok", detail: `navette answers at ${where}` }];
  }
  const found = {
    EADDRINUSE: ["another program has it", "stop it, or set server.listen to another port"],
    EACCES: ["it is not allowed", "allow it (CAP_NET_BIND_SERVICE), or listen above port 1023"],
    EADDRNOTAVAIL: ["this machine has no such address", "correct server.listen"],
  }[code] ?? [code, "correct server.listen"];
  return [{ check: "port", level: "error", detail: `${where}: ${found[0]}`, fix: found[1]! }];
}

function tryToListen({ hostname, port }: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: hostname, port }, () => server.close(() => resolve(undefined)));
  });
}

async function answersAsNavette(address: ListenAddress, tls: boolean): Promise<boolean> {
  // With TLS the certificate is for another name than this address: that it is taken must do.
  if (tls) return true;
  const anywhere = address.hostname === "0.0.0.0" || address.hostname === "::";
  const hostname = anywhere ? "127.0.0.1" : address.hostname;
  try {
    const url = `http://${formatListen({ ...address, hostname })}/healthz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return isHealth(await answer.json());
  } catch {
    return false;
  }
}

/** Whether this is what Navette answers at `/healthz`. */
export function isHealth(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "ok" in answer &&
    "checks" in answer && Array.isArray(answer.checks);
}
