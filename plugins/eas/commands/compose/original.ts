// The mail that is answered or forwarded: looked up, and marked when that is done.
import {
  type Address,
  addressesIn,
  type Field,
  type FolderId,
  type Item,
  type Mail,
  type Marks,
  normalAddress,
  NotFound,
  owns,
} from "../../../mailbox/api.ts";
import type { EasCall } from "../../api.ts";
import type { Kind } from "../../letter/quote.ts";
import type { Source } from "./read.ts";

/** So much of a text is quoted at most; UTF-8 bytes. */
const longestQuote = 1 << 20;

/** The item with its texts; undefined where it is not (any more). */
export async function findOriginal(
  { item, folder }: Source,
  { mailbox }: EasCall,
): Promise<Item | undefined> {
  const want = { text: longestQuote, html: longestQuote };
  for await (const found of mailbox.read([item], want)) {
    return isThere(found.folder, folder) ? found : undefined;
  }
  return undefined;
}

const isThere = (is: FolderId, wanted: FolderId | undefined) =>
  wanted === undefined || wanted === is;

/**
 * Notes on the original what was done with it; other devices are told. It may be gone by now, which
 * harms nothing: the message is on its way.
 */
// MS-ASEMAIL 2.2.2.44
export async function markOriginal(
  { id, mail }: Item,
  kind: Kind,
  fields: readonly Field[],
  { mailbox, clock, account, log }: EasCall,
  token: string,
): Promise<void> {
  const at = clock.now();
  const toAll = kind === "reply" && mail !== undefined &&
    answersAll(mail, fields, (address) => owns(account, address));
  const marks: Partial<Marks> = kind === "forward"
    ? { forwarded: true, verb: { kind: "forward", at } }
    : { answered: true, verb: { kind: toAll ? "replyAll" : "reply", at } };
  try {
    await mailbox.mark(id, marks, `${token}:mark`);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    log.info({ item: id }, "the answered or forwarded message is gone");
  }
}

/** Whether an answer goes to others who got the original, besides its sender. */
function answersAll(
  { from, replyTo, to, cc }: Mail,
  fields: readonly Field[],
  isOwn: (address: string) => boolean,
): boolean {
  const normal = ({ address }: Address) => normalAddress(address)?.toLowerCase() ?? address;
  const writers = new Set([...from, ...replyTo].map(normal));
  const others = new Set(
    [...to, ...cc].map(normal).filter((one) => !writers.has(one) && !isOwn(one)),
  );
  return addressesIn(fields, "to", "cc", "bcc").map(normal).some((one) => others.has(one));
}
