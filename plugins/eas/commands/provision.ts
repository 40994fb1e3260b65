// Provision: policies, wipe orders and the device's description. What they say comes from plugins.
import type { Host } from "../../../core/mod.ts";
import {
  atLeast,
  type Command,
  type EasCall,
  el,
  type Element,
  provision as provisionPoint,
  type ProvisionPart,
  Status,
  type Version,
} from "../api.ts";
import { readDeviceInformation } from "../device_information.ts";
import type { Description, Devices } from "../devices.ts";

interface ProvisionRequest {
  /** null: it is there and malformed. */
  readonly description: Description | null | undefined;
  /** The policy that is asked for or acknowledged; undefined: the request is about something else. */
  readonly policy: { readonly type: string } | undefined;
}

interface ProvisionOutcome {
  readonly description: "kept" | "malformed" | "none";
  readonly status: number;
  readonly policies: Element | undefined;
  readonly order: Element | undefined;
}

/** The only kind of policy of each version. MS-ASPROV 2.2.2.43 */
const policyType = (version: Version) =>
  atLeast(version, "12.0") ? "MS-EAS-Provisioning-WBXML" : "MS-WAP-Provisioning-XML";

/** Protocol error, as the Status of Provision and of DeviceInformation. */
const protocolError = 2;

// MS-ASPROV 2.2.2.45
export function provision(
  host: Host,
  devices: Devices,
): Command<ProvisionRequest, ProvisionOutcome> {
  return {
    name: "Provision",
    root: "Provision:Provision",
    read,
    async run({ description, policy }, call) {
      if (description) await devices.describe(call.device, description);
      const parts = await partsOf(host, call);
      const policies = parts.find((part) => part.policies)?.policies;
      return {
        description: description === undefined ? "none" : description ? "kept" : "malformed",
        status: parts.find((part) => (part.status ?? 1) !== 1)?.status ??
          (policies || policy?.type !== "" ? 1 : protocolError),
        policies: policies ??
          (policy && policy.type !== "" ? noPolicy(policy.type, call.version) : undefined),
        order: parts.find((part) => part.order)?.order,
      };
    },
    write: ({ description, status, policies, order }) =>
      el(
        "Provision:Provision",
        description === "none" ? undefined : el(
          "Settings:DeviceInformation",
          el("Settings:Status", description === "kept" ? 1 : protocolError),
        ),
        el("Provision:Status", status),
        policies,
        order,
      ),
  };
}

/**
 * The request. Its children come in any order: the specification's own sample of an acknowledgement
 * is out of order, and devices put RemoteWipe first or last.
 */
function read({ document }: EasCall): ProvisionRequest {
  if (document === undefined) throw new Status(101, "Provision without a document");
  const information = document.child("Settings:DeviceInformation");
  const policies = document.child("Provision:Policies");
  const type = policies?.child("Provision:Policy")?.textOf("Provision:PolicyType")?.trim() ?? "";
  return {
    description: information && (readDeviceInformation(information) ?? null),
    policy: policies && { type },
  };
}

async function partsOf(host: Host, call: EasCall): Promise<ProvisionPart[]> {
  const parts: ProvisionPart[] = [];
  // One after the other: what one of them stores, the next may read.
  for (const contribution of host.all(provisionPoint)) {
    const part = await contribution.answer(call);
    if (part) parts.push(part);
  }
  return parts;
}

/**
 * There is no policy: the device goes on without one, in both phases. Status 2 comes without a key,
 * because there is nothing to acknowledge; 3 where the kind of policy is none of this version.
 */
// MS-ASPROV 2.2.2.54.2
function noPolicy(type: string, version: Version): Element {
  return el(
    "Provision:Policies",
    el(
      "Provision:Policy",
      el("Provision:PolicyType", type),
      el("Provision:Status", type === policyType(version) ? 2 : 3),
    ),
  );
}
