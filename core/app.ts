// Contributions → Hono app → fetch: core's own routes, then those of plugins, around all one log line.
import { randomUUID, timingSafeEqual } from "node:crypto";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { matchedRoutes } from "hono/route";
import { secureHeaders } from "hono/secure-headers";
import { adminRoutes } from "./admin.ts";
import type { Config } from "./config.ts";
import { Unavailable } from "./error.ts";
import type { Metrics } from "./metrics.ts";
import { languageFor, page, styleSheet, type Texts } from "./page.ts";
import type { Host } from "./plugin.ts";
import { adminPage, health, login, metric, route } from "./points.ts";
import { isLoopback, remoteFrom } from "./remote.ts";
import type { ListenOptions, ServeEnv } from "./serve/listener.ts";

export interface AppOptions {
  /** Core's host. */
  readonly host: Host;
  readonly config: Pick<Config, "server">;
  readonly metrics: Metrics;
}

/** The application: what a listener calls with each request and the address of its peer. */
export function createApp({ host, config, metrics }: AppOptions): ListenOptions["fetch"] {
  const app = new Hono<ServeEnv>();
  app.use(observe(host, metrics));
  app.onError((error, c) => answerError(host, error, c));
  app.get("/", pages, home);
  app.get("/navette.css", pages, (c) => {
    c.header("Content-Type", "text/css; charset=utf-8");
    c.header("Cache-Control", "max-age=3600");
    return c.body(styleSheet);
  });
  app.get("/robots.txt", (c) => c.text("User-agent: *\nDisallow: /\n"));
  app.get("/healthz", (c) => answerHealth(host, c));
  // Also where nobody may read them: those who count need not ask whether anybody does.
  for (const register of host.all(metric)) register(metrics.registry);
  if (config.server.metrics.enabled) {
    app.get("/metrics", (c) => answerMetrics(config, metrics, c));
  }
  app.use("/admin/*", pages);
  app.route("/admin", adminRoutes(host.all(adminPage), host.one(login)));
  for (const add of host.all(route)) add(app);
  const remoteOf = remoteFrom(config.server.proxy);
  return (request, { remote }) =>
    app.fetch(request, { remote: remoteOf(remote, request.headers.get("x-forwarded-for")) });
}

const pages = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
  // Whoever speaks TLS decides on it: here or a proxy, which may serve other names too.
  strictTransportSecurity: false,
});

const texts = {
  en: { what: "This is a Navette server. Mail, calendar and contacts are kept in step from here." },
  fr: { what: "Ceci est un serveur Navette. Courriel, agenda et contacts s’y synchronisent." },
} satisfies Texts<string>;

function home(c: Context<ServeEnv>): Response | Promise<Response> {
  const language = languageFor(c.req.header("accept-language"));
  return c.html(page(
    language,
    "Navette",
    html`
      <h1>Navette</h1>
      <p>${texts[language].what}</p>
    `,
  ));
}

/** Counts and logs each request, by the pattern of its route: paths and queries may be private. */
function observe(host: Host, metrics: Metrics): MiddlewareHandler<ServeEnv> {
  return async (c, next) => {
    const begin = host.clock.now();
    await next();
    const ms = host.clock.now() - begin;
    const taken = matchedRoutes(c).findLast(({ path }) => path !== "*" && !path.endsWith("/*"));
    const name = taken?.path ?? "other";
    metrics.request(name, c.res.status, ms / 1000);
    host.log.debug(
      { method: c.req.method, route: name, status: c.res.status, ms, remote: c.env.remote },
      "Request answered",
    );
  };
}

/** What nobody caught: told in the log under an id, and to the client only by that id. */
function answerError(host: Host, error: Error, c: Context<ServeEnv>): Response {
  if (error instanceof HTTPException) return error.getResponse();
  if (error instanceof Unavailable) {
    host.log.warn({ err: error, route: c.req.path }, "Request refused for now");
    c.header("Retry-After", String(error.retryAfter));
    return c.text("Cannot answer now: try again later", 503);
  }
  const id = randomUUID();
  host.log.error({ err: error, id, method: c.req.method, path: c.req.path }, "Request failed");
  return c.text(`Internal error ${id}`, 500);
}

async function answerHealth(host: Host, c: Context<ServeEnv>): Promise<Response> {
  const checks = await Promise.all(
    host.all(health).map(async (check) => {
      try {
        return await check();
      } catch (error) {
        host.log.error({ err: error }, "A health check failed");
        return { name: "unknown", ok: false, detail: "The check itself failed: see the log" };
      }
    }),
  );
  const ok = checks.every((check) => check.ok);
  // What is wrong is told to this machine only: it may name files and hosts.
  const shown = isLoopback(c.env.remote) ? checks : checks.map(({ name, ok }) => ({ name, ok }));
  c.header("Cache-Control", "no-store");
  return c.json({ ok, checks: shown }, ok ? 200 : 503);
}

async function answerMetrics(
  config: AppOptions["config"],
  metrics: Metrics,
  c: Context<ServeEnv>,
): Promise<Response> {
  const { token } = config.server.metrics;
  const allowed = token === ""
    ? isLoopback(c.env.remote)
    : sameText(c.req.header("authorization") ?? "", `Bearer ${token}`);
  if (!allowed) return c.text("Forbidden", 403);
  c.header("Content-Type", metrics.registry.contentType);
  return c.body(await metrics.registry.metrics());
}

function sameText(a: string, b: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
