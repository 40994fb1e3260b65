// The administration: an index of the pages that plugins contribute, for accounts with the mark.
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { csrf } from "hono/csrf";
import { html } from "hono/html";
import { auth } from "hono/utils/basic-auth";
import type { Login } from "./accounts.ts";
import { languageFor, page, type Texts } from "./page.ts";
import type { AdminPage } from "./points.ts";
import type { ServeEnv } from "./serve/listener.ts";

const texts = {
  en: {
    title: "Administration",
    none: "No plugin has contributed a page.",
    denied: "An account that may administer is needed.",
    limited: "Too many failed logins. Try again later.",
  },
  fr: {
    title: "Administration",
    none: "Aucune extension n’a ajouté de page.",
    denied: "Il faut un compte autorisé à administrer.",
    limited: "Trop d’échecs de connexion. Réessayez plus tard.",
  },
} satisfies Texts<string>;

/** Everything below `/admin`. */
export function adminRoutes(pages: readonly AdminPage[], login: Login): Hono<ServeEnv> {
  const app = new Hono<ServeEnv>();
  app.use(onlyAdmins(login));
  // By host, not by origin: behind a TLS proxy this server sees http where the browser sees https.
  app.use(csrf({ origin: (origin, c) => hostOf(origin) === c.req.header("host") }));
  app.get("/", (c) => {
    const language = languageFor(c.req.header("accept-language"));
    const { title, none } = texts[language];
    const items = pages.map(({ id, title }) => html`<li><a href="/admin/${id}">${title}</a></li>`);
    const index = pages.length > 0
      ? html`
        <nav>
          <ul>${items}</ul>
        </nav>
      `
      : html`<p>${none}</p>`;
    return c.html(page(language, `Navette: ${title}`, html`<h1>${title}</h1>${index}`));
  });
  for (const { id, routes } of pages) {
    const below = new Hono<ServeEnv>();
    routes(below);
    app.route(`/${id}`, below);
  }
  return app;
}

function onlyAdmins(login: Login): MiddlewareHandler<ServeEnv> {
  return async (c, next) => {
    const shown = auth(c.req.raw);
    if (!shown) return refuse(c);
    const result = await login({
      user: shown.username,
      password: shown.password,
      remote: c.env.remote,
    });
    if (result.ok && result.account.admin) return await next();
    if (!result.ok && result.reason === "limited") {
      c.header("Retry-After", String(result.retryAfter));
      return c.text(texts[languageFor(c.req.header("accept-language"))].limited, 429);
    }
    return refuse(c);
  };
}

function refuse(c: Context<ServeEnv>): Response {
  c.header("WWW-Authenticate", 'Basic realm="Navette", charset="UTF-8"');
  return c.text(texts[languageFor(c.req.header("accept-language"))].denied, 401);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
