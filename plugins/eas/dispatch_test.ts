// The line of a request: commands of other plugins, held requests, what is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, stopping, Unavailable } from "../../core/mod.ts";
import { settle } from "../../tests/kit.ts";
import { basic, documentOf, easApp, shown } from "../../tests/kit_eas.ts";
import { type AnyCommand, type Command, command, type EasCall, el, Flow, Status } from "./api.ts";

const guest = (...commands: AnyCommand[]) =>
  definePlugin({
    id: "guest",
    summary: "Commands of a test",
    needs: ["eas"],
    contributes: () => commands.map((one) => command.of(one, one.name)),
  });

/** A Search that does what it is told. */
const search = (
  run: (call: EasCall) => Promise<number>,
  since?: "16.1",
): Command<void, number> => ({
  name: "Search",
  root: "Search:Search",
  ...(since && { since }),
  read: () => undefined,
  run: (_, call) => run(call),
  write: (status) => el("Search:Search", el("Search:Status", status)),
});

test("a command of another plugin is offered and answered like the others", async () => {
  const app = await easApp({ plugins: [guest(search(() => Promise.resolve(1)))] });
  const options = await app.fetch(
    new Request("https://x.test/Microsoft-Server-ActiveSync", {
      method: "OPTIONS",
      headers: { Authorization: basic() },
    }),
  );
  assert.match(options.headers.get("MS-ASProtocolCommands") ?? "", /\bSearch\b/);
  const answer = await documentOf(await app.ask("Search", { body: el("Search:Search") }));
  assert.equal(shown(answer), "Search:Search\n  Search:Status 1\n");
  await app.stop();
});

test("a command is not there for versions before its first", async () => {
  const app = await easApp({ plugins: [guest(search(() => Promise.resolve(1), "16.1"))] });
  const body = el("Search:Search");
  const old = await documentOf(await app.ask("Search", { version: "16.0", body }));
  assert.equal(old.textOf("Search:Status"), "137");
  assert.equal((await app.ask("Search", { version: "12.1", body })).status, 501);
  const now = await documentOf(await app.ask("Search", { version: "16.1", body }));
  assert.equal(now.textOf("Search:Status"), "1");
  await app.stop();
});

test("the order is read, run, write; what fails in one of them ends it with its status", async () => {
  const steps: string[] = [];
  const failing = (at: string): Command<string, string> => ({
    name: "Search",
    root: "Search:Search",
    read: () => step("read", at),
    run: (request) => Promise.resolve(step("run", request)),
    write(outcome) {
      step("write", outcome);
      return undefined;
    },
  });
  const step = (name: string, at: string) => {
    steps.push(name);
    if (name === at) throw new Status(150, "not found");
    return at;
  };
  for (const at of ["read", "run", "write", "nowhere"]) {
    const app = await easApp({ plugins: [guest(failing(at))] });
    const response = await app.ask("Search", { body: el("Search:Search") });
    if (at === "nowhere") assert.equal(await response.text(), "");
    else assert.equal((await documentOf(response)).textOf("Search:Status"), "150");
    await app.stop();
  }
  assert.deepEqual(steps, "read read run read run write read run write".split(" "));
});

test("an answer that fails while its first part is made is still a status", async () => {
  const broken: Command<void, void> = {
    name: "Search",
    root: "Search:Search",
    read: () => undefined,
    run: () => Promise.resolve(),
    write: () => el("Search:Search", new Flow(children())),
  };
  async function* children() {
    yield el("Search:Status", 1);
    throw new Unavailable("the store is away", 12);
  }
  const app = await easApp({ plugins: [guest(broken)] });
  const response = await app.ask("Search", { body: el("Search:Search") });
  assert.equal(response.headers.get("Retry-After"), "12");
  assert.equal(shown(await documentOf(response)), "Search:Search\n  Search:Status 111\n");
  await app.stop();
});

/** A Search that waits until its signal aborts, and then answers 10. */
function held() {
  const waiting = { count: 0 };
  const run = (call: EasCall) =>
    new Promise<number>((resolve) => {
      waiting.count++;
      const end = () => resolve(10);
      if (call.signal.aborted) end();
      else call.signal.addEventListener("abort", end, { once: true });
    });
  return { waiting, plugin: guest(search(run)) };
}

test("held requests are answered when the server stops, and later ones do not wait", async () => {
  const { waiting, plugin } = held();
  const app = await easApp({ plugins: [plugin] });
  const body = el("Search:Search");
  const both = [app.ask("Search", { body }), app.ask("Search", { body, deviceId: "TABLET" })];
  while (waiting.count < 2) await settle();
  await app.host().emit(stopping, { reason: "test" });
  for (const response of await Promise.all(both)) {
    assert.equal((await documentOf(response)).textOf("Search:Status"), "10");
  }
  const late = await documentOf(await app.ask("Search", { body }));
  assert.equal(late.textOf("Search:Status"), "10");
  await app.stop();
});

test("a client that goes away ends its own request only", async () => {
  const { waiting, plugin } = held();
  const app = await easApp({ plugins: [plugin] });
  const body = el("Search:Search");
  const leaving = new AbortController();
  const left = app.ask("Search", { body, signal: leaving.signal });
  let answered = false;
  const stays = app.ask("Search", { body }).then((response) => {
    answered = true;
    return response;
  });
  while (waiting.count < 2) await settle();
  leaving.abort();
  await left;
  await settle();
  assert.equal(answered, false);
  await app.host().emit(stopping, { reason: "test" });
  await stays;
  await app.stop();
});

test("requests are counted by command, version and outcome; nobody can invent a label", async () => {
  const { waiting, plugin } = held();
  const app = await easApp({ plugins: [plugin] });
  const settings = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
  await app.ask("Settings", { version: "14.1", body: settings });
  await app.ask("Settings", { version: "14.1" });
  await app.ask("Settings", { version: "12.1" });
  await app.ask("Invented", { version: "16.0" });
  await app.ask("Invented", { version: "66.6" });
  const hanging = app.ask("Search", { body: el("Search:Search") });
  while (waiting.count < 1) await settle();
  const text = await (await app.fetch("/metrics")).text();
  const line = (command: string, version: string, status: string) =>
    `navette_eas_requests_total{command="${command}",version="${version}",status="${status}"} 1`;
  for (
    const expected of [
      line("Settings", "14.1", "200"),
      line("Settings", "14.1", "status 101"),
      line("Settings", "12.1", "400"),
      line("unknown", "16.0", "501"),
      line("unknown", "unknown", "400"),
      "navette_eas_running_requests 1",
      'navette_eas_request_seconds_count{command="Settings"} 3',
    ]
  ) {
    assert.ok(text.includes(expected), expected);
  }
  assert.doesNotMatch(text, /Invented|66\.6/);
  await app.host().emit(stopping, { reason: "test" });
  await hanging;
  await app.stop();
});
