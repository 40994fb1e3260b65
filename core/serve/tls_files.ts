// Certificate and key, read and checked before a server uses them.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TlsFiles } from "./listener.ts";

/** The texts of a certificate chain and its key. */
export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads both files. Throws where one cannot be read or they do not belong together, as happens for a
 * moment while they are being renewed: a server then keeps what it has.
 */
export async function readTls(files: TlsFiles): Promise<TlsTexts> {
  const cert = await text(files.cert);
  const key = await text(files.key);
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new Error(`Cannot use ${files.cert} with ${files.key}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (!fits) throw new Error(`Cannot use ${files.cert}: ${files.key} is another certificate's key`);
  return { cert, key };
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
