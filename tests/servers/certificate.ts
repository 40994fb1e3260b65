// A certificate for "localhost" and 127.0.0.1, and the authority that signed it.
import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

/** All in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The authority: what a client's `caFile` holds. */
  readonly authority: string;
  /** SHA-256 of the certificate, in lower-case hex without colons: what a client may pin. */
  readonly fingerprint: string;
}

/** Makes a new authority and a certificate signed by it. */
export async function certificate(): Promise<Certificate> {
  const authority = await generate([{ name: "commonName", value: "An authority" }], {
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{
      name: "subjectAltName",
      altNames: [{ type: 2, value: "localhost" }, { type: 7, ip: "127.0.0.1" }],
    }],
  });
  const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
  return { key, cert, authority: authority.cert, fingerprint };
}
