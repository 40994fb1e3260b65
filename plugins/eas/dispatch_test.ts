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

/** A MeetingResponse that does what it is told. */
const guestCommand = (
  run: (call: EasCall) => Promise<number>,
  since?: "16.1",
): Command<void, number> => ({
  name: "MeetingResponse",
  root: "MeetingResponse:MeetingResponse",
  ...(since && { since }),
  read: () => undefined,
  run: (_, call) => run(call),
  write: (status) => el("MeetingResponse:MeetingResponse", el("MeetingResponse:Status", status)),
});

test("a command of another plugin is offered and answered like the others", async () => {
  const app = await easApp({ plugins: [guest(guestCommand(() => Promise.resolve(1)))] });
  const options = await app.fetch(
    new Request("https://x.test/Microsoft-Server-ActiveSync", {
      method: "OPTIONS",
      headers: { Authorization: basic() },
    }),
  );
  assert.match(options.headers.get("MS-ASProtocolCommands") ?? "", /\bSearch\b/);
  const answer = await documentOf(
    await app.ask("MeetingResponse", { body: el("MeetingResponse:MeetingResponse") }),
  );
  assert.equal(shown(answer), "MeetingResponse:MeetingResponse\n  MeetingResponse:Status 1\n");
  await app.stop();
});

test("a command is not there for versions before its first", async () => {
  const app = await easApp({ plugins: [guest(guestCommand(() => Promise.resolve(1), "16.1"))] });
  const body = el("MeetingResponse:MeetingResponse");
  const old = await documentOf(await app.ask("MeetingResponse", { version: "16.0", body }));
  assert.equal(old.textOf("MeetingResponse:Status"), "137");
  assert.equal((await app.ask("MeetingResponse", { version: "12.1", body })).status, 501);
  const now = await documentOf(await app.ask("MeetingResponse", { version: "16.1", body }));
  assert.equal(now.textOf("MeetingResponse:Status"), "1");
  await app.stop();
});

test("the order is read, run, write; what fails in one of them ends it with its status", async () => {
  const steps: string[] = [];
  const failing = (at: string): Command<string, string> => ({
    name: "MeetingResponse",
    root: "MeetingResponse:MeetingResponse",
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
    const response = await app.ask("MeetingResponse", {
      body: el("MeetingResponse:MeetingResponse"),
    });
    if (at === "nowhere") assert.equal(await response.text(), "");
    else assert.equal((await documentOf(response)).textOf("MeetingResponse:Status"), "150");
    await app.stop();
  }
  assert.deepEqual(steps, "read read run read run write read run write".split(" "));
});

test("an answer that fails while its first part is made is still a status", async () => {
  const broken: Command<void, void> = {
    name: "MeetingResponse",
    root: "MeetingResponse:MeetingResponse",
    read: () => undefined,
    run: () => Promise.resolve(),
    write: () => el("MeetingResponse:MeetingResponse", new Flow(children())),
  };
  async function* children() {
    yield el("MeetingResponse:Status", 1);
    throw new Unavailable("the store is away", 12);
  }
  const app = await easApp({ plugins: [guest(broken)] });
  const response = await app.ask("MeetingResponse", {
    body: el("MeetingResponse:MeetingResponse"),
  });
  assert.equal(response.headers.get("Retry-After"), "12");
  assert.equal(
    shown(await documentOf(response)),
    "MeetingResponse:MeetingResponse\n  MeetingResponse:Status 111\n",
  );
  await app.stop();
});

/** A MeetingResponse that waits until its signal aborts, and then answers 10. */
function held() {
  const waiting = { count: 0 };
  const run = (call: EasCall) =>
    new Promise<number>((resolve) => {
      waiting.count++;
      const end = () => resolve(10);
      if (call.signal.aborted) end();
      else call.signal.addEventListener("abort", end, { once: true });
    });
  return { waiting, plugin: guest(guestCommand(run)) };
}

test("held requests are answered when the server stops, and later ones do not wait", async () => {
  const { waiting, plugin } = held();
  const app = await easApp({ plugins: [plugin] });
  const body = el("MeetingResponse:MeetingResponse");
  const both = [
    app.ask("MeetingResponse", { body }),
    app.ask("MeetingResponse", { body, deviceId: "TABLET" }),
  ];
  while (waiting.count < 2) await settle();
  await app.host().emit(stopping, { reason: "test" });
  for (const response of await Promise.all(both)) {
    assert.equal((await documentOf(response)).textOf("MeetingResponse:Status"), "10");
  }
  const late = await documentOf(await app.ask("MeetingResponse", { body }));
  assert.equal(late.textOf("MeetingResponse:Status"), "10");
  await app.stop();
});

test("a client that goes away ends its own request only", async () => {
  const { waiting, plugin } = held();
  const app = await easApp({ plugins: [plugin] });
  const body = el("MeetingResponse:MeetingResponse");
  const leaving = new AbortController();
  const left = app.ask("MeetingResponse", { body, signal: leaving.signal });
  let answered = false;
  const stays = app.ask("MeetingResponse", { body }).then((response) => {
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
  const hanging = app.ask("MeetingResponse", { body: el("MeetingResponse:MeetingResponse") });
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
