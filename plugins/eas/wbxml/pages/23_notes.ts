// Code page 23: Notes (MS-ASWBXML 2.1.2.1.24).
import { page } from "../page.ts";

export const notes = page(23, "Notes", {
  Subject: { token: 0x05, versions: "14.0-16.1" },
  MessageClass: { token: 0x06, versions: "14.0-16.1" },
  LastModifiedDate: { token: 0x07, versions: "14.0-16.1" },
  Categories: { token: 0x08, versions: "14.0-16.1" },
  Category: { token: 0x09, versions: "14.0-16.1" },
});
