// Code page 19: DocumentLibrary (MS-ASWBXML 2.1.2.1.20).
import { page } from "../page.ts";

export const documentLibrary = page(19, "DocumentLibrary", {
  LinkId: { token: 0x05, versions: "12.0-16.1" },
  DisplayName: { token: 0x06, versions: "12.0-16.1" },
  IsFolder: { token: 0x07, versions: "12.0-16.1" },
  CreationDate: { token: 0x08, versions: "12.0-16.1" },
  LastModifiedDate: { token: 0x09, versions: "12.0-16.1" },
  IsHidden: { token: 0x0a, versions: "12.0-16.1" },
  ContentLength: { token: 0x0b, versions: "12.0-16.1" },
  ContentType: { token: 0x0c, versions: "12.0-16.1" },
});
