// The certificate: does it fit its key, is it in time, does it carry the name that clients use?
import { X509Certificate } from "node:crypto";
import type { Clock } from "../clock.ts";
import { type Config, pathIn } from "../config.ts";
import type { Finding } from "../points.ts";
import { readTls } from "../serve/tls_files.ts";

const day = 24 * 3600_000;
/** Those who renew by themselves do it thirty days before; so two weeks mean that it failed. */
const soon = 14 * day;

/** Looks at the configured files; nothing where TLS is somebody else's work. */
export async function checkCertificate(
  config: Config,
  url: string | undefined,
  clock: Clock,
): Promise<Finding[]> {
  const { cert, key } = config.server.tls;
  if (cert === "") return [];
  try {
    const texts = await readTls({ cert: pathIn(config, cert), key: pathIn(config, key) });
    const certificate = new X509Certificate(texts.cert);
    return [timeOf(certificate, clock.now()), ...nameOf(certificate, url)];
  } catch (error) {
    return [{
      check: "certificate",
      level: "error",
      detail: (error as Error).message,
      fix: "correct server.tls.cert and server.tls.key; both must be PEM that navette may read",
    }];
  }
}

function timeOf(certificate: X509Certificate, now: number): Finding {
  const check = "certificate";
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const until = new Date(to).toISOString().slice(0, 10);
  const fix = "renew it; navette uses the new files within a minute";
  if (now < from) {
    return {
      check,
      level: "error",
      detail: `it is not valid before ${certificate.validFrom}`,
      fix,
    };
  }
  if (now > to) return { check, level: "error", detail: `it has expired on ${until}`, fix };
  if (to - now < soon) {
    return { check, level: "warning", detail: `it expires soon, on ${until}`, fix };
  }
  return { check, level: "ok", detail: `it is valid until ${until}` };
}

function nameOf(certificate: X509Certificate, url: string | undefined): Finding[] {
  if (url === undefined) return [];
  const { hostname } = new URL(url);
  const check = "certificate's names";
  if (certificate.checkHost(hostname) !== undefined) {
    return [{ check, level: "ok", detail: `it is for ${hostname}` }];
  }
  const names = certificate.subjectAltName ?? certificate.subject;
  return [{
    check,
    level: "error",
    detail: `it is not for ${hostname} but for ${names}`,
    fix: `get a certificate that names ${hostname}, or correct server.url`,
  }];
}
