// Settings: the device describes itself, asks who its user is, and says what to answer in absence.
import type { Account, Host } from "../../../core/mod.ts";
import {
  atLeast,
  type Command,
  devicePassword,
  type EasCall,
  el,
  type Element,
  Status,
} from "../api.ts";
import type { EasConfig } from "../config.ts";
import { readDeviceInformation } from "../device_information.ts";
import type { Description, Devices } from "../devices.ts";
import type { Tag } from "../wbxml/element.ts";
import { type OofAnswer, type OofRequest, readOof, runOof, writeOof } from "./settings/oof.ts";

/** What is asked, part by part; undefined: not asked. */
interface SettingsRequest {
  readonly oof: OofRequest | undefined;
  readonly description: Description | null | undefined;
  /** Undefined inside: no Set, which breaks the protocol. */
  readonly password: { readonly set: string | undefined } | undefined;
  readonly userInformation: "get" | "malformed" | undefined;
  readonly rights: "get" | "malformed" | undefined;
}

/** The request, with what came of the parts that had to be worked on. */
interface SettingsOutcome extends Omit<SettingsRequest, "oof" | "password"> {
  readonly oof: OofAnswer | undefined;
  readonly password: number | undefined;
}

// MS-ASCMD 2.2.3.177.15
const ok = 1, protocolError = 2, invalidArguments = 5, deniedByPolicy = 7;
/** MS-ASCMD 2.2.2: IRM is switched off. */
const noRightsManagement = 168;
/** MS-ASCMD 2.2.3.129: characters of a recovery password. */
const longestPassword = 255;

// MS-ASCMD 2.2.1.18
export function settings(
  host: Host<EasConfig>,
  devices: Devices,
): Command<SettingsRequest, SettingsOutcome> {
  return {
    name: "Settings",
    since: "12.0",
    root: "Settings:Settings",
    read: (call) => read(call, host.config.strict),
    async run(request, call) {
      const { oof, description, password } = request;
      if (description) await devices.describe(call.device, description);
      return {
        ...request,
        oof: oof && await runOof(oof, call),
        password: password && await keepPassword(host, call, password.set),
      };
    },
    write,
  };
}

function read({ document }: EasCall, strict: boolean): SettingsRequest {
  if (document === undefined) throw new Status(101, "Settings without a document");
  const oof = document.child("Settings:Oof");
  const information = document.child("Settings:DeviceInformation");
  const password = document.child("Settings:DevicePassword");
  const set = password?.child("Settings:Set");
  return {
    oof: oof && readOof(oof, strict),
    description: information && (readDeviceInformation(information) ?? null),
    password: password && { set: set && (set.textOf("Settings:Password") ?? "") },
    userInformation: getter(document, "Settings:UserInformation"),
    rights: getter(document, "Settings:RightsManagementInformation"),
  };
}

function getter(document: Element, tag: Tag): "get" | "malformed" | undefined {
  const part = document.child(tag);
  return part && (part.child("Settings:Get") ? "get" : "malformed");
}

/** Somebody keeps the password for the administrator, or policy says that nobody does. */
// MS-ASCMD 2.2.3.47
async function keepPassword(
  host: Host<EasConfig>,
  { device }: EasCall,
  password: string | undefined,
): Promise<number> {
  if (password === undefined) return protocolError;
  if (password.length > longestPassword) return invalidArguments;
  for (const keeper of host.all(devicePassword)) {
    if (await keeper.keep(device, password)) return ok;
  }
  return deniedByPolicy;
}

function write(outcome: SettingsOutcome, { account, version }: EasCall): Element {
  const { oof, description, password, userInformation, rights } = outcome;
  const parts = [
    oof && writeOof(oof),
    description !== undefined &&
    el("Settings:DeviceInformation", status(description ? ok : protocolError)),
    password && el("Settings:DevicePassword", status(password)),
    userInformation === "get"
      ? el("Settings:UserInformation", status(ok), userAnswer(account, atLeast(version, "14.1")))
      : userInformation && el("Settings:UserInformation", status(protocolError)),
    rights && rightsAnswer(rights),
  ].filter((part): part is Element => Boolean(part));
  return el("Settings:Settings", status(parts.length > 0 ? ok : protocolError), ...parts);
}

const status = (code: number) => el("Settings:Status", code);

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
