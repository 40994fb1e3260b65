// Code page 8: MeetingResponse (MS-ASWBXML 2.1.2.1.9).
import { page } from "../page.ts";

export const meetingResponse = page(8, "MeetingResponse", {
  CalendarId: { token: 0x05 },
  CollectionId: { token: 0x06 },
  MeetingResponse: { token: 0x07 },
  RequestId: { token: 0x08 },
  Request: { token: 0x09 },
  Result: { token: 0x0a },
  Status: { token: 0x0b },
  UserResponse: { token: 0x0c },
  Version: { token: 0x0d, versions: "legacy" },
  InstanceId: { token: 0x0e, versions: "14.1-16.1" },
  ProposedStartTime: { token: 0x10, versions: "16.1" },
  ProposedEndTime: { token: 0x11, versions: "16.1" },
  SendResponse: { token: 0x12, versions: "16.0-16.1" },
});
