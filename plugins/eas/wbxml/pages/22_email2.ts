// Code page 22: Email2 (MS-ASWBXML 2.1.2.1.23).
import { page } from "../page.ts";

export const email2 = page(22, "Email2", {
  UmCallerID: { token: 0x05, versions: "14.0-16.1" },
  UmUserNotes: { token: 0x06, versions: "14.0-16.1" },
  UmAttDuration: { token: 0x07, versions: "14.0-16.1" },
  UmAttOrder: { token: 0x08, versions: "14.0-16.1" },
  ConversationId: { token: 0x09, versions: "14.0-16.1", opaque: true },
  ConversationIndex: { token: 0x0a, versions: "14.0-16.1", opaque: true },
  LastVerbExecuted: { token: 0x0b, versions: "14.0-16.1" },
  LastVerbExecutionTime: { token: 0x0c, versions: "14.0-16.1" },
  ReceivedAsBcc: { token: 0x0d, versions: "14.0-16.1" },
  Sender: { token: 0x0e, versions: "14.0-16.1" },
  CalendarType: { token: 0x0f, versions: "14.0-16.1" },
  IsLeapMonth: { token: 0x10, versions: "14.0-16.1" },
  AccountId: { token: 0x11, versions: "14.1-16.1" },
  FirstDayOfWeek: { token: 0x12, versions: "14.1-16.1" },
  MeetingMessageType: { token: 0x13, versions: "14.1-16.1" },
  IsDraft: { token: 0x15, versions: "16.0-16.1" },
  Bcc: { token: 0x16, versions: "16.0-16.1" },
  Send: { token: 0x17, versions: "16.0-16.1" },
});
