// The first start: a report once, silence afterwards, and a line where the probe itself fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Started } from "../../core/mod.ts";
import { settle } from "../../tests/kit.ts";
import { type EasApp, easApp } from "../../tests/kit_eas.ts";
import { showFirstVisit } from "./first_start.ts";
import { runProbe } from "./probe/mod.ts";

const url = "https://mail.example.org";

/** A start, and what it printed. */
function start(first?: Started["first"]): { fact: Started; lines: string[] } {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  return { fact: first ? { url, first, print } : { url, print }, lines };
}

/** Answers a request; the clock runs on as soon as a Ping is held. */
async function visited(app: EasApp, request: Request): Promise<Response> {
  const answer = app.fetch(request);
  if (request.url.includes("Cmd=Ping")) {
    await settle();
    await app.clock.tick(2000);
  }
  return await answer;
}

test("the first start prints what a phone sees here", async () => {
  const app = await easApp();
  const { fact, lines } = start({ account: app.anna, password: "password" });
  await showFirstVisit(
    app.host("eas"),
    fact,
    (options) =>
      runProbe({ ...options, fetch: (request) => visited(app, request), clock: app.clock }),
  );
  assert.match(
    lines.join("\n"),
    /A phone of anna@example\.org visits https:\/\/mail\.example\.org/,
  );
  assert.match(lines.join("\n"), /Connect/);
  assert.doesNotMatch(lines.join("\n"), /password/);
  await app.stop();
});

test("later starts print nothing", async () => {
  const app = await easApp();
  const { fact, lines } = start();
  await showFirstVisit(app.host("eas"), fact, () => assert.fail("nothing is to be probed"));
  assert.deepEqual(lines, []);
  await app.stop();
});

test("a probe that fails by itself is told in one line, and in the log", async () => {
  const app = await easApp();
  const { fact, lines } = start({ account: app.anna, password: "password" });
  await showFirstVisit(app.host("eas"), fact, () => Promise.reject(new Error("no network")));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /see the log/);
  assert.ok(app.logged.some((line) => line.includes("no network")));
  await app.stop();
});
