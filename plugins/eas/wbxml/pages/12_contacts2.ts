// Code page 12: Contacts2 (MS-ASWBXML 2.1.2.1.13).
import { page } from "../page.ts";

export const contacts2 = page(12, "Contacts2", {
  CustomerId: { token: 0x05 },
  GovernmentId: { token: 0x06 },
  IMAddress: { token: 0x07 },
  IMAddress2: { token: 0x08 },
  IMAddress3: { token: 0x09 },
  ManagerName: { token: 0x0a },
  CompanyMainPhone: { token: 0x0b },
  AccountName: { token: 0x0c },
  NickName: { token: 0x0d },
  MMS: { token: 0x0e },
});
