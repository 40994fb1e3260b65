// ActiveSync over HTTP: who asks, for what, in which version. The work is in dispatch.ts.
import type { Context, Hono } from "hono";
import { type Account, type Host, login, type ServeEnv } from "../../core/mod.ts";
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
import { authenticate } from "./authenticate.ts";
import type { EasConfig } from "./config.ts";
import { checkDevice, type Devices } from "./devices.ts";
import { dispatch, type Line } from "./dispatch.ts";
import type { Metrics } from "./metrics.ts";
import { agreedVersion, namedVersion, type Offer, offerOf, readsStatus } from "./offer.ts";
import { parseQuery, type RawQuery, rootOf } from "./query.ts";
import { readContent } from "./request_content.ts";
import { empty, type ResponseOptions } from "./response.ts";
import type { Running, RunningCall } from "./running.ts";

/** What the route works with. */
export interface Parts {
  readonly host: Host<EasConfig>;
  readonly devices: Devices;
  readonly running: Running;
  readonly metrics: Metrics;
}

type Ctx = Context<ServeEnv>;

const path = "/Microsoft-Server-ActiveSync";
const spellings = /^\/microsoft-server-activesync(\/.*)?$/i;
const known = ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT"];

/** Adds the address that devices talk to; old ones write it in other cases or with a path behind. */
export function easRoute(parts: Parts): (app: Hono<ServeEnv>) => void {
  return (app) => {
    app.all(path, (c) => answer(c, parts));
    app.use(async (c, next) => spellings.test(c.req.path) ? await answer(c, parts) : await next());
  };
}

async function answer(c: Ctx, parts: Parts): Promise<Response> {
  switch (c.req.method) {
    case "POST":
    case "OPTIONS":
      return await authenticated(c, parts);
    case "GET":
    case "HEAD":
      return c.text(
        "This is the address of Exchange ActiveSync.\n" +
          'It works: choose the account type "Exchange" on your phone and enter this server\'s name.\n',
      );
    default:
      return known.includes(c.req.method)
        ? empty(405, { Allow: "OPTIONS, POST, GET" })
        : empty(501, {});
  }
}

async function authenticated(c: Ctx, parts: Parts): Promise<Response> {
  const { host } = parts;
  const query = readQuery(c);
  // Nothing of the body is read before this.
  const who = await authenticate(host.one(login), c.req.raw.headers.get("Authorization"), {
    client: query?.deviceId || undefined,
    // OPTIONS names no device: a password that is bound to one must pass nevertheless.
    inquiry: c.req.method === "OPTIONS",
    remote: c.env.remote,
  });
  const headers = standing(host.config);
  if ("http" in who) return empty(who.http, { ...headers, ...who.headers });
  const offer = offerOf(host.all(commandPoint), host.config.maxVersion);
  if (c.req.method === "OPTIONS") return empty(200, { ...headers, ...offer.headers });
  if (query === undefined) return empty(400, headers);
  return await command(c, parts, { query, account: who.account, offer });
}

/** The query; undefined where it is malformed (OPTIONS has none). */
function readQuery(c: Ctx): RawQuery | undefined {
  try {
    return parseQuery(new URL(c.req.url).search);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Headers of every answer. MS-ASHTTP 2.2.2.1 */
function standing(config: EasConfig): Record<string, string> {
  return { "MS-Server-ActiveSync": config.maxVersion, "Cache-Control": "private" };
}

interface Asked {
  readonly query: RawQuery;
  readonly account: Account;
  readonly offer: Offer;
}

async function command(c: Ctx, parts: Parts, asked: Asked): Promise<Response> {
  const { host, metrics } = parts;
  const begun = host.clock.now();
  const running = parts.running.begin(c.req.raw.signal);
  try {
    const { query } = asked;
    const { response, status } = await dispatch(lineOf(c, parts, asked, running));
    const listed = host.all(commandPoint).some(({ name }) => name === query.command);
    const version = namedVersion(query, c.req.raw.headers.get("MS-ASProtocolVersion"));
    metrics.measure({
      command: listed ? query.command : "unknown",
      version: isSpoken(version) ? version : "unknown",
      status: status === undefined || response.status !== 200
        ? String(response.status)
        : `status ${status}`,
      seconds: (host.clock.now() - begun) / 1000,
    });
    return response;
  } finally {
    running.end();
  }
}

function isSpoken(version: string | undefined): version is Version {
  return ["12.1", "14.0", "14.1", "16.0", "16.1"].includes(version ?? "");
}

function lineOf(c: Ctx, parts: Parts, asked: Asked, running: RunningCall): Line {
  const { host } = parts;
  const { query, account } = asked;
  const { headers } = c.req.raw;
  const named = namedVersion(query, headers.get("MS-ASProtocolVersion"));
  const log = host.log.child({
    account: account.id,
    device: query.deviceId.slice(0, 64),
    command: query.command.slice(0, 32),
  });
  const options: ResponseOptions & { headers: Record<string, string> } = {
    clock: host.clock,
    log,
    gzip: takesGzip(headers.get("Accept-Encoding")),
    headers: standing(host.config),
  };
  return {
    log,
    gates: host.all(gate),
    options: () => options,
    statusRoot: readsStatus(named) ? rootOf.get(query.command) : undefined,
    command: () =>
      find(host.all(commandPoint), query, agreedVersion(named, host.config.maxVersion)),
    async open(command) {
      checkDevice(query, host.config.strict);
      const version = agreedVersion(named, host.config.maxVersion);
      const content = await readContent(c.req.raw, command, host.config);
      const seen = await parts.devices.seen({
        account: account.id,
        id: query.deviceId,
        type: query.deviceType,
        version,
        userAgent: headers.get("User-Agent") ?? "",
        offer: asked.offer.text,
        now: host.clock.now(),
      });
      if (seen.newOffer) Object.assign(options.headers, asked.offer.renewal);
      await host.emit(deviceSeen, { device: seen.device, first: seen.first });
      return {
        account,
        device: seen.device,
        version,
        query: joinedQuery(query, version, headers),
        ...content,
        mailbox: host.one(mailboxes).open(account),
        log,
        clock: host.clock,
        signal: running.signal,
      } satisfies EasCall;
    },
    async done({ name }, { device }) {
      if (name === "Sync") await parts.devices.synced(device, host.clock.now());
    },
  };
}

/** The command of a query. Throws Status 137 where this server or this version does not have it. */
function find(
  commands: readonly AnyCommand[],
  { command }: RawQuery,
  version: Version,
): AnyCommand {
  const found = commands.find(({ name }) => name === command);
  if (found === undefined || (found.since !== undefined && !atLeast(version, found.since))) {
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

/** Whether an Accept-Encoding header names gzip and does not refuse it. RFC 9110 12.5.3 */
export function takesGzip(header: string | null): boolean {
  return (header ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
