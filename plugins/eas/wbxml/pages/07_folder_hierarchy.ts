// Code page 7: FolderHierarchy (MS-ASWBXML 2.1.2.1.8).
import { page } from "../page.ts";

export const folderHierarchy = page(7, "FolderHierarchy", {
  Folders: { token: 0x05, versions: "2.5-12.1" },
  Folder: { token: 0x06, versions: "2.5-12.1" },
  DisplayName: { token: 0x07 },
  ServerId: { token: 0x08 },
  ParentId: { token: 0x09 },
  Type: { token: 0x0a },
  Response: { token: 0x0b, versions: "legacy" },
  Status: { token: 0x0c },
  ContentClass: { token: 0x0d, versions: "legacy" },
  Changes: { token: 0x0e },
  Add: { token: 0x0f },
  Delete: { token: 0x10 },
  Update: { token: 0x11 },
  SyncKey: { token: 0x12 },
  FolderCreate: { token: 0x13 },
  FolderDelete: { token: 0x14 },
  FolderUpdate: { token: 0x15 },
  FolderSync: { token: 0x16 },
  Count: { token: 0x17 },
  Version: { token: 0x18, versions: "legacy" },
});
