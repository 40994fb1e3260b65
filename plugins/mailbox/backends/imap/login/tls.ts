// TLS as a server's section asks for it: an authority of its own, or one certificate only.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect as connectPlain, isIP } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { ImapFlowOptions } from "imapflow";

/** What of a section TLS is made of. */
export interface TlsConfig {
  readonly caFile: string;
  readonly fingerprint: string;
}

/** The options of `node:tls`. A pinned certificate is accepted for what it is, whoever signed it. */
export async function tlsOptions(config: TlsConfig): Promise<ConnectionOptions> {
  if (config.fingerprint !== "") return { rejectUnauthorized: false };
  if (config.caFile === "") return {};
  return { ca: await readFile(config.caFile, "utf8") };
}

/** In hex, lower case, however it was written. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(/[\s:]/g, "").toLowerCase();
}

/** The peer showed another certificate than the pinned one. */
export class WrongCertificate extends Error {
  override name = "WrongCertificate";
  constructor(fingerprint: string) {
    super(`its certificate is another one: SHA-256 ${fingerprint}`);
  }
}

/** Throws {@link WrongCertificate} unless the peer showed the pinned certificate. */
export function checkFingerprint(socket: TLSSocket, pinned: string): void {
  const raw = socket.getPeerCertificate()?.raw;
  const seen = raw ? createHash("sha256").update(raw).digest("hex") : "none";
  if (seen !== plainFingerprint(pinned)) throw new WrongCertificate(seen);
}

type Transport = NonNullable<ImapFlowOptions["transport"]>;

/**
 * Connections on which nothing is said before the peer has shown the pinned certificate: the library
 * has no moment at which that could be checked.
 */
export function pinnedTransport(pinned: string): Transport {
  return inspectedTransport((socket) => checkFingerprint(socket, pinned));
}

/** Connections whose TLS is looked at before anything else is said; `inspect` may refuse it. */
export function inspectedTransport(inspect: (socket: TLSSocket) => void): Transport {
  const checked = (open: (done: () => void) => TLSSocket, done: () => void): TLSSocket => {
    const socket = open(() => {
      try {
        inspect(socket);
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      done();
    });
    return socket;
  };
  const options = (
    to: Parameters<Transport["connect"]>[0] | UpgradeOptions,
  ): ConnectionOptions => ({
    ...to.tls,
    ...(to.servername && !isIP(to.servername) && { servername: to.servername }),
  });
  return {
    connect(to, done) {
      const { host, port } = to;
      if (!to.secure) return connectPlain({ host, port }, done);
      return checked((open) => connectTls({ host, port, ...options(to) }, open), done);
    },
    upgrade(socket, to, done) {
      return checked((open) => connectTls({ socket, host: to.host, ...options(to) }, open), done);
    },
  };
}
type UpgradeOptions = Parameters<NonNullable<Transport["upgrade"]>>[1];
