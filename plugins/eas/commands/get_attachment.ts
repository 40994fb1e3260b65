// GetAttachment: the bytes of an attachment, as devices up to 12.1 ask for them.
import { NotFound, type PartBytes } from "../../mailbox/api.ts";
import { type Command, type EasCall, Status } from "../api.ts";
import { parseFileReference, type PartRef } from "../schema/attachments.ts";

/** Later versions fetch attachments by ItemOperations. */
// MS-ASCMD 2.2.1.7
export const getAttachment: Command<PartRef, PartBytes> = {
  name: "GetAttachment",
  until: "12.1",
  read({ query }) {
    if (!query.attachmentName) throw new Status(103, "GetAttachment without an AttachmentName");
    const reference = parseFileReference(query.attachmentName);
    if (!reference) throw gone();
    return reference;
  },
  run,
  write: ({ type, size, bytes }) => ({
    contentType: isType.test(type) ? type : "application/octet-stream",
    body: bytes,
    ...(size !== undefined && { length: size }),
  }),
};

async function run({ item, part }: PartRef, { mailbox }: EasCall): Promise<PartBytes> {
  try {
    return await mailbox.part(item, part);
  } catch (error) {
    if (error instanceof NotFound) throw gone({ cause: error });
    throw error;
  }
}

/** The specification wants just this code for an attachment that is not there any more. */
const gone = (options: ErrorOptions = {}) =>
  new Status(150, "the attachment is not there", { ...options, http: 500 });

/** What a sender calls a type may be anything; a header cannot be. */
const isType = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;
