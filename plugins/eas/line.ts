// What dispatch.ts needs to answer one request: its command, its version, its device, its document.
import type { Account, Host, Log } from "../../core/mod.ts";
import { mailboxes } from "../mailbox/api.ts";
import {
  type AnyCommand,
  atLeast,
  command as commandPoint,
  deviceSeen,
  type EasCall,
  gate,
  type Query,
  Status,
  type Version,
} from "./api.ts";
import type { AccountCeilings } from "./ceiling.ts";
import type { EasConfig } from "./config.ts";
import { checkDevice, type Devices } from "./devices.ts";
import type { Line } from "./dispatch.ts";
import type { Metrics } from "./metrics.ts";
import { agreedVersion, hasCommand, namedVersion, type Offer, readsStatus } from "./offer.ts";
import { type RawQuery, rootOf } from "./query.ts";
import { readContent } from "./request_content.ts";
import { takesGzip } from "./response.ts";
import type { Running } from "./running.ts";

/** What the route works with. */
export interface Parts {
  readonly host: Host<EasConfig>;
  readonly devices: Devices;
  readonly ceilings: AccountCeilings;
  readonly running: Running;
  readonly metrics: Metrics;
}

/** A request of somebody who may ask; its body is not read yet. */
export interface Asked {
  readonly request: Request;
  readonly query: RawQuery;
  readonly account: Account;
  readonly offer: Offer;
}

/** Headers of every answer. MS-ASHTTP 2.2.2.1 */
export function standing(config: EasConfig): Record<string, string> {
  return { "MS-Server-ActiveSync": config.maxVersion, "Cache-Control": "private" };
}

/** The line of a request. `signal` aborts when the client goes away or the server stops. */
export function lineOf(asked: Asked, parts: Parts, signal: AbortSignal): Line {
  const { host } = parts;
  const { query } = asked;
  const received = asked.request.headers;
  const commands = host.all(commandPoint);
  const header = received.get("MS-ASProtocolVersion");
  const root = rootOf.get(query.command) ?? commands.find(isCalled(query.command))?.root;
  const log = logOf(asked, host.log);
  const headers = standing(host.config);
  return {
    log,
    gates: host.all(gate),
    options: { clock: host.clock, log, gzip: takesGzip(received.get("Accept-Encoding")), headers },
    statusRoot: readsStatus(namedVersion(query, header)) ? root : undefined,
    command: () => find(commands, query, agreedVersion(query, header)),
    open(command) {
      const version = agreedVersion(query, header);
      const renew = () => Object.assign(headers, asked.offer.renewal);
      return openCall(command, version, asked, parts, { log, signal, renew });
    },
    async done({ name }, { device }) {
      if (name === "Sync") await parts.devices.synced(device, host.clock.now());
    },
  };
}

interface Surroundings {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called where the device has to learn what is offered now. */
  readonly renew: () => void;
}

/** Reads the body before anything is noted: a malformed request leaves no trace. */
async function openCall(
  command: AnyCommand,
  version: Version,
  { request, query, account, offer }: Asked,
  { host, devices }: Parts,
  { log, signal, renew }: Surroundings,
): Promise<EasCall> {
  checkDevice(query, host.config.strict);
  const above = !atLeast(offer.max, version);
  if (above) await requireLeave(version, query, account, offer, { host, devices });
  const content = await readContent(request, command, host.config);
  const { device, first, newOffer } = await devices.seen({
    account: account.id,
    id: query.deviceId,
    type: query.deviceType,
    version,
    userAgent: request.headers.get("User-Agent") ?? "",
    offer: offer.text,
    now: host.clock.now(),
  });
  if (newOffer || above) renew();
  await host.emit(deviceSeen, { device, first });
  return {
    ...content,
    account,
    device,
    version,
    query: joinedQuery(query, version, request.headers),
    mailbox: host.one(mailboxes).open(account),
    log,
    clock: host.clock,
    signal,
  };
}

/**
 * A version above the device's ceiling is worked with until the device has negotiated again: a phone
 * that is refused stops syncing, and may never ask for the versions again. Only a device that never
 * was let in with it has no reason to use a version that the server offers to nobody. Throws 138.
 */
async function requireLeave(
  version: Version,
  { deviceId }: RawQuery,
  { id }: Account,
  { renewal }: Offer,
  { host, devices }: Pick<Parts, "host" | "devices">,
): Promise<void> {
  if (atLeast(host.config.maxVersion, version)) return;
  const device = await devices.find(id, deviceId);
  if (device?.versions.includes(version)) return;
  throw new Status(138, `version ${version} is not offered here`, { headers: renewal });
}

/** A log that says who asked for what; the values come from outside, so they are cut. */
function logOf({ account, query }: Asked, log: Log): Log {
  const { deviceId, command } = query;
  return log.child({
    account: account.id,
    device: deviceId.slice(0, 64),
    command: command.slice(0, 32),
  });
}

const isCalled = (command: string) => ({ name }: AnyCommand) => name === command;

/** The command of a query. Throws Status 137 where this server or this version does not have it. */
function find(
  commands: readonly AnyCommand[],
  { command }: RawQuery,
  version: Version,
): AnyCommand {
  const found = commands.find(isCalled(command));
  if (found === undefined || !hasCommand(version, found)) {
    throw new Status(137, "the command is not supported");
  }
  return found;
}

/** Joins what the plain encoding says in headers. The user is the authenticated one, always. */
// MS-ASHTTP 2.2.1.1.2
function joinedQuery(query: RawQuery, version: Version, headers: Headers): Query {
  const key = headers.get("X-MS-PolicyKey")?.trim() ?? "";
  return {
    ...query,
    version,
    policyKey: query.policyKey ?? (/^\d{1,10}$/.test(key) ? Number(key) : undefined),
    acceptMultiPart: query.acceptMultiPart ||
      headers.get("MS-ASAcceptMultiPart")?.trim().toUpperCase() === "T",
  };
}
