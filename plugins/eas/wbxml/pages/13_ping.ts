// Code page 13: Ping (MS-ASWBXML 2.1.2.1.14).
import { page } from "../page.ts";

export const ping = page(13, "Ping", {
  Ping: { token: 0x05 },
  AutdState: { token: 0x06, versions: "legacy" },
  Status: { token: 0x07 },
  HeartbeatInterval: { token: 0x08 },
  Folders: { token: 0x09 },
  Folder: { token: 0x0a },
  Id: { token: 0x0b },
  Class: { token: 0x0c },
  MaxFolders: { token: 0x0d },
  Version: { token: 0x0e, versions: "legacy" },
});
