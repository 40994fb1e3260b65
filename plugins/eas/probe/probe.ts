// Acts as a phone against any ActiveSync server and tells what a phone would see.
import { type Clock, systemClock } from "../../../core/mod.ts";
import { easClient, EasError, type Fetch, network, type Offer, Phone } from "../client/mod.ts";
import { parseVersion, type Version } from "../versions.ts";
import { foldersStep, probeDevice, provisionStep, settingsStep } from "./account_steps.ts";
import { endpointOf, standardEndpoint } from "./address.ts";
import { StepFailed } from "./explain.ts";
import { attachmentStep, readStep, syncStep } from "./mail_steps.ts";
import { patient } from "./patience.ts";
import type { ProbeReport, ProbeStep, ProbeVisit } from "./report.ts";
import { type Outcome, Steps } from "./steps.ts";
import type { Visit } from "./visit.ts";
import { isOwn, pingStep, sendStep, wakeStep } from "./wake_steps.ts";

export interface ProbeOptions {
  /** A host, a base address, or the whole endpoint. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Default: the highest that both sides speak. `all`: one visit in each. */
  readonly version?: Version | "all";
  /** Send a message there. To an own address, it must wake the phone. */
  readonly sendTo?: string;
  /** How long a Ping is held, in seconds; default 2. */
  readonly wait?: number;
  /** What the server knows the probe by; default: always the same, so that it is one device. */
  readonly deviceId?: string;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  /** Called before the steps of a visit. */
  readonly onVisit?: (version: Version) => void;
  /** Called with each step when it is done. */
  readonly onStep?: (step: ProbeStep) => void;
}

const userAgent = "Navette-Probe/1";

/** Visits a server. Throws SyntaxError for an address that is none; never because of the server. */
export async function runProbe(options: ProbeOptions): Promise<ProbeReport> {
  const endpoint = endpointOf(options.url);
  const clock = options.clock ?? systemClock;
  const fetch = patient(options.fetch ?? network(), clock);
  const connecting = new Steps(clock, endpoint, options.onStep ?? (() => {}));
  let offer: Offer | undefined;
  const connected = await connecting.run("Connect", async () => {
    offer = await clientOf(options, fetch, endpoint, "12.1").options();
    return await judged(offer, options, fetch, endpoint);
  });
  const visits: ProbeVisit[] = [];
  for (const version of connected && offer ? wantedVersions(offer, options) : []) {
    options.onVisit?.(version);
    const steps = new Steps(clock, endpoint, options.onStep ?? (() => {}));
    const client = clientOf(options, fetch, endpoint, version);
    await visit(steps, options.sendTo, {
      client,
      phone: new Phone(client),
      clock,
      user: options.user,
      commands: offer?.commands ?? [],
      wait: options.wait ?? 2,
      addresses: [],
    });
    visits.push({ version, steps: steps.done });
  }
  const all = [...connecting.done, ...visits.flatMap(({ steps }) => steps)];
  return {
    ok: all.every(({ outcome }) => outcome !== "failed"),
    endpoint,
    user: options.user,
    server: offer?.headers.get("MS-Server-ActiveSync") ?? undefined,
    versions: offer?.versions ?? [],
    commands: offer?.commands ?? [],
    connect: connecting.done[0]!,
    visits,
  };
}

function clientOf(options: ProbeOptions, fetch: Fetch, url: string, version: Version) {
  const { user, password, deviceId = "NAVETTEPROBE" } = options;
  return easClient({
    url,
    user,
    password,
    deviceId,
    deviceType: "NavetteProbe",
    version,
    userAgent,
    device: probeDevice,
    fetch,
  });
}

async function judged(
  offer: Offer,
  options: ProbeOptions,
  fetch: Fetch,
  endpoint: string,
): Promise<Outcome> {
  if (offer.http === 404 || offer.http === 405) await lookElsewhere(options, fetch, endpoint);
  if (offer.http !== 200) throw new EasError("OPTIONS", offer);
  if (offer.versions.length === 0) {
    throw new StepFailed(
      "something answers, but it does not say that it speaks ActiveSync",
      "Check the address; a proxy in front of the server must pass OPTIONS requests and their " +
        "headers MS-ASProtocolVersions and MS-ASProtocolCommands",
    );
  }
  const wanted = options.version;
  if (wantedVersions(offer, options).length === 0) {
    throw new StepFailed(
      `the server does not speak ${wanted ?? "any version that the probe speaks"}`,
      `Choose a version that it offers: ${offer.versions.join(", ")}`,
    );
  }
  const server = offer.headers.get("MS-Server-ActiveSync") ?? "unknown";
  return {
    detail: `server version ${server}; speaks ${offer.versions.join(", ")}; ` +
      `${offer.commands.length} commands`,
  };
}

/** Where nothing is at the given path, the standard one may work. */
async function lookElsewhere(
  options: ProbeOptions,
  fetch: Fetch,
  endpoint: string,
): Promise<void> {
  const standard = standardEndpoint(endpoint);
  if (standard === endpoint) return;
  const other = await clientOf(options, fetch, standard, "12.1").options();
  if (other.versions.length === 0) return;
  throw new StepFailed(
    "there is no ActiveSync at this path",
    `It answers at ${standard}: phones always use this path, without anything in front`,
  );
}

function wantedVersions(offer: Offer, { version }: ProbeOptions): Version[] {
  const common = offer.versions.map(parseVersion).filter((known) => known !== undefined);
  if (version === "all") return common;
  if (version === undefined) return offer.best ? [offer.best] : [];
  return common.filter((known) => known === version);
}

/** A phone's day: what comes first must work, or the rest cannot be tried. */
async function visit(steps: Steps, sendTo: string | undefined, visit: Visit): Promise<void> {
  if (!await steps.run("Provision", () => provisionStep(visit))) return;
  if (!await steps.run("Settings", () => settingsStep(visit))) return;
  if (!await steps.run("FolderSync", () => foldersStep(visit))) return;
  let synced = true;
  for (const folder of visit.phone.mailFolders()) {
    const went = await steps.run(`Sync ${folder.name}`, () => syncStep(visit, folder));
    synced &&= went;
  }
  if (!synced) return;
  await steps.run("Read a message", () => readStep(visit));
  await steps.run("Open an attachment", () => attachmentStep(visit));
  if (sendTo !== undefined && isOwn(visit, sendTo)) {
    await steps.run("SendMail and Ping", () => wakeStep(visit, sendTo));
    return;
  }
  if (sendTo !== undefined) await steps.run("SendMail", () => sendStep(visit, sendTo));
  await steps.run("Ping", () => pingStep(visit));
}
