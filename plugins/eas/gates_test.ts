// Gates: their order, whom they spare, and that a broken one keeps the door shut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, Unavailable } from "../../core/mod.ts";
import { documentOf, easApp, shown } from "../../tests/kit_eas.ts";
import { el, type Gate, gate, refused } from "./api.ts";

const information = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));

/** A plugin that contributes gates. */
const guard = (...gates: Gate[]) =>
  definePlugin({
    id: "guard",
    summary: "Gates of a test",
    needs: ["eas"],
    contributes: () => gates.map((one) => gate.of(one)),
  });

test("gates are asked by stage, whatever the order of plugins, until one refuses", async () => {
  const asked: string[] = [];
  const note = (stage: Gate["stage"], name: string, code?: number): Gate => ({
    stage,
    check: () => {
      asked.push(name);
      return Promise.resolve(code === undefined ? undefined : refused(code));
    },
  });
  const app = await easApp({
    plugins: [guard(
      note("policy", "policy", 142),
      note("access", "access 1"),
      note("wipe", "wipe"),
      note("access", "access 2", 129),
    )],
  });
  const answer = await documentOf(await app.ask("Settings", { body: information }));
  assert.deepEqual(asked, ["wipe", "access 1", "access 2"]);
  assert.equal(shown(answer), "Settings:Settings\n  Settings:Status 129\n");
  await app.stop();
});

test("a refusal is told by each version's channel: 140 to 144 are 449 up to 12.1", async () => {
  const codes: [number, number][] = [[140, 449], [142, 449], [143, 449], [144, 449], [129, 403], [
    126,
    403,
  ]];
  for (const [code, http] of codes) {
    const app = await easApp({
      plugins: [guard({ stage: "policy", check: () => Promise.resolve(refused(code)) })],
    });
    const old = await app.ask("Settings", { version: "12.1", body: information });
    assert.equal(old.status, http);
    assert.equal(await old.text(), "");
    for (const version of ["14.0", "14.1", "16.0", "16.1"]) {
      const response = await app.ask("Settings", { version, body: information });
      assert.equal(response.status, 200);
      assert.equal((await documentOf(response)).textOf("Settings:Status"), String(code));
    }
    await app.stop();
  }
});

test("a gate does not see the commands that it spares", async () => {
  const seen: string[] = [];
  const app = await easApp({
    plugins: [guard({
      stage: "policy",
      spares: ["Provision"],
      check: ({ query }) => {
        seen.push(query.command);
        return Promise.resolve(refused(142));
      },
    })],
  });
  const provision = await app.ask("Provision", { body: el("Provision:Provision") });
  assert.equal((await documentOf(provision)).textOf("Provision:Status"), "1");
  const settings = await app.ask("Settings", { body: information });
  assert.equal((await documentOf(settings)).textOf("Settings:Status"), "142");
  assert.deepEqual(seen, ["Settings"]);
  await app.stop();
});

test("a gate that fails refuses: the command does not run", async () => {
  const broken = [new Error("secret detail of the policy table"), new Unavailable("away", 42)];
  for (const error of broken) {
    const app = await easApp({
      plugins: [guard({ stage: "access", check: () => Promise.reject(error) })],
    });
    const told = el(
      "Settings:Settings",
      el("Settings:DeviceInformation", el("Settings:Set", el("Settings:Model", "X"))),
    );
    const response = await app.ask("Settings", { body: told });
    assert.equal((await documentOf(response)).textOf("Settings:Status"), "111");
    const old = await app.ask("Settings", { version: "12.1", body: told });
    assert.equal(old.status, 503);
    assert.equal(
      old.headers.get("Retry-After"),
      error instanceof Unavailable ? "42" : "60",
    );
    const [device] = await app.db.all("SELECT model FROM eas_device");
    assert.equal(device?.model, "");
    await app.stop();
  }
});

test("what a failure was is in the log under an id that the device gets, and only there", async () => {
  const app = await easApp({
    plugins: [guard({ stage: "wipe", check: () => Promise.reject(new Error("detail of ours")) })],
  });
  const response = await app.ask("Settings", { version: "12.1", body: information });
  const id = response.headers.get("request-id") ?? "";
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(await response.text(), "");
  const line = app.logged.find((one) => one.includes(id)) ?? "";
  assert.match(line, /detail of ours/);
  assert.doesNotMatch(app.logged.join("\n"), /"password"|Basic /);
  await app.stop();
});
