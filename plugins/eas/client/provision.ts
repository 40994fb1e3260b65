// The two steps by which a device gets its policy key. MS-ASPROV 3.1.5.1
import { atLeast, type Version } from "../versions.ts";
import { el, type Element } from "../wbxml/mod.ts";
import type { Connection } from "./connection.ts";
import { EasError, rootStatus } from "./reply.ts";

/** What a phone tells about itself. */
export interface DeviceInformation {
  readonly model: string;
  readonly os?: string;
  readonly friendlyName?: string;
  readonly language?: string;
  readonly userAgent?: string;
}

/** How provisioning ended. */
export interface Provisioned {
  /** 1: there is a policy, and it was accepted. 2: the server has no policy. */
  readonly policyStatus: number;
  readonly policyKey: number | undefined;
  /** The policy; undefined where there is none. */
  readonly policy: Element | undefined;
  /** The server orders to erase the device, or only the account. It was not obeyed. */
  readonly wipe: "device" | "account" | undefined;
}

const policyType = (version: Version) =>
  atLeast(version, "12.0") ? "MS-EAS-Provisioning-WBXML" : "MS-WAP-Provisioning-XML";

/**
 * Asks for the policy and accepts it, and leaves the final key with the connection. Throws
 * {@link EasError} where the server refuses.
 */
export async function provision(
  connection: Connection,
  information: DeviceInformation,
): Promise<Provisioned> {
  const kind = policyType(connection.version);
  connection.policyKey = 0;
  const offered = await step(
    connection,
    atLeast(connection.version, "14.1") && deviceInformation(information),
    el("Provision:Policies", el("Provision:Policy", el("Provision:PolicyType", kind))),
  );
  const first = policyOf(offered);
  const outcome = {
    policyStatus: first.status,
    policy: first.data,
    wipe: wipeOf(offered),
  };
  if (first.status !== 1 || first.key === undefined) {
    connection.policyKey = first.key;
    return { ...outcome, policyKey: first.key };
  }
  connection.policyKey = first.key;
  const confirmed = policyOf(await step(connection, acceptance(kind, first.key)));
  connection.policyKey = confirmed.key;
  return { ...outcome, policyStatus: confirmed.status, policyKey: confirmed.key };
}

async function step(
  connection: Connection,
  ...children: (Element | false)[]
): Promise<Element> {
  const document = el("Provision:Provision", ...children.filter((child) => child !== false));
  const reply = await connection.send("Provision", document);
  const status = rootStatus(reply.document);
  if (reply.document === undefined || status !== 1) throw new EasError("Provision", reply, status);
  return reply.document;
}

function acceptance(kind: string, key: number): Element {
  return el(
    "Provision:Policies",
    el(
      "Provision:Policy",
      el("Provision:PolicyType", kind),
      el("Provision:PolicyKey", key),
      el("Provision:Status", 1),
    ),
  );
}

function policyOf(document: Element) {
  const policy = document.child("Provision:Policies")?.child("Provision:Policy");
  const key = Number(policy?.textOf("Provision:PolicyKey") ?? NaN);
  return {
    // No Policies at all: a wipe order, or a server without policies.
    status: Number(policy?.textOf("Provision:Status") ?? 2),
    key: Number.isInteger(key) ? key : undefined,
    data: policy?.child("Provision:Data")?.child("Provision:EASProvisionDoc"),
  };
}

function wipeOf(document: Element): Provisioned["wipe"] {
  if (document.child("Provision:RemoteWipe")) return "device";
  return document.child("Provision:AccountOnlyRemoteWipe") ? "account" : undefined;
}

/** Inside Provision from 14.1 on, inside Settings before. MS-ASCMD 2.2.3.45 */
export function deviceInformation(information: DeviceInformation): Element {
  const { model, friendlyName, os, language, userAgent } = information;
  return el(
    "Settings:DeviceInformation",
    el(
      "Settings:Set",
      el("Settings:Model", model),
      friendlyName === undefined ? undefined : el("Settings:FriendlyName", friendlyName),
      os === undefined ? undefined : el("Settings:OS", os),
      language === undefined ? undefined : el("Settings:OSLanguage", language),
      userAgent === undefined ? undefined : el("Settings:UserAgent", userAgent),
    ),
  );
}
