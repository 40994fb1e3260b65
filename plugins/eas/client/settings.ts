// Settings: who the user is, and what the device is. MS-ASCMD 2.2.1.18
import { el, type Element } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";
import { type DeviceInformation, deviceInformation } from "./provision.ts";

export interface UserInformation {
  /** 1 is well. */
  readonly status: number;
  readonly displayName: string | undefined;
  /** The first is the one that mail is sent from. */
  readonly addresses: readonly string[];
}

export async function userInformation(client: EasClient): Promise<UserInformation> {
  const document = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
  const reply = (await client.command("Settings", document)).document;
  const information = reply?.child("Settings:UserInformation");
  const get = information?.child("Settings:Get");
  // From 14.1 on the addresses are inside of accounts.
  const account = get?.child("Settings:Accounts")?.child("Settings:Account");
  const list = (account ?? get)?.child("Settings:EmailAddresses");
  return {
    status: statusOf(information, reply),
    displayName: account?.textOf("Settings:UserDisplayName"),
    addresses: [
      ...new Set([
        ...(list?.all("Settings:PrimarySmtpAddress") ?? []),
        ...(list?.all("Settings:SMTPAddress") ?? []),
      ].map(({ text }) => text)),
    ],
  };
}

export async function sendDeviceInformation(
  client: EasClient,
  information: DeviceInformation,
): Promise<number> {
  const document = el("Settings:Settings", deviceInformation(information));
  const reply = (await client.command("Settings", document)).document;
  return statusOf(reply?.child("Settings:DeviceInformation"), reply);
}

function statusOf(part: Element | undefined, whole: Element | undefined): number {
  return Number(part?.textOf("Settings:Status") ?? whole?.textOf("Settings:Status"));
}
