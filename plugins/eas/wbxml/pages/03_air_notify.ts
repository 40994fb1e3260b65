// Code page 3: AirNotify (MS-ASWBXML 2.1.2.1.4).
import { page } from "../page.ts";

export const airNotify = page(3, "AirNotify", {
  Notify: { token: 0x05, versions: "legacy" },
  Notification: { token: 0x06, versions: "legacy" },
  Version: { token: 0x07, versions: "legacy" },
  LifeTime: { token: 0x08, versions: "legacy" },
  DeviceInfo: { token: 0x09, versions: "legacy" },
  Enable: { token: 0x0a, versions: "legacy" },
  Folder: { token: 0x0b, versions: "legacy" },
  ServerId: { token: 0x0c, versions: "legacy" },
  DeviceAddress: { token: 0x0d, versions: "legacy" },
  ValidCarrierProfiles: { token: 0x0e, versions: "legacy" },
  CarrierProfile: { token: 0x0f, versions: "legacy" },
  Status: { token: 0x10, versions: "legacy" },
  Responses: { token: 0x11, versions: "legacy" },
  Devices: { token: 0x12, versions: "legacy" },
  Device: { token: 0x13, versions: "legacy" },
  Id: { token: 0x14, versions: "legacy" },
  Expiry: { token: 0x15, versions: "legacy" },
  NotifyGUID: { token: 0x16, versions: "legacy" },
  DeviceFriendlyName: { token: 0x17, versions: "legacy" },
});
