// Settings: each part alone, all at once, and by version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf, easApp, shown } from "../../../tests/kit_eas.ts";
import { definePlugin } from "../../../core/mod.ts";
import { devicePassword, el, type Element } from "../api.ts";

const get = (tag: "Oof" | "UserInformation" | "RightsManagementInformation") =>
  el(`Settings:${tag}`, el("Settings:Get", tag === "Oof" && el("Settings:BodyType", "Text")));
const settings = (...parts: Element[]) => el("Settings:Settings", ...parts);
const oofSet = (state: string) =>
  el("Settings:Oof", el("Settings:Set", el("Settings:OofState", state)));

test("UserInformation lists the addresses: alone up to 14.0, below an account from 14.1 on", async () => {
  const app = await easApp();
  const bert = await app.addAccount({
    address: "bert@example.org",
    name: "Bert",
    aliases: ["b@example.org"],
  });
  for (const version of ["12.1", "14.0"]) {
    const body = settings(get("UserInformation"));
    const answer = await app.ask("Settings", { version, body, user: bert.address });
    assert.equal(
      shown(await documentOf(answer)),
      `Settings:Settings
  Settings:Status 1
  Settings:UserInformation
    Settings:Status 1
    Settings:Get
      Settings:EmailAddresses
        Settings:SMTPAddress bert@example.org
        Settings:SMTPAddress b@example.org
`,
    );
  }
  for (const version of ["14.1", "16.0", "16.1"]) {
    const body = settings(get("UserInformation"));
    const answer = await app.ask("Settings", { version, body, user: bert.address });
    assert.equal(
      shown(await documentOf(answer)),
      `Settings:Settings
  Settings:Status 1
  Settings:UserInformation
    Settings:Status 1
    Settings:Get
      Settings:Accounts
        Settings:Account
          Settings:UserDisplayName Bert
          Settings:SendDisabled 0
          Settings:EmailAddresses
            Settings:SMTPAddress bert@example.org
            Settings:SMTPAddress b@example.org
            Settings:PrimarySmtpAddress bert@example.org
`,
    );
  }
  await app.stop();
});

test("a recovery password is kept where somebody keeps it, and refused where nobody does", async () => {
  const kept: [string, string][] = [];
  const keeper = definePlugin({
    id: "keeper",
    summary: "Keeps passwords",
    needs: ["eas"],
    contributes: () => [
      devicePassword.of({ keep: async () => false }),
      devicePassword.of({
        keep: async ({ id }, password) => password !== "weak" && kept.push([id, password]) > 0,
      }),
    ],
  });
  const app = await easApp({ plugins: [keeper] });
  const statusOf = async (password: string) => {
    const set = el("Settings:Set", el("Settings:Password", password));
    const body = settings(el("Settings:DevicePassword", set));
    const answer = await documentOf(await app.ask("Settings", { body }));
    return answer.child("Settings:DevicePassword")?.textOf("Settings:Status");
  };
  assert.equal(await statusOf("1234"), "1");
  assert.equal(await statusOf(""), "1", "an empty one takes the one before away");
  assert.equal(await statusOf("weak"), "7");
  assert.equal(await statusOf("x".repeat(256)), "5");
  assert.deepEqual(kept, [["PHONE1", "1234"], ["PHONE1", ""]]);
  await app.stop();
});

test("DeviceInformation is kept; a later one overwrites what it names", async () => {
  const app = await easApp();
  const tell = async (...told: Element[]) => {
    const part = el("Settings:DeviceInformation", el("Settings:Set", ...told));
    const answer = await documentOf(await app.ask("Settings", { body: settings(part) }));
    assert.equal(answer.child("Settings:DeviceInformation")?.textOf("Settings:Status"), "1");
  };
  await tell(el("Settings:Model", "SM-S911B"), el("Settings:OS", "Android 14"));
  await tell(el("Settings:OS", "Android 15"));
  const [device] = await app.db.all("SELECT model, os FROM eas_device");
  assert.deepEqual({ ...device }, { model: "SM-S911B", os: "Android 15" });
  await app.stop();
});

test("many parts are answered in the order of the schema, each with its own status", async () => {
  const app = await easApp();
  const body = settings(
    get("RightsManagementInformation"),
    get("UserInformation"),
    el("Settings:DevicePassword", el("Settings:Set", el("Settings:Password", "1234"))),
    el("Settings:DeviceInformation"),
    oofSet("1"),
  );
  const answer = await documentOf(await app.ask("Settings", { body }));
  assert.deepEqual(
    answer.children.slice(1).map((part) => [part.tag, part.textOf("Settings:Status")]),
    [
      ["Settings:Oof", "1"],
      ["Settings:DeviceInformation", "2"],
      ["Settings:DevicePassword", "7"],
      ["Settings:UserInformation", "1"],
      ["Settings:RightsManagementInformation", "168"],
    ],
  );
  assert.doesNotMatch(app.logged.join(""), /1234"/);
  await app.stop();
});

test("Settings that ask for nothing are Status 2, and without a document 101", async () => {
  const app = await easApp();
  const nothing = await documentOf(await app.ask("Settings", { body: settings() }));
  assert.equal(shown(nothing), "Settings:Settings\n  Settings:Status 2\n");
  const empty = await documentOf(await app.ask("Settings"));
  assert.equal(shown(empty), "Settings:Settings\n  Settings:Status 101\n");
  await app.stop();
});
