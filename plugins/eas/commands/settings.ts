// Settings: the device describes itself, and asks who its user is and whether they are out of office.
import type { Account } from "../../../core/mod.ts";
import { atLeast, type Command, type EasCall, el, type Element, Status } from "../api.ts";
import { readDeviceInformation } from "../device_information.ts";
import type { Description, Devices } from "../devices.ts";
import type { Tag } from "../wbxml/element.ts";

/** What is asked, part by part; undefined: not asked. */
interface SettingsRequest {
  readonly oof: "get" | { readonly state: string } | "malformed" | undefined;
  readonly description: Description | null | undefined;
  readonly devicePassword: "set" | "malformed" | undefined;
  readonly userInformation: "get" | "malformed" | undefined;
  readonly rights: "get" | "malformed" | undefined;
}

// MS-ASCMD 2.2.3.177.17
const ok = 1;
const protocolError = 2;
const accessDenied = 3;
const deniedByPolicy = 7;
/** MS-ASCMD 2.2.2: IRM is switched off. */
const noRightsManagement = 168;

// MS-ASCMD 2.2.1.18
export function settings(devices: Devices): Command<SettingsRequest, SettingsRequest> {
  return {
    name: "Settings",
    root: "Settings:Settings",
    read,
    async run(request, call) {
      if (request.description) await devices.describe(call.device, request.description);
      return request;
    },
    write,
  };
}

function read({ document }: EasCall): SettingsRequest {
  if (document === undefined) throw new Status(101, "Settings without a document");
  const oof = document.child("Settings:Oof");
  const state = oof?.child("Settings:Set")?.textOf("Settings:OofState");
  const information = document.child("Settings:DeviceInformation");
  const password = document.child("Settings:DevicePassword");
  return {
    oof: oof && (oof.child("Settings:Get") ? "get" : state === undefined ? "malformed" : { state }),
    description: information && (readDeviceInformation(information) ?? null),
    devicePassword: password && (password.child("Settings:Set") ? "set" : "malformed"),
    userInformation: getter(document, "Settings:UserInformation"),
    rights: getter(document, "Settings:RightsManagementInformation"),
  };
}

function getter(document: Element, tag: Tag): "get" | "malformed" | undefined {
  const part = document.child(tag);
  return part && (part.child("Settings:Get") ? "get" : "malformed");
}

function write(request: SettingsRequest, { account, version }: EasCall): Element {
  const { oof, description, devicePassword, userInformation, rights } = request;
  const parts = [
    oof && el("Settings:Oof", ...oofAnswer(oof)),
    description !== undefined &&
    el("Settings:DeviceInformation", status(description ? ok : protocolError)),
    devicePassword &&
    el(
      "Settings:DevicePassword",
      status(devicePassword === "set" ? deniedByPolicy : protocolError),
    ),
    userInformation === "get"
      ? el("Settings:UserInformation", status(ok), userAnswer(account, atLeast(version, "14.1")))
      : userInformation && el("Settings:UserInformation", status(protocolError)),
    rights && rightsAnswer(rights),
  ].filter((part): part is Element => Boolean(part));
  return el("Settings:Settings", status(parts.length > 0 ? ok : protocolError), ...parts);
}

const status = (code: number) => el("Settings:Status", code);

/**
 * Nobody is ever out of office here, so that is what Get says, and what Set may ask for; anything else
 * is denied rather than forgotten.
 */
// MS-ASCMD 2.2.3.120
function oofAnswer(oof: NonNullable<SettingsRequest["oof"]>): Element[] {
  if (oof === "malformed") return [status(protocolError)];
  if (oof !== "get") return [status(oof.state.trim() === "0" ? ok : accessDenied)];
  const audiences = ["Internal", "ExternalKnown", "ExternalUnknown"] as const;
  const messages = audiences.map((audience) =>
    el("Settings:OofMessage", el(`Settings:AppliesTo${audience}`), el("Settings:Enabled", 0))
  );
  return [status(ok), el("Settings:Get", el("Settings:OofState", 0), ...messages)];
}

// MS-ASCMD 2.2.3.189: before 14.1 the addresses alone, since then below an account
function userAnswer(account: Account, accounts: boolean): Element {
  const addresses = [account.address, ...account.aliases]
    .map((address) => el("Settings:SMTPAddress", address));
  if (!accounts) return el("Settings:Get", el("Settings:EmailAddresses", ...addresses));
  // The main account has no AccountId: an id in SendMail can only be a wrong one.
  const main = el(
    "Settings:Account",
    el("Settings:UserDisplayName", account.name || account.address),
    el("Settings:SendDisabled", false),
    el(
      "Settings:EmailAddresses",
      ...addresses,
      el("Settings:PrimarySmtpAddress", account.address),
    ),
  );
  return el("Settings:Get", el("Settings:Accounts", main));
}

// MS-ASRM 2.2.2.17: there are no templates
function rightsAnswer(rights: "get" | "malformed"): Element {
  return el(
    "Settings:RightsManagementInformation",
    status(rights === "get" ? noRightsManagement : protocolError),
    el("Settings:Get", el("RightsManagement:RightsManagementTemplates")),
  );
}
