// Code page 11: ValidateCert (MS-ASWBXML 2.1.2.1.12).
import { page } from "../page.ts";

export const validateCert = page(11, "ValidateCert", {
  ValidateCert: { token: 0x05 },
  Certificates: { token: 0x06 },
  Certificate: { token: 0x07 },
  CertificateChain: { token: 0x08 },
  CheckCRL: { token: 0x09 },
  Status: { token: 0x0a },
});
