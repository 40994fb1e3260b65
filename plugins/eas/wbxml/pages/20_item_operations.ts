// Code page 20: ItemOperations (MS-ASWBXML 2.1.2.1.21).
import { page } from "../page.ts";

export const itemOperations = page(20, "ItemOperations", {
  ItemOperations: { token: 0x05, versions: "12.0-16.1" },
  Fetch: { token: 0x06, versions: "12.0-16.1" },
  Store: { token: 0x07, versions: "12.0-16.1" },
  Options: { token: 0x08, versions: "12.0-16.1" },
  Range: { token: 0x09, versions: "12.0-16.1" },
  Total: { token: 0x0a, versions: "12.0-16.1" },
  Properties: { token: 0x0b, versions: "12.0-16.1" },
  Data: { token: 0x0c, versions: "12.0-16.1" },
  Status: { token: 0x0d, versions: "12.0-16.1" },
  Response: { token: 0x0e, versions: "12.0-16.1" },
  Version: { token: 0x0f, versions: "12.0-16.1" },
  Schema: { token: 0x10, versions: "12.0-16.1" },
  Part: { token: 0x11, versions: "12.0-16.1" },
  EmptyFolderContents: { token: 0x12, versions: "12.0-16.1" },
  DeleteSubFolders: { token: 0x13, versions: "12.0-16.1" },
  UserName: { token: 0x14, versions: "12.1-16.1" },
  Password: { token: 0x15, versions: "12.1-16.1" },
  Move: { token: 0x16, versions: "14.0-16.1" },
  DstFldId: { token: 0x17, versions: "14.0-16.1" },
  ConversationId: { token: 0x18, versions: "14.0-16.1", opaque: true },
  MoveAlways: { token: 0x19, versions: "14.0-16.1" },
});
