// Settings: each part alone, all at once, and by version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf, easApp, shown } from "../../../tests/kit_eas.ts";
import { el, type Element } from "../api.ts";

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

test("Oof says that nobody is away, for each audience, and denies to set anything else", async () => {
  const app = await easApp();
  const answer = await documentOf(await app.ask("Settings", { body: settings(get("Oof")) }));
  const message = (audience: string) =>
    `      Settings:OofMessage
        Settings:AppliesTo${audience}
        Settings:Enabled 0
`;
  assert.equal(
    shown(answer),
    `Settings:Settings
  Settings:Status 1
  Settings:Oof
    Settings:Status 1
    Settings:Get
      Settings:OofState 0
${message("Internal")}${message("ExternalKnown")}${message("ExternalUnknown")}`,
  );
  const statusOf = async (part: Element) => {
    const set = await documentOf(await app.ask("Settings", { body: settings(part) }));
    assert.equal(set.textOf("Settings:Status"), "1");
    return set.child("Settings:Oof")?.textOf("Settings:Status");
  };
  assert.equal(await statusOf(oofSet("1")), "3");
  assert.equal(await statusOf(oofSet("2")), "3");
  assert.equal(await statusOf(oofSet("0")), "1");
  assert.equal(await statusOf(el("Settings:Oof")), "2");
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
      ["Settings:Oof", "3"],
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
