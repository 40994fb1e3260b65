// ValidateCert: never says that a certificate is good, and says what is plainly wrong with one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "selfsigned";
import { documentOf, type EasApp, easApp, shown } from "../../../tests/kit_eas.ts";
import { el } from "../api.ts";

const day = 86_400_000;

async function certificate(from: number, to: number): Promise<string> {
  const { cert } = await generate([{ name: "commonName", value: "Anna" }], {
    notBeforeDate: new Date(from),
    notAfterDate: new Date(to),
  });
  return cert.replace(/-----[^-]+-----|\s/g, "");
}

async function ask(app: EasApp, certificates: readonly string[]): Promise<string[]> {
  const body = el(
    "ValidateCert:ValidateCert",
    el(
      "ValidateCert:Certificates",
      ...certificates.map((one) => el("ValidateCert:Certificate", one)),
    ),
  );
  const answer = await documentOf(await app.ask("ValidateCert", { body }));
  return [
    answer.textOf("ValidateCert:Status")!,
    ...answer.all("ValidateCert:Certificate").map((one) => one.textOf("ValidateCert:Status")!),
  ];
}

test("each certificate gets its status: out of time, none at all, or not to be told", async () => {
  const app = await easApp();
  const now = app.clock.now();
  const asked = [
    await certificate(now - day, now + day),
    await certificate(now - 2 * day, now - day),
    await certificate(now + day, now + 2 * day),
    "bm90IGEgY2VydGlmaWNhdGU=",
    "",
  ];
  assert.deepEqual(await ask(app, asked), ["1", "17", "7", "7", "10", "10"]);
  await app.stop();
});

test("no certificates, or more than a hundred, break the protocol; no document is 101", async () => {
  const app = await easApp();
  assert.deepEqual(await ask(app, []), ["2"]);
  assert.deepEqual(await ask(app, Array(101).fill("AAAA")), ["2"]);
  assert.match(shown(await documentOf(await app.ask("ValidateCert"))), /Status 101\n$/);
  await app.stop();
});
