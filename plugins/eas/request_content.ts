// What a request carries: a document, a message, or nothing.
import { type AnyCommand, type EasCall, Status } from "./api.ts";
import type { EasConfig } from "./config.ts";
import { readBody, TooLarge } from "./request_body.ts";
import { decode, requestLimits } from "./wbxml/decode.ts";

/** Commands whose requests hold whole messages (Sync: drafts with attachments, since 16.0). */
const carriers = ["SendMail", "SmartForward", "SmartReply", "Sync"];

/**
 * Reads and decodes the body. Throws Status 101 (413 where it is too large), 103 for the document of
 * another command, and `WbxmlError`.
 */
// MS-ASHTTP 2.2.1.1.2.2, 2.2.1.1.3
export async function readContent(
  request: Request,
  command: AnyCommand,
  config: EasConfig,
): Promise<Pick<EasCall, "document" | "rfc822">> {
  const body = await bounded(request, command, config);
  if (body.length === 0) return { document: undefined, rfc822: undefined };
  const type = (request.headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "message/rfc822") return { document: undefined, rfc822: body };
  const known = type === "application/vnd.ms-sync.wbxml" || type === "application/vnd.ms-sync";
  // Without a type it can only be a document; old proxies take it away.
  if (!known && (config.strict || type)) throw new Status(101, "unknown Content-Type");
  const document = decode(body, { ...requestLimits, bytes: body.length, opaque: body.length });
  if (document.tag !== command.root) throw new Status(103, `not a ${command.name} document`);
  return { document, rfc822: undefined };
}

async function bounded(
  request: Request,
  command: AnyCommand,
  config: EasConfig,
): Promise<Uint8Array> {
  if (!carriers.includes(command.name)) return await readBody(request, config.maxDocumentSize);
  try {
    return await readBody(request, config.maxRequestSize);
  } catch (error) {
    // MS-ASCMD 2.2.2: AttachmentIsTooLarge, which is what a person can do something about
    if (error instanceof TooLarge && command.name !== "Sync") {
      throw new TooLarge(config.maxRequestSize, 122);
    }
    throw error;
  }
}
