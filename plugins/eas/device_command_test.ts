// `device list`, for people and for scripts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { type CliContext, CliError } from "../../core/mod.ts";
import { type EasApp, easApp } from "../../tests/kit_eas.ts";
import { el } from "./api.ts";
import { deviceCommand } from "./device_command.ts";

/** Runs `device …` on the database of an app. */
async function run(
  app: EasApp,
  ...words: string[]
): Promise<{ lines: string[]; values: unknown[] }> {
  const lines: string[] = [];
  const values: unknown[] = [];
  const context: CliContext = {
    open: () =>
      Promise.resolve({
        host: app.host("eas"),
        storage: app.db as never,
        close: () => Promise.resolve(),
      }),
    print: (line) => void lines.push(line),
    json: (value) => void values.push(value),
    stdin: () => Promise.reject(new Error("Cannot read: nothing is asked")),
  };
  const program = new Command().exitOverride();
  deviceCommand(program, context);
  await program.parseAsync(["device", ...words], { from: "user" });
  return { lines, values };
}

const visit = (
  app: EasApp,
  deviceId: string,
  user = "anna@example.org",
  model = "Pixel\u009b2J",
) =>
  app.ask("Settings", {
    deviceId,
    user,
    body: el(
      "Settings:Settings",
      el("Settings:DeviceInformation", el("Settings:Set", el("Settings:Model", model))),
    ),
  });

test("device list shows the devices, last seen first, without what would move a cursor", async () => {
  const app = await easApp();
  await visit(app, "OLD");
  await app.clock.tick(3_600_000);
  await visit(app, "NEW");
  const { lines } = await run(app, "list");
  assert.equal(lines.length, 3);
  assert.match(lines[0]!, /^ACCOUNT +DEVICE +TYPE/);
  assert.match(
    lines[1]!,
    /^anna@example\.org +NEW +iPhone +Pixel 2J .* 2026-03-01 13:00 +never$/,
  );
  assert.match(lines[2]!, /OLD/);
  await app.stop();
});

test("device list --json names the account and keeps to ISO times", async () => {
  const app = await easApp();
  await visit(app, "A1");
  const { values } = await run(app, "list", "--json");
  const [[device]] = values as [[Record<string, unknown>]];
  assert.equal(device.account, "anna@example.org");
  assert.equal(device.id, "A1");
  assert.deepEqual(device.versions, ["16.1"]);
  assert.equal(device.firstSeen, "2026-03-01T12:00:00.000Z");
  assert.equal(device.lastSync, null);
  await app.stop();
});

test("device list ADDRESS keeps to one account, and says where there is none of that name", async () => {
  const app = await easApp();
  await app.addAccount({ address: "bert@example.org" });
  await visit(app, "A1");
  await visit(app, "B1", "bert@example.org");
  const { lines } = await run(app, "list", "bert@example.org");
  assert.equal(lines.length, 2);
  assert.match(lines[1]!, /B1/);
  await assert.rejects(run(app, "list", "nobody@example.org"), CliError);
  await app.stop();
});

test("device list says that nobody has been here", async () => {
  const app = await easApp();
  assert.deepEqual((await run(app, "list")).lines, ["No device has been here yet"]);
  assert.deepEqual((await run(app, "list", "--json")).values, [[]]);
  await app.stop();
});
