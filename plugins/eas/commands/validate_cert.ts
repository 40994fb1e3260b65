// ValidateCert: what can be said of a certificate without authorities to ask: is it one, is it in time.
import { X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { type Command, type EasCall, el, Status } from "../api.ts";

/** The certificates to look at; undefined: the request breaks the protocol. */
type Request = readonly Uint8Array[] | undefined;

interface Outcome {
  readonly status: number;
  readonly certificates: readonly number[];
}

// MS-ASCMD 2.2.3.177.19
const ok = 1, protocolError = 2, expired = 7, incomplete = 10, unknown = 17;

/** MS-ASCMD 2.2.3.19.2: certificates of one request. */
const most = 100;

// MS-ASCMD 2.2.1.22
export const validateCert: Command<Request, Outcome> = {
  name: "ValidateCert",
  root: "ValidateCert:ValidateCert",
  read({ document }) {
    if (document === undefined) throw new Status(101, "ValidateCert without a document");
    const certificates = document.child("ValidateCert:Certificates")
      ?.all("ValidateCert:Certificate") ?? [];
    if (certificates.length === 0 || certificates.length > most) return undefined;
    return certificates.map(({ text }) => Buffer.from(text, "base64"));
  },
  async run(request, { clock }: EasCall) {
    if (!request) return { status: protocolError, certificates: [] };
    return { status: ok, certificates: request.map((bytes) => judge(bytes, clock.now())) };
  },
  write: ({ status, certificates }) =>
    el(
      "ValidateCert:ValidateCert",
      el("ValidateCert:Status", status),
      ...certificates.map((code) =>
        el("ValidateCert:Certificate", el("ValidateCert:Status", code))
      ),
    ),
};

/** Nobody is trusted until authorities are known: never a word that a device could take for yes. */
function judge(bytes: Uint8Array, now: number): number {
  try {
    const { validFrom, validTo } = new X509Certificate(bytes);
    return now < Date.parse(validFrom) || now > Date.parse(validTo) ? expired : unknown;
  } catch {
    return incomplete;
  }
}
