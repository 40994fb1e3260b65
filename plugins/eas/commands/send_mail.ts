// SendMail: a message goes out, once, from the user's own address.
import { atLeast, type Command, type EasCall } from "../api.ts";
import { outline } from "../outgoing.ts";
import type { Sent } from "../sent.ts";
import { type ComposeRequest, documentOf, readDocument, readMessage } from "./compose/read.ts";
import { failure, sendOnce, tokenOf } from "./compose/submit.ts";

// MS-ASCMD 2.2.1.17
export function sendMail(sent: Sent): Command<ComposeRequest, void> {
  return {
    name: "SendMail",
    root: "ComposeMail:SendMail",
    read: (call) =>
      atLeast(call.version, "14.0") ? readDocument(documentOf(call)) : readMessage(call),
    run: (request, call) => sendOnce(call, sent, request.clientId, () => send(request, call)),
    write: () => undefined,
  };
}

async function send(request: ComposeRequest, call: EasCall): Promise<void> {
  const { from, distinct } = await outline(request.mime, call.account);
  const { mime, saveInSent } = request;
  const token = tokenOf(request, call.device.id, distinct);
  try {
    await call.mailbox.send({ mime, from, to: [], saveInSent }, token);
  } catch (error) {
    throw failure(error);
  }
}
