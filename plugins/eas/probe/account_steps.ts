// The first steps of a phone: being let in, saying who it is, the tree of folders.
import { atLeast } from "../versions.ts";
import { StepFailed } from "./explain.ts";
import type { Outcome } from "./steps.ts";
import { count, type Visit } from "./visit.ts";

export const probeDevice = { model: "Navette probe", os: "Navette", friendlyName: "Navette probe" };

export async function provisionStep({ client }: Visit): Promise<Outcome> {
  const { policyStatus, policy, wipe } = await client.provision();
  if (wipe !== undefined) {
    throw new StepFailed(
      `the server orders to erase this ${wipe}`,
      "Withdraw the order in the server's administration: a phone would obey",
    );
  }
  if (policyStatus === 2) return { detail: "the server has no policy" };
  if (policyStatus !== 1) {
    throw new StepFailed(
      `the server did not take the acceptance of its policy (status ${policyStatus})`,
      "Look into the server's log",
    );
  }
  return { detail: `policy with ${count(policy?.children.length ?? 0, "rule")} accepted` };
}

export async function settingsStep(visit: Visit): Promise<Outcome> {
  const { client, user } = visit;
  visit.addresses = user.includes("@") ? [user] : [];
  if (!atLeast(client.version, "12.0")) {
    return { outcome: "skipped", detail: "this version has no Settings" };
  }
  if (!visit.commands.includes("Settings")) {
    return { outcome: "skipped", detail: "the server does not offer Settings" };
  }
  if (!atLeast(client.version, "14.1")) {
    const status = await client.sendDeviceInformation(probeDevice);
    if (status !== 1) {
      return {
        outcome: "warning",
        detail: `the server did not take the description of the device (status ${status})`,
        fix: "Look into the server's log",
      };
    }
  }
  const { status, addresses, displayName } = await client.userInformation();
  if (status !== 1 || addresses.length === 0) {
    return {
      outcome: "warning",
      detail: `the server does not tell the user's address (status ${status})`,
      fix: "Give the account an address",
    };
  }
  visit.addresses = addresses;
  const list = addresses.join(", ");
  return { detail: displayName ? `${displayName} <${list}>` : list };
}

export async function foldersStep({ phone }: Visit): Promise<Outcome> {
  await phone.syncFolders();
  const mail = phone.mailFolders();
  if (!mail.some(({ type }) => type === 2)) {
    throw new StepFailed("there is no inbox among the folders", "Look at the mailbox of this user");
  }
  const orphans = [...phone.folders.values()]
    .filter(({ parent }) => parent !== "0" && !phone.folders.has(parent));
  if (orphans.length > 0) {
    throw new StepFailed(
      `${count(orphans.length, "folder")} without the folder they belong to`,
      "This is a fault of the server: look into its log",
    );
  }
  return { detail: `${count(phone.folders.size, "folder")}, ${mail.length} of mail` };
}
