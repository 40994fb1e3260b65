// Code page 21: ComposeMail (MS-ASWBXML 2.1.2.1.22).
import { page } from "../page.ts";

export const composeMail = page(21, "ComposeMail", {
  SendMail: { token: 0x05, versions: "14.0-16.1" },
  SmartForward: { token: 0x06, versions: "14.0-16.1" },
  SmartReply: { token: 0x07, versions: "14.0-16.1" },
  SaveInSentItems: { token: 0x08, versions: "14.0-16.1" },
  ReplaceMime: { token: 0x09, versions: "14.0-16.1" },
  Type: { token: 0x0a, versions: "legacy" },
  Source: { token: 0x0b, versions: "14.0-16.1" },
  FolderId: { token: 0x0c, versions: "14.0-16.1" },
  ItemId: { token: 0x0d, versions: "14.0-16.1" },
  LongId: { token: 0x0e, versions: "14.0-16.1" },
  InstanceId: { token: 0x0f, versions: "14.0-16.1" },
  Mime: { token: 0x10, versions: "14.0-16.1", opaque: true },
  ClientId: { token: 0x11, versions: "14.0-16.1" },
  Status: { token: 0x12, versions: "14.0-16.1" },
  AccountId: { token: 0x13, versions: "14.1-16.1" },
  Forwardees: { token: 0x15, versions: "16.0-16.1" },
  Forwardee: { token: 0x16, versions: "16.0-16.1" },
  ForwardeeName: { token: 0x17, versions: "16.0-16.1" },
  ForwardeeEmail: { token: 0x18, versions: "16.0-16.1" },
});
