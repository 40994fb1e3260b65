// Provision: without a policy, with a policy of a plugin, and with orders to wipe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, type Plugin } from "../../../core/mod.ts";
import { documentOf, easApp, shown } from "../../../tests/kit_eas.ts";
import { el, type Element, type Provision, provision } from "../api.ts";

const type = "MS-EAS-Provisioning-WBXML";
const asking = (...more: Element[]) =>
  el(
    "Provision:Provision",
    ...more,
    el("Provision:Policies", el("Provision:Policy", el("Provision:PolicyType", type))),
  );
const information = el(
  "Settings:DeviceInformation",
  el(
    "Settings:Set",
    el("Settings:Model", "iPhone15,2"),
    el("Settings:IMEI", "490154203237518"),
    el("Settings:FriendlyName", "Anna's phone"),
    el("Settings:OS", "iOS 18.1"),
    el("Settings:OSLanguage", "de"),
    el("Settings:PhoneNumber", "+4912345"),
    el("Settings:UserAgent", "told"),
    el("Settings:EnableOutboundSMS", "0"),
    el("Settings:MobileOperator", "Telco"),
  ),
);

const answering = (id: string, answer: Provision["answer"]): Plugin =>
  definePlugin({
    id,
    summary: "A part of Provision",
    needs: ["eas"],
    contributes: () => [provision.of({ answer })],
  });

const noPolicy = `Provision:Provision
  Provision:Status 1
  Provision:Policies
    Provision:Policy
      Provision:PolicyType ${type}
      Provision:Status 2
`;

test("without a policy both phases end with Status 2 and no key, in every version", async () => {
  const app = await easApp();
  const acknowledging = el(
    "Provision:Provision",
    el(
      "Provision:Policies",
      // The order of the specification's own sample: the type comes last.
      el(
        "Provision:Policy",
        el("Provision:PolicyKey", "1234"),
        el("Provision:Status", "1"),
        el("Provision:PolicyType", type),
      ),
    ),
  );
  for (const version of ["12.1", "14.0", "14.1", "16.0", "16.1"]) {
    for (const body of [asking(), acknowledging]) {
      const answer = await documentOf(await app.ask("Provision", { version, body }));
      assert.equal(shown(answer), noPolicy, version);
    }
  }
  await app.stop();
});

test("the device's description is kept, and answered before everything else", async () => {
  const app = await easApp();
  const answer = await documentOf(await app.ask("Provision", { body: asking(information) }));
  assert.equal(
    shown(answer),
    noPolicy.replace("\n", "\n  Settings:DeviceInformation\n    Settings:Status 1\n"),
  );
  const [device] = await app.db.all(
    "SELECT model, imei, friendly_name, os, language, phone_number, user_agent, operator " +
      "FROM eas_device",
  );
  assert.deepEqual({ ...device }, {
    model: "iPhone15,2",
    imei: "490154203237518",
    friendly_name: "Anna's phone",
    os: "iOS 18.1",
    language: "de",
    phone_number: "+4912345",
    user_agent: "told",
    operator: "Telco",
  });
  await app.stop();
});

test("a description without Set is Status 2 of its own and does not stop the policy", async () => {
  const app = await easApp();
  const body = asking(el("Settings:DeviceInformation"));
  const answer = await documentOf(await app.ask("Provision", { body }));
  assert.equal(answer.child("Settings:DeviceInformation")?.textOf("Settings:Status"), "2");
  assert.equal(answer.textOf("Provision:Status"), "1");
  await app.stop();
});

test("an empty Provision is answered with Status 1; one without a policy type with 2", async () => {
  const app = await easApp();
  const empty = await documentOf(await app.ask("Provision", { body: el("Provision:Provision") }));
  assert.equal(shown(empty), "Provision:Provision\n  Provision:Status 1\n");
  const malformed = [
    el("Provision:Policies"),
    el("Provision:Policies", el("Provision:Policy")),
    el("Provision:Policies", el("Provision:Policy", el("Provision:PolicyKey", "0"))),
  ];
  for (const policies of malformed) {
    const body = el("Provision:Provision", policies);
    const answer = await documentOf(await app.ask("Provision", { body }));
    assert.equal(shown(answer), "Provision:Provision\n  Provision:Status 2\n");
  }
  await app.stop();
});

test("a kind of policy that a version does not have is Policy Status 3", async () => {
  const app = await easApp();
  const ask = async (version: string, kind: string) => {
    const policy = el("Provision:Policy", el("Provision:PolicyType", kind));
    const body = el("Provision:Provision", el("Provision:Policies", policy));
    return shown(await documentOf(await app.ask("Provision", { body, version })));
  };
  const told = (kind: string, status: number) =>
    new RegExp(`PolicyType ${kind}\\n +Provision:Status ${status}\\n`);
  const wap = "MS-WAP-Provisioning-XML";
  assert.match(await ask("2.5", wap), told(wap, 2));
  assert.match(await ask("2.5", type), told(type, 3));
  for (const version of ["12.0", "16.1"]) {
    assert.match(await ask(version, wap), told(wap, 3));
    assert.match(await ask(version, type), told(type, 2));
  }
  await app.stop();
});

test("a plugin's policy takes the place of none, another's order follows it", async () => {
  const policies = el(
    "Provision:Policies",
    el(
      "Provision:Policy",
      el("Provision:PolicyType", type),
      el("Provision:Status", 1),
      el("Provision:PolicyKey", "77"),
    ),
  );
  const app = await easApp({
    plugins: [
      answering("wipe", () => Promise.resolve({ order: el("Provision:RemoteWipe") })),
      answering("silent", () => Promise.resolve(undefined)),
      answering("policy", () => Promise.resolve({ policies })),
    ],
  });
  const answer = await documentOf(await app.ask("Provision", { body: asking(information) }));
  assert.equal(
    shown(answer),
    `Provision:Provision
  Settings:DeviceInformation
    Settings:Status 1
  Provision:Status 1
  Provision:Policies
    Provision:Policy
      Provision:PolicyType ${type}
      Provision:Status 1
      Provision:PolicyKey 77
  Provision:RemoteWipe
`,
  );
  await app.stop();
});

test("an acknowledged wipe reaches the plugin that ordered it, wherever the device puts it", async () => {
  const heard: (string | undefined)[] = [];
  const app = await easApp({
    plugins: [answering("wipe", ({ document }) => {
      heard.push(document?.child("Provision:RemoteWipe")?.textOf("Provision:Status"));
      return Promise.resolve(undefined);
    })],
  });
  const acknowledged = el("Provision:RemoteWipe", el("Provision:Status", 1));
  const bodies = [
    el("Provision:Provision", acknowledged),
    el("Provision:Provision", el("Provision:Status", 1), acknowledged),
    asking(acknowledged),
  ];
  for (const body of bodies) await app.ask("Provision", { body });
  assert.deepEqual(heard, ["1", "1", "1"]);
  await app.stop();
});

test("a plugin may set the Status of the whole answer", async () => {
  const app = await easApp({
    plugins: [answering("policy", () => Promise.resolve({ status: 139 }))],
  });
  const answer = await documentOf(await app.ask("Provision", { body: asking() }));
  assert.equal(answer.textOf("Provision:Status"), "139");
  await app.stop();
});

test("Provision without a document is refused", async () => {
  const app = await easApp();
  const answer = await documentOf(await app.ask("Provision"));
  assert.equal(shown(answer), "Provision:Provision\n  Provision:Status 101\n");
  assert.equal((await app.ask("Provision", { version: "12.1" })).status, 400);
  await app.stop();
});
