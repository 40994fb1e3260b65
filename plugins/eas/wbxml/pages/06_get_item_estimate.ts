// Code page 6: GetItemEstimate (MS-ASWBXML 2.1.2.1.7).
import { page } from "../page.ts";

export const getItemEstimate = page(6, "GetItemEstimate", {
  GetItemEstimate: { token: 0x05 },
  Version: { token: 0x06, versions: "legacy" },
  Collections: { token: 0x07 },
  Collection: { token: 0x08 },
  Class: { token: 0x09, versions: "2.5-12.1" },
  CollectionId: { token: 0x0a },
  DateTime: { token: 0x0b, versions: "legacy" },
  Estimate: { token: 0x0c },
  Response: { token: 0x0d },
  Status: { token: 0x0e },
});
