// Code page 16: Gal (MS-ASWBXML 2.1.2.1.17).
import { page } from "../page.ts";

export const gal = page(16, "Gal", {
  DisplayName: { token: 0x05 },
  Phone: { token: 0x06 },
  Office: { token: 0x07 },
  Title: { token: 0x08 },
  Company: { token: 0x09 },
  Alias: { token: 0x0a },
  FirstName: { token: 0x0b },
  LastName: { token: 0x0c },
  HomePhone: { token: 0x0d },
  MobilePhone: { token: 0x0e },
  EmailAddress: { token: 0x0f },
  Picture: { token: 0x10, versions: "14.1-16.1" },
  Status: { token: 0x11, versions: "14.1-16.1" },
  Data: { token: 0x12, versions: "14.1-16.1", opaque: true },
});
