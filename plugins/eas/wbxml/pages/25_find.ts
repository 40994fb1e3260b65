// Code page 25: Find (MS-ASWBXML 2.1.2.1.26).
import { page } from "../page.ts";

export const find = page(25, "Find", {
  Find: { token: 0x05, versions: "16.1" },
  SearchId: { token: 0x06, versions: "16.1" },
  ExecuteSearch: { token: 0x07, versions: "16.1" },
  MailBoxSearchCriterion: { token: 0x08, versions: "16.1" },
  Query: { token: 0x09, versions: "16.1" },
  Status: { token: 0x0a, versions: "16.1" },
  FreeText: { token: 0x0b, versions: "16.1" },
  Options: { token: 0x0c, versions: "16.1" },
  Range: { token: 0x0d, versions: "16.1" },
  DeepTraversal: { token: 0x0e, versions: "16.1" },
  Response: { token: 0x11, versions: "16.1" },
  Result: { token: 0x12, versions: "16.1" },
  Properties: { token: 0x13, versions: "16.1" },
  Preview: { token: 0x14, versions: "16.1" },
  HasAttachments: { token: 0x15, versions: "16.1" },
  Total: { token: 0x16, versions: "16.1" },
  DisplayCc: { token: 0x17, versions: "16.1" },
  DisplayBcc: { token: 0x18, versions: "16.1" },
  GalSearchCriterion: { token: 0x19, versions: "16.1" },
  MaxPictures: { token: 0x20, versions: "16.1" },
  MaxSize: { token: 0x21, versions: "16.1" },
  Picture: { token: 0x22, versions: "16.1" },
});
