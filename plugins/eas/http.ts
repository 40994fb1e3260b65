// ActiveSync over HTTP: who asks, for what, in which version. The work is in dispatch.ts.
import type { Context, Hono } from "hono";
import { type Account, login, type ServeEnv, Unavailable } from "../../core/mod.ts";
import { command } from "./api.ts";
import { authenticate } from "./authenticate.ts";
import { lowestCeiling } from "./ceiling.ts";
import { dispatch } from "./dispatch.ts";
import { type Asked, lineOf, type Parts, standing } from "./line.ts";
import { namedVersion, type Offer, offerOf } from "./offer.ts";
import { parseQuery, type RawQuery } from "./query.ts";
import { empty } from "./response.ts";
import { parseVersion, versions } from "./versions.ts";

type Ctx = Context<ServeEnv>;

const path = "/Microsoft-Server-ActiveSync";
const spellings = /^\/microsoft-server-activesync(\/.*)?$/i;
const about = "This is the address of Exchange ActiveSync.\n" +
  'It works: choose the account type "Exchange" on your phone and enter this server\'s name.\n';
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
      return await authenticated(c, parts).catch((error) => trouble(error, parts));
    case "GET":
    case "HEAD":
      return new Response(about, { headers: { "Content-Type": "text/plain; charset=utf-8" } });
    default:
      return known.includes(c.req.method)
        ? empty(405, { Allow: "OPTIONS, POST, GET" })
        : empty(501, {});
  }
}

/**
 * What went wrong before the command had its turn. Never HTTP 500: after that devices look for
 * another server, or give up the account, and most troubles pass.
 */
function trouble(error: unknown, { host }: Parts): Response {
  const id = crypto.randomUUID();
  host.log.error({ err: error, id }, "a request failed before its command");
  const seconds = error instanceof Unavailable ? Math.max(1, Math.ceil(error.retryAfter)) : 60;
  return empty(503, { "Retry-After": String(seconds), "request-id": id });
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
  const offer = await offerTo(who.account, query, c.req.raw, parts);
  if (c.req.method === "OPTIONS") return empty(200, { ...headers, ...offer.headers });
  if (query === undefined) return empty(400, headers);
  return await measured({ request: c.req.raw, query, account: who.account, offer }, parts);
}

/** What this client is offered. OPTIONS names no DeviceType: it may be any device of its kind. */
async function offerTo(
  { id }: Account,
  query: RawQuery | undefined,
  { headers }: Request,
  { host, devices, ceilings }: Parts,
): Promise<Offer> {
  const { maxVersion, clientVersions } = host.config;
  const userAgent = headers.get("User-Agent") ?? "";
  const named = query?.deviceType ? [query.deviceType] : undefined;
  const alike = async () =>
    (await devices.list(id)).filter((one) => one.userAgent === userAgent).map(({ type }) => type);
  const types = clientVersions.length === 0 ? [] : named ?? await alike();
  const own = await ceilings.of(id);
  return offerOf(
    host.all(command),
    lowestCeiling(maxVersion, clientVersions, own, { types, userAgent }),
  );
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

/** Answers, and counts. */
async function measured(asked: Asked, parts: Parts): Promise<Response> {
  const { host, metrics } = parts;
  const { query, request } = asked;
  const begun = host.clock.now();
  const running = parts.running.begin(request.signal);
  try {
    const { response, status } = await dispatch(lineOf(asked, parts, running.signal));
    const listed = host.all(command).some(({ name }) => name === query.command);
    const version = namedVersion(query, request.headers.get("MS-ASProtocolVersion")) ?? versions[0];
    metrics.measure({
      command: listed ? query.command : "unknown",
      version: parseVersion(version) ?? "unknown",
      status: status !== undefined && response.ok ? `status ${status}` : String(response.status),
      seconds: (host.clock.now() - begun) / 1000,
    });
    return response;
  } finally {
    running.end();
  }
}
