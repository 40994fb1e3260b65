// What the application answers by itself, and around plugins.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Gauge } from "prom-client";
import { type TestApp, testApp } from "../tests/kit_app.ts";
import { Unavailable } from "./error.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import type { Contribution } from "./point.ts";
import { adminPage, health, metric, route } from "./points.ts";

const elsewhere = "192.0.2.1";

async function withApp(
  contributions: readonly Contribution[],
  work: (app: TestApp) => Promise<void>,
  config: Record<string, unknown> = {},
): Promise<void> {
  const guest: Plugin = definePlugin({
    id: "guest",
    summary: "",
    contributes: () => contributions,
  });
  const app = await testApp({ plugins: [guest], config });
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

function basic(user: string, password: string): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

describe("the application", () => {
  it("says what it is at /, in English or French, and 404 elsewhere", () =>
    withApp([], async (app) => {
      const get = async (language: string) =>
        await (await app.fetch(
          new Request("http://x/", { headers: { "accept-language": language } }),
        )).text();
      assert.match(await get("en-GB"), /<html lang="en">[^]*This is a Navette server/);
      assert.match(await get("fr-CA, en;q=0.5"), /<html lang="fr">[^]*Ceci est un serveur Navette/);
      assert.equal((await app.fetch("/nothing")).status, 404);
    }));

  it("lets pages load nothing from elsewhere, and no other site frame them", () =>
    withApp([], async (app) => {
      const { headers } = await app.fetch("/");
      assert.match(headers.get("content-security-policy")!, /default-src 'none'/);
      assert.match(headers.get("content-security-policy")!, /frame-ancestors 'none'/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
    }));

  it("answers the routes of plugins, telling them who asks", () =>
    withApp(
      [route.of((app) => app.get("/who", (c) => c.text(c.env.remote)))],
      async (app) => {
        assert.equal(await (await app.fetch("/who", elsewhere)).text(), elsewhere);
      },
    ));

  it("believes X-Forwarded-For from its proxies only", () =>
    withApp(
      [route.of((app) => app.get("/who", (c) => c.text(c.env.remote)))],
      async (app) => {
        const request = () =>
          new Request("http://x/who", { headers: { "x-forwarded-for": "198.51.100.7" } });
        assert.equal(await (await app.fetch(request(), "10.0.0.5")).text(), "198.51.100.7");
        assert.equal(await (await app.fetch(request(), elsewhere)).text(), elsewhere);
      },
      { server: { proxy: ["10.0.0.5"] } },
    ));

  it("tells of an error only an id, which the log has too", () =>
    withApp(
      [route.of((app) =>
        app.get("/bad", () => {
          throw new Error("the secret of the house");
        })
      )],
      async (app) => {
        const answer = await app.fetch("/bad");
        const text = await answer.text();
        assert.equal(answer.status, 500);
        assert.doesNotMatch(text, /house/);
        const id = /[0-9a-f-]{36}/.exec(text)![0];
        const line = app.logged.map((l) => JSON.parse(l)).find((l) => l.id === id);
        assert.equal(line.err.message, "the secret of the house");
      },
    ));

  it("answers 503 with a time where something is unavailable", () =>
    withApp(
      [route.of((app) =>
        app.get("/later", () => {
          throw new Unavailable("Cannot reach the directory", 17);
        })
      )],
      async (app) => {
        const answer = await app.fetch("/later");
        assert.equal(answer.status, 503);
        assert.equal(answer.headers.get("retry-after"), "17");
        assert.doesNotMatch(await answer.text(), /directory/);
      },
    ));
});

describe("/healthz", () => {
  it("is 200 while all is well, and 503 when a part is not", async () => {
    await withApp([], async (app) => {
      const answer = await app.fetch("/healthz");
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { ok: true, checks: [{ name: "storage", ok: true }] });
    });
    const sick = health.of(async () => ({ name: "relay", ok: false, detail: "mail.internal" }));
    await withApp([sick], async (app) => {
      const answer = await app.fetch("/healthz");
      assert.equal(answer.status, 503);
      assert.match(await answer.text(), /mail\.internal/);
    });
  });

  it("tells details to this machine only", () =>
    withApp(
      [health.of(async () => ({ name: "relay", ok: false, detail: "mail.internal" }))],
      async (app) => {
        const answer = await app.fetch("/healthz", elsewhere);
        assert.equal(answer.status, 503);
        assert.deepEqual((await answer.json()).checks[1], { name: "relay", ok: false });
      },
    ));

  it("survives a check that fails", () =>
    withApp(
      [health.of(async () => {
        throw new Error("oops");
      })],
      async (app) => assert.equal((await app.fetch("/healthz")).status, 503),
    ));
});

describe("/metrics", () => {
  it("counts requests by route and status, never by path", () =>
    withApp(
      [route.of((app) => app.get("/note/:id", (c) => c.text("x")))],
      async (app) => {
        await app.fetch("/note/private-7");
        await app.fetch("/note/private-8?user=ann");
        await app.fetch("/unknown-path");
        const text = await (await app.fetch("/metrics")).text();
        assert.match(text, /navette_http_requests_total\{route="\/note\/:id",status="200"\} 2/);
        assert.match(text, /navette_http_requests_total\{route="other",status="404"\} 1/);
        assert.doesNotMatch(text, /private|ann|unknown-path/);
      },
    ));

  it("has the metrics of plugins", () =>
    withApp(
      [metric.of((registry) =>
        new Gauge({ name: "guest_sails", help: "x", registers: [registry] }).set(4)
      )],
      async (app) => assert.match(await (await app.fetch("/metrics")).text(), /guest_sails 4/),
    ));

  it("is for this machine only, unless a token is configured", async () => {
    await withApp([], async (app) => {
      assert.equal((await app.fetch("/metrics", elsewhere)).status, 403);
      assert.equal((await app.fetch("/metrics", "::1")).status, 200);
    });
    const config = { server: { metrics: { token: "open sesame" } } };
    await withApp([], async (app) => {
      const get = async (authorization?: string) => {
        const headers = authorization ? { authorization } : {};
        return (await app.fetch(new Request("http://x/metrics", { headers }), elsewhere)).status;
      };
      assert.equal(await get("Bearer open sesame"), 200);
      assert.equal(await get("Bearer open sesam"), 403);
      assert.equal(await get("open sesame"), 403);
      assert.equal(await get(), 403);
      assert.equal((await app.fetch("/metrics")).status, 403);
    }, config);
  });

  it("can be switched off", () =>
    withApp([], async (app) => assert.equal((await app.fetch("/metrics")).status, 404), {
      server: { metrics: { enabled: false } },
    }));
});

describe("/admin", () => {
  const page = adminPage.of({
    id: "mill",
    title: "The <mill>",
    routes: (app) => {
      app.get("/", (c) => c.text("sails"));
      app.post("/turn", (c) => c.text("turned"));
    },
  });
  const signedIn = { authorization: basic("root", "password") };

  function withAdmin(work: (app: TestApp) => Promise<void>): Promise<void> {
    return withApp([page], async (app) => {
      await app.addAccount({ address: "root@x.org", admin: true });
      await app.addAccount({ address: "ann@x.org" });
      await work(app);
    });
  }

  it("is for accounts with the mark only, index and pages alike", () =>
    withAdmin(async (app) => {
      for (const path of ["/admin", "/admin/mill", "/admin/mill/turn", "/admin/unknown"]) {
        for (const authorization of ["", basic("ann", "password"), basic("root", "wrong")]) {
          const headers = authorization === "" ? {} : { authorization };
          const answer = await app.fetch(new Request(`http://x${path}`, { headers }));
          assert.equal(answer.status, 401, `${path} ${authorization}`);
          assert.match(answer.headers.get("www-authenticate")!, /^Basic realm=/);
        }
      }
    }));

  it("lists the pages of plugins, escaped, and shows them", () =>
    withAdmin(async (app) => {
      const get = (path: string) =>
        app.fetch(new Request(`http://x${path}`, { headers: signedIn }));
      const index = await get("/admin");
      assert.match(await index.text(), /<a href="\/admin\/mill">The &lt;mill&gt;<\/a>/);
      assert.match(index.headers.get("content-security-policy")!, /default-src 'none'/);
      assert.equal(await (await get("/admin/mill")).text(), "sails");
    }));

  it("refuses a form that another site sends", () =>
    withAdmin(async (app) => {
      const post = async (more: Record<string, string>) => {
        const headers = {
          ...signedIn,
          host: "mail.example.com",
          "content-type": "application/x-www-form-urlencoded",
          ...more,
        };
        const url = "http://mail.example.com/admin/mill/turn";
        return (await app.fetch(new Request(url, { method: "POST", headers, body: "a=b" }))).status;
      };
      assert.equal(await post({ origin: "https://evil.example" }), 403);
      assert.equal(await post({}), 403);
      // The proxy spoke TLS with the browser, and HTTP with us.
      assert.equal(await post({ origin: "https://mail.example.com" }), 200);
      assert.equal(await post({ "sec-fetch-site": "same-origin" }), 200);
    }));

  it("makes who guesses wait", () =>
    withAdmin(async (app) => {
      for (let i = 0; i < 10; i++) {
        const headers = { authorization: basic("root", `guess ${i}`) };
        await app.fetch(new Request("http://x/admin", { headers }), elsewhere);
      }
      const answer = await app.fetch(
        new Request("http://x/admin", { headers: signedIn }),
        elsewhere,
      );
      assert.equal(answer.status, 429);
      assert.equal(answer.headers.get("retry-after"), "900");
    }));
});
