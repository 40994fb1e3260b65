// Serving, from the first start to the end.
import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { deferred, withTempDir } from "../tests/kit.ts";
import { cli, type CliOptions, type RunningCli, startCli } from "../tests/kit_cli.ts";
import { pause } from "./clock.ts";
import { definePlugin } from "./plugin.ts";
import { type Contribution } from "./point.ts";
import { accounts, firstStart, passwordKeeper, route, started, stopping, task } from "./points.ts";

interface Scene {
  readonly dir: string;
  /** Starts serving on a free port and waits until it does. */
  start(options?: CliOptions & { words?: string }): Promise<RunningCli & { url: string }>;
}

function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  return withTempDir((dir) =>
    work({
      dir,
      async start({ words = "", ...options } = {}) {
        const more = words.split(" ").filter(Boolean);
        const argv = ["serve", "--listen", "127.0.0.1:0", "--data", dir, ...more];
        const running = startCli(argv, options);
        await running.saw(/^Data: /m);
        const [, place] = await running.saw(/listens on (\S+)/);
        return { ...running, url: `http://${place}` };
      },
    })
  );
}

function guest(...contributions: Contribution[]) {
  return [definePlugin({ id: "guest", summary: "", contributes: () => contributions })];
}

describe("navette serve without a configuration", () => {
  it("makes an account once, tells how to use it, and where things are", () =>
    scene(async ({ dir, start }) => {
      const first = await start();
      const [, password] = await first.saw(/Password +([a-z]{4}-[a-z]{4}-[a-z]{4})\n/);
      await first.saw(/Server +127\.0\.0\.1:\d+\n/);
      await first.saw(/User +demo@navette\.test\n/);
      await first.saw(/Domain +\(leave it empty\)/);
      await first.saw(/Administration: http:\/\/127\.0\.0\.1:\d+\/admin/);
      const headers = { authorization: `Basic ${btoa(`demo@navette.test:${password}`)}` };
      assert.equal((await fetch(`${first.url}/admin`, { headers })).status, 200);
      first.signal();
      assert.equal((await first.ended).code, 0);

      const second = await start();
      assert.equal((await fetch(`${second.url}/admin`, { headers })).status, 200);
      second.signal("SIGINT");
      const { out, err } = await second.ended;
      assert.doesNotMatch(out, /Password|first start/);
      assert.ok(!err.includes(password!));
      const { out: list } = await cli(["user", "list", "--json", "--data", dir]);
      assert.equal(JSON.parse(list).length, 1);
    }));

  it("tells plugins of the first start, before it listens, and of each start", () =>
    scene(async ({ start }) => {
      const told: string[] = [];
      const plugins = guest(
        firstStart.of(({ account }) => void told.push(`first ${account.address}`)),
        started.of(({ first, print }) => {
          told.push(first ? `started with ${first.password.length} letters` : "started");
          print("The guest says hello");
        }),
      );
      for (let i = 0; i < 2; i++) {
        const running = await start({ plugins });
        await running.saw(/The guest says hello/);
        running.signal();
        await running.ended;
      }
      assert.deepEqual(told, ["first demo@navette.test", "started with 14 letters", "started"]);
    }));
});

