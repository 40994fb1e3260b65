// Looks at a server without logging in: is it there, what certificate does it show?
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ImapFlow } from "imapflow";
import { imapPort, type Server } from "./server.ts";
import { inspectedTransport, plainFingerprint } from "../login/tls.ts";

/** What a server shows to anybody. */
export interface Survey {
  /** Why it cannot be reached; undefined: it can. */
  readonly trouble: Error | undefined;
  /** The certificate, and what is wrong with it as far as this machine can tell. */
  readonly certificate: ShownCertificate | undefined;
}

export interface ShownCertificate {
  readonly certificate: X509Certificate;
  /** SHA-256 in hex. */
  readonly fingerprint: string;
  /** undefined: signed by a known authority, and for this name. */
  readonly doubt: string | undefined;
}

/** Connects, and says goodbye before the login. No password is sent, so any certificate will do. */
export async function surveyServer(server: Server): Promise<Survey> {
  const { host, security, timeout, caFile } = server.config;
  let shown: ShownCertificate | undefined;
  const transport = inspectedTransport((socket) => {
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    const doubt = socket.authorized ? undefined : String(socket.authorizationError);
    const fingerprint = plainFingerprint(certificate.fingerprint256);
    shown = { certificate, fingerprint, doubt };
  });
  const patience = { connectionTimeout: timeout * 1000, greetingTimeout: timeout * 1000 };
  let reached = false;
  try {
    const ca = caFile === "" ? undefined : await readFile(caFile, "utf8");
    const client = new ImapFlow({
      host,
      port: imapPort(server.config),
      secure: security === "tls",
      ...(security !== "tls" && { doSTARTTLS: security === "starttls" }),
      tls: { rejectUnauthorized: false, ...(ca !== undefined && { ca }) },
      transport,
      logger: false,
      ...patience,
    });
    client.on("error", () => {});
    // It ends for want of a login: everything before that has gone well then.
    const error = await client.connect().then(() => undefined, (error: Error) => error);
    reached = error === undefined || /configure the login/.test(error.message);
    client.close();
    const trouble = reached ? undefined : error;
    return { trouble, certificate: shown };
  } catch (error) {
    return { trouble: error as Error, certificate: shown };
  }
}