describe("navette serve with a configuration", () => {
  it("makes no account, and says how to", () =>
    scene(async ({ dir, start }) => {
      const config = join(dir, "navette.toml");
      await writeFile(config, '[server]\nurl = "https://mail.example.com"');
      const running = await start({ words: `--config ${config}` });
      await running.saw(/There are no accounts yet: navette user add ADDRESS/);
      await running.saw(/Administration: https:\/\/mail\.example\.com\/admin/);
      running.signal();
      await running.ended;
      assert.equal((await cli(["user", "list", "--json", "--data", dir])).out, "[]\n");
    }));

  it("says whose accounts are made by their first login", () =>
    scene(async ({ dir, start }) => {
      const config = join(dir, "navette.toml");
      await writeFile(config, '[server]\nurl = "https://mail.example.com"');
      const keeper = {
        keeps: () => undefined,
        welcome: ["example.com", "ben@example.net"],
        readyAppPassword: () => Promise.reject(new Error("there are none")),
      };
      const running = await start({
        words: `--config ${config}`,
        plugins: guest(passwordKeeper.of(keeper)),
      });
      await running.saw(
        /no accounts yet\. Those of example\.com, ben@example\.net are made at their first login;/,
      );
      running.signal();
      await running.ended;
    }));

  it("refuses to listen in plain text on a network", () =>
    scene(async ({ dir }) => {
      const { code, out, err } = await cli(["serve", "--listen", "0.0.0.0:0", "--data", dir]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /server\.proxy/);
    }));

  it("says in one line that the port is taken", () =>
    scene(async ({ dir, start }) => {
      const running = await start();
      const { host } = new URL(running.url);
      const { code, err } = await cli(["serve", "--listen", host, "--data", dir]);
      assert.equal(code, 1);
      assert.match(err, /^navette: Cannot listen on 127\.0\.0\.1:\d+: the port is taken; .*\n$/m);
      running.signal();
      await running.ended;
    }));
});

describe("navette serve", () => {
  it("notices within a request what commands of another process change", () =>
    scene(async ({ dir, start }) => {
      const running = await start();
      const status = async (password: string) => {
        const headers = { authorization: `Basic ${btoa(`ann:${password}`)}` };
        return (await fetch(`${running.url}/admin`, { headers })).status;
      };
      const run = (words: string, stdin = "") =>
        cli([...words.split(" "), "--data", dir], { stdin });
      await run("user add ann@x.org --admin --password-stdin", "one");
      assert.equal(await status("one"), 200);
      await run("user passwd ann@x.org --password-stdin", "two");
      assert.deepEqual([await status("one"), await status("two")], [401, 200]);
      await run("user disable ann@x.org");
      assert.equal(await status("two"), 401);
      running.signal();
      await running.ended;
    }));

  it("answers held requests, ends tasks and closes the storage when it stops", () =>
    scene(async ({ start }) => {
      const told: string[] = [];
      const begun = deferred<void>();
      const stop = deferred<void>();
      const plugins = [definePlugin({
        id: "guest",
        summary: "",
        contributes: (host) => [
          route.of((app) =>
            app.post("/hold", async (c) => {
              begun.resolve();
              await stop.promise;
              told.push("answered");
              return c.text(String((await host.one(accounts).list()).length));
            })
          ),
          stopping.of(({ reason }) => {
            told.push(reason);
            stop.resolve();
          }),
          task.of({
            name: "guest",
            run: async (signal) => {
              await pause(host.clock, 1e9, signal);
              told.push("task ended");
            },
          }),
        ],
      })];
      const running = await start({ plugins });
      const answer = deferred<string>();
      request(`${running.url}/hold`, { method: "POST" }, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        answer.resolve(`${response.statusCode} ${text}`);
      }).end();
      await begun.promise;
      running.signal();
      assert.equal(await answer.promise, "200 1");
      assert.equal((await running.ended).code, 0);
      assert.deepEqual(told, ["SIGTERM", "answered", "task ended"]);
      assert.equal(running.exited(), undefined);
    }));

  it("cuts what is not answered within the grace", () =>
    scene(async ({ start }) => {
      const begun = deferred<void>();
      const plugins = guest(route.of((app) =>
        app.get("/stuck", () => {
          begun.resolve();
          return new Promise<Response>(() => {});
        })
      ));
      const running = await start({ plugins, words: "--set server.grace=0" });
      const stuck = fetch(`${running.url}/stuck`).then(({ status }) => status, () => "cut");
      await begun.promise;
      running.signal();
      assert.equal((await running.ended).code, 0);
      assert.ok(["cut", 503].includes(await stuck));
    }));

  it("ends at once at a second signal", () =>
    scene(async ({ start }) => {
      const stopped = deferred<void>();
      const running = await start({ plugins: guest(stopping.of(() => stopped.promise)) });
      running.signal("SIGINT");
      assert.equal(running.exited(), undefined);
      running.signal("SIGINT");
      assert.equal(running.exited(), 130);
      stopped.resolve();
      await running.ended;
    }));
});
